/** The first and the last bytes of an image, copied from its chunks. */
import { HEAD_BYTES, TAIL_BYTES } from "./format_steps.ts";

const INITIAL_BYTES = 64 * 1024;

/** The first 256 KiB of an image. */
export class ImageHead {
  #memory = new Uint8Array(0);
  #length = 0;

  /** The bytes so far; valid until the next call of `append`. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Bytes of memory in use. */
  get allocated(): number {
    return this.#memory.byteLength;
  }

  /** Copies what belongs to the head, and returns its length. */
  append(chunk: Uint8Array): number {
    const taken = chunk.subarray(0, HEAD_BYTES - this.#length);
    const length = this.#length + taken.byteLength;
    if (length > this.#memory.byteLength) this.#grow(length);
    this.#memory.set(taken, this.#length);
    this.#length = length;
    return taken.byteLength;
  }

  #grow(length: number): void {
    const doubled = Math.max(INITIAL_BYTES, length, this.#memory.byteLength * 2);
    const memory = new Uint8Array(Math.min(HEAD_BYTES, doubled));
    memory.set(this.bytes);
    this.#memory = memory;
  }
}

/** The last bytes of an image. */
export class ImageTail {
  readonly #memory = new Uint8Array(TAIL_BYTES);
  #length = 0;

  /** The bytes so far; fewer if the image is shorter. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(TAIL_BYTES - this.#length);
  }

  append(chunk: Uint8Array): void {
    const added = chunk.subarray(Math.max(0, chunk.byteLength - TAIL_BYTES));
    this.#memory.copyWithin(0, added.byteLength);
    this.#memory.set(added, TAIL_BYTES - added.byteLength);
    this.#length = Math.min(TAIL_BYTES, this.#length + added.byteLength);
  }
}
