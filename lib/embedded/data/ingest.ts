/** Writes data to the byte storage, and computes its size, digests, and format at the same time. */
import { ImageInspector } from "../../formats/image_inspector.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { ImageHasher } from "../storage/hashing.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import type { ImageRow, WrittenData } from "../storage/image_records.ts";
import { evaluateData } from "./inspection.ts";

/**
 * Writes data under a key. Data that Glance rejects is written, too, since Glance decides after the last byte. After a
 * failure, nothing is stored.
 *
 * @param announced expected number of bytes; null if unknown.
 * @throws {Failure} 413 if the data exceeds the size limit, 400 if its size differs from
 * `announced`.
 */
export async function writtenData(
  cloud: EmbeddedCloud,
  body: AsyncIterable<Uint8Array> | null,
  key: string,
  row: Pick<ImageRow, "disk_format" | "container_format">,
  announced: number | null,
): Promise<WrittenData> {
  const sink = await cloud.storage.bytes.write(key);
  const hasher = new ImageHasher(cloud.hashAlgorithm);
  const inspector = new ImageInspector();
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      size += chunk.byteLength;
      checkSize(cloud, size);
      // The write runs in a thread of the runtime while this thread computes the hashes.
      const written = sink.write(chunk);
      hasher.update(chunk);
      inspector.update(chunk);
      await written;
    }
    checkMatch(announced, size);
    await sink.commit();
  } catch (error) {
    await sink.abort().catch(cloud.onError);
    throw error;
  }
  const { checksum, hashValue } = hasher.digests();
  return {
    key,
    url: cloud.storage.bytes.urlOf(key),
    size,
    checksum,
    hashAlgo: cloud.hashAlgorithm,
    hashValue,
    ...evaluateData(cloud, row, inspector.finish(), size),
  };
}

function checkSize(cloud: EmbeddedCloud, size: number): void {
  if (size <= cloud.imageSizeCap) return;
  throw new Failure(413, "The incoming image is too large: The provided image is too large.");
}

function checkMatch(announced: number | null, size: number): void {
  if (announced === null || announced === size) return;
  throw badRequest(`Size mismatch: expected ${announced} bytes, received ${size} bytes`);
}
