/**
 * Chooses how many bytes to read at once for a client. A runtime's server takes several chunks before it
 * waits for a stalled socket, whatever their size, so only clients that have proven fast get large chunks.
 *
 * @module
 */

/** Bytes of a chunk for a slow or new client, and for a fast one. */
const SMALL = 8 * 1024;
const LARGE = 256 * 1024;

/** Bytes after which a client's speed is judged: more than a network buffers for a stalled client. */
export const PROBE_BYTES = 8 * 1024 * 1024;

/** A client is fast if it takes `PROBE_BYTES` within this many milliseconds, and slow after such a pause. */
const FAST_MS = 1_000;

/** The chunk sizes of one response. */
export class ChunkSize {
  readonly #now: () => number;
  #isFast = false;
  #deliveredAt: number;
  #probeStart: number;
  #probeBytes = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#deliveredAt = this.#probeStart = now();
  }

  /** Returns the bytes of the next chunk. Call it when the client asks for one. */
  next(): number {
    if (this.#now() - this.#deliveredAt >= FAST_MS) this.#startProbe(false);
    return this.#isFast ? LARGE : SMALL;
  }

  /** Records that a chunk of `bytes` bytes was delivered. */
  delivered(bytes: number): void {
    this.#deliveredAt = this.#now();
    this.#probeBytes += bytes;
    if (this.#probeBytes < PROBE_BYTES) return;
    this.#startProbe(this.#deliveredAt - this.#probeStart < FAST_MS);
  }

  #startProbe(isFast: boolean): void {
    this.#isFast = isFast;
    this.#probeBytes = 0;
    this.#probeStart = this.#now();
  }
}
