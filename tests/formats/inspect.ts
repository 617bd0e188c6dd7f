/** Inspects bytes in chunks of every size. */
import { assertEquals } from "@std/assert";
import { ImageInspector } from "../../lib/formats/image_inspector.ts";
import type { ImageInspection } from "../../lib/formats/types.ts";

/** Chunk sizes of the tests. */
export const CHUNK_SIZES = [1, 17, 512, 65_536, 1_048_576];

/** The inspection of bytes that arrive in chunks of one size. The memory of the chunks is reused. */
export function inspectChunks(image: Uint8Array, chunkSize: number): ImageInspection {
  const inspector = new ImageInspector();
  const memory = new Uint8Array(chunkSize);
  for (let offset = 0; offset < image.byteLength; offset += chunkSize) {
    const part = image.subarray(offset, offset + chunkSize);
    memory.set(part);
    inspector.update(memory.subarray(0, part.byteLength));
    memory.fill(0xff);
  }
  return inspector.finish();
}

/** Large images are not read byte by byte, which would take seconds. */
const MAX_CHUNKS = 300_000;

/** The inspection of bytes, which must be the same for every chunk size. */
export function inspectBytes(image: Uint8Array): ImageInspection {
  const expected = inspectChunks(image, Math.max(1, image.byteLength));
  for (const size of CHUNK_SIZES.filter((size) => image.byteLength / size < MAX_CHUNKS)) {
    assertEquals(inspectChunks(image, size), expected, `in chunks of ${size}`);
  }
  return expected;
}

/** The names of the checks that failed. */
export function failedChecks(image: Uint8Array): string[] {
  return inspectBytes(image).failures.map(({ check }) => check);
}
