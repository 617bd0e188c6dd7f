/** The zstd decoder of runtimes without one, such as Node 20: it verifies the checksum of each frame. */
import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { constants, zstdCompressSync } from "node:zlib";
import { decompressZstd } from "../../../lib/cli/files/decompressors.ts";
import { Xxh64 } from "../../../lib/cli/files/xxh64.ts";

/** A frame with a checksum. */
function compressed(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  return new Uint8Array(zstdCompressSync(content, { params }));
}

async function decompressed(bytes: Uint8Array<ArrayBuffer>, size: number): Promise<Uint8Array> {
  let at = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
  });
  return await new Response(await decompressZstd(source) as BodyInit).bytes();
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
}

Deno.test("decompressZstd() delivers the content of frames of any length, from chunks of any size", async () => {
  for (const length of [0, 1, 3, 4, 7, 8, 31, 32, 33, 63, 64, 65, 1_000, 300_000]) {
    const content = random(length);
    for (const size of [1, 3, 1_000, 1_000_000]) {
      if (length / size > 10_000) continue;
      assertEquals(await decompressed(compressed(content), size), content);
    }
  }
});

Deno.test("decompressZstd() rejects each byte of content or checksum that was changed", async () => {
  // Random bytes are stored as they are, so no change of them breaks the format.
  const content = crypto.getRandomValues(new Uint8Array(2_000));
  const frame = compressed(content);
  const first = frame.byteLength - content.byteLength - 4;
  for (let at = first; at < frame.byteLength; at += 7) {
    const damaged = frame.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await assertRejects(() => decompressed(damaged, 500), Error, "its checksum is wrong");
  }
});

Deno.test("decompressZstd() accepts a frame without a checksum", async () => {
  const content = random(5_000);
  const frame = new Uint8Array(zstdCompressSync(content));
  assertEquals(await decompressed(frame, 1_000), content);
});

Deno.test("Xxh64.low32() is the checksum that zstd stores, for any chunks", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 });
  fc.assert(fc.property(chunks, (parts) => {
    const hash = new Xxh64();
    for (const part of parts) hash.update(part);
    const frame = compressed(Uint8Array.from(parts.flatMap((part) => [...part])));
    const stored = new DataView(frame.buffer).getUint32(frame.byteLength - 4, true);
    assertEquals(hash.low32(), stored);
  }));
});
