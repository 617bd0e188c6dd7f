/** The checksum of a zstd frame (RFC 8878, section 3.1.1). */
import { concat } from "../../concat.ts";
import { Xxh64 } from "./xxh64.ts";

/** Position of the frame's descriptor, and its flag of a checksum. */
const DESCRIPTOR = 4;
const FLAG = 4;

/** Bytes of the checksum at the end of a frame. */
const BYTES = 4;

/** Compares the content of a frame with the checksum at its end, if it has one. */
export class ZstdChecksum {
  readonly #hash = new Xxh64();
  #head = new Uint8Array();
  #tail = new Uint8Array();

  /** Records the next bytes of the frame. */
  compressed(chunk: Uint8Array): void {
    const missing = DESCRIPTOR + 1 - this.#head.byteLength;
    if (missing > 0) this.#head = concat([this.#head, chunk.subarray(0, missing)]);
    this.#tail = concat([this.#tail, chunk.subarray(-BYTES)]).slice(-BYTES);
  }

  /** Records the next bytes of the content. */
  content(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** @throws {Error} if the content is not that of the frame. */
  check(): void {
    if (((this.#head[DESCRIPTOR] ?? 0) & FLAG) === 0) return;
    const stored = new DataView(this.#tail.buffer).getUint32(0, true);
    if (this.#hash.low32() !== stored) throw new Error("its checksum is wrong");
  }
}
