/**
 * The virtual size of an image, computed during the upload: the number of bytes of a raw image, or
 * the size in the header of a qcow2 image. Other formats are not inspected.
 *
 * @module
 */

/** `QFI\xfb`, followed by the size as a 64-bit big-endian integer at byte 24. */
const QCOW2_MAGIC = 0x514649fb;
const QCOW2_HEADER_BYTES = 32;

/** Consumes the data in chunks; `value` returns the result. */
export class VirtualSize {
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
