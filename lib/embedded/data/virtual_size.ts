/**
 * The size of the disk inside an image, read from the data as it passes: the bytes themselves of a
 * raw image, the header of a qcow2 image. Other formats are not looked into.
 *
 * @module
 */

/** `QFI\xfb`, then at byte 24 the size as a 64-bit big-endian number. */
const QCOW2_MAGIC = 0x514649fb;
const QCOW2_HEADER_BYTES = 32;

/** Takes in the data in chunks; `value` ends it. */
export class VirtualSize {
  readonly #format: string | null;
  readonly #header: Uint8Array<ArrayBuffer> = new Uint8Array(QCOW2_HEADER_BYTES);
  #size = 0;

  /** Glance looks only into images without a container. */
  constructor(diskFormat: string | null, containerFormat: string | null) {
    this.#format = containerFormat === "bare" ? diskFormat : null;
  }

  update(chunk: Uint8Array): void {
    if (this.#size < QCOW2_HEADER_BYTES) {
      this.#header.set(chunk.subarray(0, QCOW2_HEADER_BYTES - this.#size), this.#size);
    }
    this.#size += chunk.byteLength;
  }

  /** Bytes; null where nothing is known. */
  value(): number | null {
    if (this.#format === "raw") return this.#size === 0 ? null : this.#size;
    if (this.#format !== "qcow2" || this.#size < QCOW2_HEADER_BYTES) return null;
    const header = new DataView(this.#header.buffer);
    return header.getUint32(0) === QCOW2_MAGIC ? Number(header.getBigUint64(24)) : null;
  }
}
