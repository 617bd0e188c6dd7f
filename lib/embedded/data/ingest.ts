/** Writes data to the byte storage and computes its size and digests on the way. */
import { badRequest, Failure } from "../http/errors.ts";
import { ImageHasher } from "../storage/hashing.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import type { ImageRow, WrittenData } from "../storage/image_records.ts";

type FormatFields = Pick<ImageRow, "disk_format" | "container_format">;

/**
 * Writes data under a key. After a failure, nothing is stored.
 *
 * @param announced expected number of bytes; null if unknown.
 * @throws {Failure} 413 if the data exceeds the size limit, 400 if its size differs from
 * `announced`.
 */
export async function writtenData(
  cloud: EmbeddedCloud,
  body: ReadableStream<Uint8Array> | null,
  key: string,
  row: FormatFields,
  announced: number | null,
): Promise<WrittenData> {
  const sink = await cloud.storage.bytes.write(key);
  const hasher = new ImageHasher(cloud.hashAlgorithm);
  const header = new Uint8Array(QCOW2_HEADER_BYTES);
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      if (size < header.byteLength) header.set(chunk.subarray(0, header.byteLength - size), size);
      size += chunk.byteLength;
      checkSize(cloud, size);
      // The write runs in a thread of the runtime while this thread computes the hashes.
      const written = sink.write(chunk);
      hasher.update(chunk);
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
    virtualSize: virtualSizeOf(row, size, header),
    checksum,
    hashAlgo: cloud.hashAlgorithm,
    hashValue,
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

/** `QFI\xfb`, followed by the size as a 64-bit big-endian integer at byte 24. */
const QCOW2_MAGIC = 0x514649fb;
const QCOW2_HEADER_BYTES = 32;

/** Virtual size in bytes; null if unknown. Glance inspects only images with the container format `bare`. */
function virtualSizeOf(
  { disk_format: format, container_format: container }: FormatFields,
  size: number,
  header: Uint8Array<ArrayBuffer>,
): number | null {
  if (container !== "bare" || size === 0) return null;
  if (format === "raw") return size;
  if (format !== "qcow2" || size < QCOW2_HEADER_BYTES) return null;
  const view = new DataView(header.buffer);
  return view.getUint32(0) === QCOW2_MAGIC ? Number(view.getBigUint64(24)) : null;
}
