/**
 * Bytes on their way into the byte store, measured as they pass.
 *
 * @module
 */

import { badRequest, Failure } from "../http/errors.ts";
import { ImageHasher } from "../store/hashing.ts";
import type { EmbeddedCloud } from "../request/options.ts";
import type { ImageRow, WrittenData } from "../store/image_records.ts";
import { VirtualSize } from "./virtual_size.ts";

/**
 * Writes bytes under a key; of a failed attempt nothing stays.
 *
 * @param announced how many bytes there should be; null where nobody said.
 * @throws {Failure} 413 for more than an image may have, 400 for another number than announced.
 */
export async function writtenData(
  cloud: EmbeddedCloud,
  body: ReadableStream<Uint8Array> | null,
  key: string,
  row: Pick<ImageRow, "disk_format" | "container_format">,
  announced: number | null,
): Promise<WrittenData> {
  const sink = await cloud.store.bytes.write(key);
  const hasher = new ImageHasher(cloud.hashAlgorithm);
  const virtualSize = new VirtualSize(row.disk_format, row.container_format);
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      size += chunk.byteLength;
      refuseSize(cloud, size);
      // The file system writes in a thread of its own while the hashes are computed in this one.
      const written = sink.write(chunk);
      hasher.update(chunk);
      virtualSize.update(chunk);
      await written;
    }
    refuseMismatch(announced, size);
    await sink.commit();
  } catch (error) {
    await sink.abort().catch(cloud.onError);
    throw error;
  }
  const { checksum, hashValue } = hasher.digests();
  return {
    key,
    url: cloud.store.bytes.urlOf(key),
    size,
    virtualSize: virtualSize.value(),
    checksum,
    hashAlgo: cloud.hashAlgorithm,
    hashValue,
  };
}

function refuseSize(cloud: EmbeddedCloud, size: number): void {
  if (size <= cloud.imageSizeCap) return;
  throw new Failure(413, "The incoming image is too large: The provided image is too large.");
}

function refuseMismatch(announced: number | null, size: number): void {
  if (announced === null || announced === size) return;
  throw badRequest(`Size mismatch: expected ${announced} bytes, received ${size} bytes`);
}
