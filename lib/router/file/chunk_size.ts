/**
 * How many bytes are read at once for a caller. A runtime's server takes several chunks ahead of a socket
 * that takes none, whatever their size: only a caller who has shown that he is fast gets large ones.
 *
 * @module
 */

/** Bytes of a chunk for a caller of whom nothing is known or who is slow, and for one who is fast. */
const SMALL = 8 * 1024;
const LARGE = 256 * 1024;

/** Bytes after which a caller is judged: more than a network takes for one who takes none. */
export const STRETCH = 8 * 1024 * 1024;

/** Milliseconds in which a fast caller takes a stretch; one who takes nothing for so long is slow. */
const QUICK = 1_000;

/** The sizes of the chunks of one answer. */
export class ChunkSize {
  readonly #now: () => number;
  #isFast = false;
  #handedAt: number;
  #stretchSince: number;
  #stretch = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#handedAt = this.#stretchSince = now();
  }

  /** Bytes of the next chunk, now that the caller wants one. */
  next(): number {
    if (this.#now() - this.#handedAt >= QUICK) this.#judge(false);
    return this.#isFast ? LARGE : SMALL;
  }

  /** So many bytes were handed over. */
  handed(bytes: number): void {
    this.#handedAt = this.#now();
    this.#stretch += bytes;
    if (this.#stretch >= STRETCH) this.#judge(this.#handedAt - this.#stretchSince < QUICK);
  }

  #judge(isFast: boolean): void {
    this.#isFast = isFast;
    this.#stretch = 0;
    this.#stretchSince = this.#now();
  }
}
