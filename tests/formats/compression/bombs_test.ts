/** Compressed data that costs much more time than it has bytes: it ends at a limit. */
import { assert, assertEquals } from "@std/assert";
import { concat } from "../../../lib/concat.ts";
import { DecompressionFailed, DecompressionLimitExceeded } from "../../../lib/errors.ts";
import { DECOMPRESSORS } from "../../../lib/cli/files/decompressors.ts";
import { decompress } from "../../../lib/formats/compression/decompress.ts";
import type { CompressionFormat } from "../../../lib/formats/compression/detect.ts";
import { COMPRESSED, SKIPPABLE } from "./compressed.ts";

/** 45 MB of zeros in 50 bytes: a block of which `bzip2 -9` repeats five bytes. */
const BZIP2_ZEROS = Uint8Array.from(
  atob("QlpoOTFBWSZTWckBtsgBWKtAIMAAEAAACCAAMMwFKaZSSFJsVJIUni7kinChIZIDbZA="),
  (character) => character.charCodeAt(0),
);

/** Reads all content, and returns its size. The source repeats its last chunk endlessly if `isEndless`. */
async function sizeOf(
  format: CompressionFormat,
  chunks: readonly Uint8Array[],
  isEndless: boolean = false,
): Promise<{ size: number; used: number; error: unknown }> {
  let [size, used, at] = [0, 0, 0];
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[isEndless ? Math.min(at++, chunks.length - 1) : at++];
      if (chunk === undefined) return controller.close();
      used += chunk.byteLength;
      controller.enqueue(chunk.slice());
    },
  }, { highWaterMark: 0 });
  const content = decompress(source, format, { decompressors: DECOMPRESSORS });
  try {
    for await (const chunk of content) size += chunk.byteLength;
    return { size, used, error: null };
  } catch (error) {
    return { size, used, error };
  }
}

function assertFailed(error: unknown, reason: string): void {
  assert(error instanceof DecompressionFailed && error.message.includes(reason), `${error}`);
}

function repeated(bytes: Uint8Array, count: number): Uint8Array {
  return concat(Array.from({ length: count }, () => bytes));
}

Deno.test("decompress() stops a bomb of bzip2 at the limit of its ratio", async () => {
  const { size, error } = await sizeOf("bzip2", [repeated(BZIP2_ZEROS, 8)]);
  assert(error instanceof DecompressionLimitExceeded, `${error}`);
  assert(size <= 2 ** 28, `${size} bytes`);
});

Deno.test("decompress() stops data that continues without content", async (t) => {
  const zeros = new Uint8Array(2 ** 20);
  const skippable = new Uint8Array(8 + 2 ** 20);
  skippable.set(SKIPPABLE.subarray(0, 4));
  new DataView(skippable.buffer).setUint32(4, 2 ** 20, true);
  const name = new Uint8Array(2 ** 20).fill(0x61);
  const emptyBlocks = repeated(new Uint8Array([0, 0, 0, 0xff, 0xff]), 2 ** 18);
  const header = (flags: number) => new Uint8Array([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]);
  const cases: Readonly<Record<string, [CompressionFormat, Uint8Array[]]>> = {
    "zeros after gzip data": ["gzip", [COMPRESSED.gzip, zeros]],
    "a name of gzip data": ["gzip", [header(8), name]],
    "empty blocks of gzip data": ["gzip", [header(0), emptyBlocks]],
    "zeros after xz data": ["xz", [COMPRESSED.xz, zeros]],
    "skippable frames": ["zstd", [skippable]],
  };
  for (const [step, [format, chunks]] of Object.entries(cases)) {
    await t.step(step, async () => {
      const { used, error } = await sizeOf(format, chunks, true);
      assertFailed(error, "its last 64 MiB have no content");
      assert(used < 2 ** 27, `${used} bytes`);
    });
  }
});

Deno.test("decompress() stops data of many members with little content", async () => {
  // An empty stream, and a frame with an empty block.
  const xz = Uint8Array.from(
    atob("/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo="),
    (character) => character.charCodeAt(0),
  );
  const zstd = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 1, 0, 0]);
  for (const [format, member] of [["xz", xz], ["zstd", zstd]] as const) {
    assertEquals(await sizeOf(format, [repeated(member, 1000)]), {
      size: 0,
      used: member.byteLength * 1000,
      error: null,
    });
    const { error } = await sizeOf(format, [repeated(member, 1001)]);
    assertFailed(error, "too many parts with little content");
  }
});

Deno.test("decompress() reads all that follows the content of gzip data", async () => {
  const zeros = new Uint8Array(2 ** 20);
  const chunks = [COMPRESSED.gzip, zeros, zeros, zeros];
  const { used, error } = await sizeOf("gzip", chunks);
  assertEquals([error, used], [null, COMPRESSED.gzip.byteLength + 3 * 2 ** 20]);
  const garbage = new TextEncoder().encode("end");
  assertFailed((await sizeOf("gzip", [...chunks, garbage])).error, "what follows is not");
});
