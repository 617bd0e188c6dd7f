/** Writes data to the byte storage and computes its size and digests on the way. */
import { badRequest, Failure } from "../http/errors.ts";
import { ImageHasher } from "../storage/hashing.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import type { ImageRow, WrittenData } from "../storage/image_records.ts";

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
  row: Pick<ImageRow, "disk_format" | "container_format">,
  announced: number | null,
): Promise<WrittenData> {
  const sink = await cloud.storage.bytes.write(key);
  const hasher = new ImageHasher(cloud.hashAlgorithm);
  const virtualSize = new VirtualSize(row.disk_format, row.container_format);
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      size += chunk.byteLength;
      checkSize(cloud, size);
      // The write runs in a thread of the runtime while this thread computes the hashes.
      const written = sink.write(chunk);
      hasher.update(chunk);
      virtualSize.update(chunk);
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
    virtualSize: virtualSize.value(),
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

/** Consumes the data in chunks; `value` returns the result. */
class VirtualSize {
  readonly #format: string | null;
  readonly #header: Uint8Array<ArrayBuffer> = new Uint8Array(QCOW2_HEADER_BYTES);
  #size = 0;

  /** Glance inspects only images with the container format `bare`. */
  constructor(diskFormat: string | null, containerFormat: string | null) {
    this.#format = containerFormat === "bare" ? diskFormat : null;
  }

  update(chunk: Uint8Array): void {
    if (this.#size < QCOW2_HEADER_BYTES) {
      this.#header.set(chunk.subarray(0, QCOW2_HEADER_BYTES - this.#size), this.#size);
    }
    this.#size += chunk.byteLength;
  }

  /** Virtual size in bytes; null if unknown. */
  value(): number | null {
    if (this.#format === "raw") return this.#size === 0 ? null : this.#size;
    if (this.#format !== "qcow2" || this.#size < QCOW2_HEADER_BYTES) return null;
    const header = new DataView(this.#header.buffer);
    return header.getUint32(0) === QCOW2_MAGIC ? Number(header.getBigUint64(24)) : null;
  }
}
