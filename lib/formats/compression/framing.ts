/**
 * Finds the end of the members of compressed data without decompressing them, because decoders differ in how they handle
 * data after the first member. Deno's zstd ignores it, and accepts a truncated frame; xz-decompress ignores it.
 */

/** The next request of a framing: to read a few bytes, or to skip bytes. With `endsChunk`, a chunk ends after them. */
export type FramingStep =
  | { readonly read: number }
  | { readonly skip: number; readonly endsChunk?: true };

/** Describes one member: a generator that receives the bytes it requests, and returns at the end. */
export type MemberFraming = Generator<FramingStep, void, Uint8Array>;

/** The framing of a format. */
export interface CompressedFraming {
  /** Number of bytes before the next member that have no content, as far as the next bytes (at least 8) show it. */
  paddingOf(head: Uint8Array): number;
  /** The framing of a member. Throws an `Error` if the bytes do not have the format. */
  member(): MemberFraming;
}

const EMPTY = /* @__PURE__ */ new Uint8Array();

/** Follows the framing of one member through its chunks. */
export class MemberScanner {
  readonly #framing: MemberFraming;
  #step: FramingStep | null = { skip: 0 };
  #skip = 0;
  #buffer: Uint8Array = new Uint8Array();
  #filled = 0;

  constructor(framing: MemberFraming) {
    this.#framing = framing;
    this.#advance(this.#buffer);
  }

  /** Whether the last byte of the member was scanned. */
  get isComplete(): boolean {
    return this.#step === null;
  }

  /** The number of bytes at the start of a chunk that belong to the member, up to a step that ends a chunk. */
  scan(chunk: Uint8Array): number {
    let at = 0;
    while (this.#step !== null && at < chunk.byteLength) {
      if ("skip" in this.#step) {
        const count = Math.min(this.#skip, chunk.byteLength - at);
        const { endsChunk } = this.#step;
        this.#skip -= count;
        at += count;
        if (this.#skip > 0) continue;
        this.#advance(this.#buffer);
        if (endsChunk) return at;
      } else {
        const count = Math.min(this.#buffer.byteLength - this.#filled, chunk.byteLength - at);
        this.#buffer.set(chunk.subarray(at, at + count), this.#filled);
        this.#filled += count;
        at += count;
        if (this.#filled === this.#buffer.byteLength) this.#advance(this.#buffer);
      }
    }
    return at;
  }

  /** Resumes the framing until it needs bytes, or has returned. */
  #advance(bytes: Uint8Array): void {
    for (let empty = bytes;;) {
      const { done, value } = this.#framing.next(empty);
      if (done) {
        this.#step = null;
        return;
      }
      this.#step = value;
      if ("skip" in value) this.#skip = value.skip;
      else {
        // A generator uses the bytes before it requests others.
        if (this.#buffer.byteLength !== value.read) this.#buffer = new Uint8Array(value.read);
        this.#filled = 0;
      }
      if ("read" in value || value.skip > 0) return;
      empty = EMPTY;
    }
  }
}

/** The bytes as an unsigned integer, least significant byte first. */
export function littleEndian(bytes: Uint8Array): number {
  let value = 0;
  for (let i = bytes.byteLength - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
  return value;
}
