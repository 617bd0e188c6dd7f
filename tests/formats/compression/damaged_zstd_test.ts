/** Damaged zstd data, wherever the damage is, and however its chunks end. */
import { assert, assertEquals } from "@std/assert";
import { constants, zstdCompressSync } from "node:zlib";
import { DecompressionFailed } from "../../../lib/errors.ts";
import { decompress } from "../../../lib/formats/mod.ts";
import { seededBytes, seededRandom } from "../../support/seed.ts";

/** Data that is compressed 2:1 and 1000:1, in blocks of 128 KiB. */
function contentOf(kind: "mixed" | "empty"): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(1_500_000);
  for (let at = 0; kind === "mixed" && at < content.byteLength; at += 100_000) {
    content.set(seededBytes(at, 50_000), at);
  }
  return content;
}

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
  }, { highWaterMark: 0 });
  return await new Response(await decompress(source, "zstd") as BodyInit).bytes();
}

for (const kind of ["mixed", "empty"] as const) {
  Deno.test(`decompress() rejects ${kind} zstd data with one wrong byte, or delivers its content`, async () => {
    const content = contentOf(kind);
    const frame = compressed(content);
    const random = seededRandom(1);
    for (let i = 0; i < 60; i++) {
      const damaged = frame.slice();
      const at = Math.floor(random() * frame.byteLength);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      const size = [1_000, 70_000, Infinity][i % 3] ?? 0;
      try {
        assertEquals(await decompressed(damaged, size), content);
      } catch (error) {
        assert(error instanceof DecompressionFailed, `byte ${at}: ${error}`);
      }
    }
  });
}

Deno.test("decompress() rejects zstd data whose checksum is wrong, from one chunk", async () => {
  const frame = compressed(contentOf("mixed"));
  frame[frame.byteLength - 1]! ^= 1;
  const error = await decompressed(frame, Infinity).catch((error) => error);
  assert(error instanceof DecompressionFailed, `${error}`);
});
