/** Decompression: members, damage, limits, chunking, cancellation. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DECOMPRESSORS } from "../../../lib/cli/files/decompressors.ts";
import { concat } from "../../../lib/concat.ts";
import { DecompressionFailed, DecompressionLimitExceeded, Invalid } from "../../../lib/errors.ts";
import { decompress, type DecompressOptions } from "../../../lib/formats/compression/decompress.ts";
import {
  type CompressionFormat,
  COMPRESSIONS,
  detectCompression,
} from "../../../lib/formats/compression/detect.ts";
import { fc, forAll } from "../../support/properties.ts";
import {
  chunked,
  COMPRESSED,
  RARE_XZ,
  SKIPPABLE,
  TEXT,
  XZ_BLOCKS,
  zstdBomb,
} from "./compressed.ts";

const OPTIONS: DecompressOptions = { decompressors: DECOMPRESSORS };

async function textOf(
  bytes: Uint8Array,
  format: CompressionFormat | "auto" = "auto",
  ...sizes: readonly number[]
): Promise<string> {
  const { stream } = chunked(bytes, ...sizes.length === 0 ? [1000] : sizes);
  return await new Response(decompress(stream, format, OPTIONS)).text();
}

async function failureOf(
  bytes: Uint8Array,
  format: CompressionFormat,
  size = 1000,
): Promise<string> {
  const { message } = await assertRejects(() => textOf(bytes, format, size), DecompressionFailed);
  return message;
}

Deno.test("detectCompression() recognizes each format by its first bytes, and nothing else", () => {
  for (const format of COMPRESSIONS) {
    assertEquals(detectCompression(COMPRESSED[format]), format);
    for (const length of [0, 1, 2]) {
      assertEquals(detectCompression(COMPRESSED[format].subarray(0, length)), null);
    }
  }
  assertEquals(detectCompression(SKIPPABLE), "zstd");
  for (const text of ["", "BZh is a text", "BZh0", "QFI\xfb", TEXT]) {
    assertEquals(detectCompression(new TextEncoder().encode(text)), null);
  }
});

Deno.test("decompress() returns the content of several members in chunks of any size", async () => {
  await forAll(
    fc.tuple(
      fc.constantFrom(...COMPRESSIONS),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }),
    ),
    async ([format, members, sizes]) => {
      const bytes = concat(Array.from({ length: members }, () => COMPRESSED[format]));
      assertEquals(await textOf(bytes, "auto", ...sizes), TEXT.repeat(members));
    },
  );
});

Deno.test("decompress() fails for data that ends at any earlier byte", async () => {
  for (const format of COMPRESSIONS) {
    const one = COMPRESSED[format];
    for (let length = 1; length < one.byteLength; length++) {
      const message = await failureOf(one.subarray(0, length), format, 16);
      assert(message.includes("it ends too early"), `${format} ${length}: ${message}`);
      await failureOf(concat([one, one.subarray(0, length)]), format, 16);
    }
  }
});

Deno.test("decompress() fails for empty data of a given format, and passes it with auto", async () => {
  for (const format of COMPRESSIONS) await failureOf(new Uint8Array(), format);
  assertEquals(await textOf(new Uint8Array()), "");
});

Deno.test("decompress() returns no other content if a byte is changed", async () => {
  for (const format of COMPRESSIONS) {
    for (let at = 0; at < COMPRESSED[format].byteLength; at++) {
      const damaged = COMPRESSED[format].slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      const result = await textOf(damaged, format).catch((error) => {
        assert(error instanceof DecompressionFailed, `${format} ${at}: ${error}`);
        return TEXT;
      });
      assertEquals(result, TEXT, `${format} ${at}`);
    }
  }
});

Deno.test("decompress() fails for anything that follows the data", async () => {
  for (const format of COMPRESSIONS) {
    for (const text of ["x", "trailing garbage"]) {
      const bytes = concat([COMPRESSED[format], new TextEncoder().encode(text)]);
      for (const size of [1, 1000]) await failureOf(bytes, format, size);
    }
  }
  const zeros = new Uint8Array(8);
  await failureOf(concat([COMPRESSED.gzip, zeros, new Uint8Array([1])]), "gzip");
  await failureOf(concat([COMPRESSED.xz, zeros.subarray(0, 3)]), "xz");
});

Deno.test("decompress() names the command that ignores what follows gzip data, as in images of OpenWrt", async () => {
  const metadata = new TextEncoder().encode('{ "metadata_version": "1.1" }');
  for (const rest of [metadata, concat([new Uint8Array(8), metadata])]) {
    const stream = new Blob([concat([COMPRESSED.gzip, rest])]).stream();
    const error = await assertRejects(
      () => new Response(decompress(stream, "auto", { name: "disk.img.gz" })).bytes(),
      DecompressionFailed,
    );
    assertEquals(
      error.message,
      'Cannot decompress "disk.img.gz": what follows is not compressed data; if it is meant to be there, run "gzip -dc FILE", and pass its output instead',
    );
  }
});

Deno.test("decompress() skips padding between and after members", async () => {
  const { gzip, xz, zstd } = COMPRESSED;
  const zeros = new Uint8Array(8);
  assertEquals(await textOf(concat([gzip, zeros])), TEXT);
  assertEquals(await textOf(concat([xz, zeros, xz, zeros])), TEXT.repeat(2));
  const frames = concat([SKIPPABLE, zstd, SKIPPABLE, SKIPPABLE, zstd, SKIPPABLE]);
  for (const size of [1, 5, 1000]) assertEquals(await textOf(frames, "auto", size), TEXT.repeat(2));
  await failureOf(concat([zstd, SKIPPABLE.subarray(0, 10)]), "zstd");
});

Deno.test("decompress() names the option of xz that its decoder does not support, and the command that does", async () => {
  for (const [option, bytes] of Object.entries(RARE_XZ)) {
    for (const size of [1, 1000]) {
      assertEquals(
        await failureOf(bytes, "xz", size),
        `Cannot decompress the xz data: it was compressed with ${option}, which is not supported here; run "xz -dc FILE", and pass its output to "glance-edge image-create --file -"`,
      );
    }
  }
});

Deno.test("decompress() reads all blocks of an xz stream", async () => {
  assertEquals(await textOf(XZ_BLOCKS, "auto", 5), "\0".repeat(300));
});

Deno.test("decompress() returns data of no known format unchanged with auto, and refuses it otherwise", async () => {
  const text = "QFI an image of another format";
  const bytes = new TextEncoder().encode(text);
  assertEquals(await textOf(bytes, "auto", 3), text);
  for (const format of COMPRESSIONS) await failureOf(bytes, format);
});

Deno.test("decompress() calls onFormat before the first byte", async () => {
  for (const [bytes, expected] of [[COMPRESSED.xz, "xz"], [new Uint8Array(20), null]] as const) {
    const seen: (string | null)[] = [];
    const onFormat = (format: string | null) => void seen.push(format);
    const content = decompress(chunked(bytes, 4).stream, "auto", { ...OPTIONS, onFormat });
    const reader = content.getReader();
    await reader.read();
    assertEquals(seen, [expected]);
    await reader.cancel();
  }
});

Deno.test("decompress() stops a bomb at the limits of its size and of its ratio", async () => {
  const bomb = zstdBomb(16_384); // 2 GiB from 64 KiB
  for (const [limits, most] of [[{ maxSize: 10_000_000 }, 10_000_000], [{}, 2 ** 30]] as const) {
    const { stream } = chunked(bomb, 4096);
    let size = 0;
    const error = await assertRejects(async () => {
      for await (const chunk of decompress(stream, "auto", limits)) size += chunk.byteLength;
    }, DecompressionLimitExceeded);
    assert(size <= most, `${size} bytes`);
    assert(error.message.includes("raise"), error.message);
  }
});

Deno.test("decompress() reads no further than its reader needs, and cancels the source", async () => {
  for (const format of COMPRESSIONS) {
    // bzip2 is read until a block of 900 kB is buffered.
    const many = concat(Array.from({ length: 60_000 }, () => COMPRESSED[format]));
    const { stream, read } = chunked(many, 4096);
    const reader = decompress(stream, format, OPTIONS).getReader();
    const { done } = await reader.read();
    assert(!done);
    assert(read.bytes < many.byteLength, `${format} read ${read.bytes} of ${many.byteLength}`);
    await reader.cancel("enough");
    assert(read.isCanceled, format);
  }
});

Deno.test("decompress() rejects with the error of its source", async () => {
  const broken = new Error("the connection broke");
  for (const format of COMPRESSIONS) {
    const reader = chunked(COMPRESSED[format].subarray(0, 20), 20).stream.getReader();
    const source = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value } = await reader.read();
        if (value === undefined) controller.error(broken);
        else controller.enqueue(value);
      },
    });
    const content = decompress(source, format, OPTIONS);
    const error = await assertRejects(() => new Response(content).text());
    assert(error === broken, `${format}: ${error}`);
  }
});

Deno.test("decompress() refuses an unknown format, and one that nothing decodes", () => {
  const { stream } = chunked(COMPRESSED.xz, 10);
  assertThrows(() => decompress(stream, "xz"), Invalid, "decompressors");
  assertThrows(() => decompress(stream, "lzma" as "xz"), Invalid, "auto, gzip, zstd, xz, bzip2");
});

Deno.test("decompress() refuses zstd data whose window is larger than 128 MiB, and gives a hint", async () => {
  // The header of a frame, and an empty last block: the window is in the descriptor, or is the whole content.
  const frameOf = (...header: readonly number[]) =>
    new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, ...header, 1, 0, 0]);
  const small = frameOf(0, 17 << 3);
  assertEquals(await textOf(small), "");
  for (const large of [frameOf(0, 17 << 3 | 1), frameOf(0, 21 << 3), frameOf(0xa0, 1, 0, 0, 8)]) {
    const message = await failureOf(large, "zstd");
    assert(message.includes('run "zstd -dc --long=31 FILE"'), message);
  }
});
