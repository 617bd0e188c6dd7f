/**
 * The received chunks of a part. Small ones are joined while they wait: each delivered chunk costs the consumer a
 * write, and a small chunk keeps its whole buffer alive. At 200 Mbit/s, eight connections receive 100 MiB in
 * chunks of 5 to 10 KiB.
 */
import type { Chunk } from "../body_reader.ts";

/** Chunks in the order of their bytes. */
export class ChunkQueue {
  readonly #chunks: Chunk[] = [];
  /** Memory after the last chunk that new chunks are copied to, and the number of bytes in it. */
  #block: Chunk | null = null;
  #used = 0;

  /** Size in bytes of the first chunk; 0 if there is none. */
  get firstSize(): number {
    return this.#chunks[0]?.byteLength ?? this.#used;
  }

  /** Adds a chunk, whose memory must not be used again. */
  add(chunk: Chunk): void {
    this.#closeBlock();
    this.#chunks.push(chunk);
  }

  /** Adds a copy of a chunk, in memory that is allocated if necessary and not smaller than the chunk. */
  copy(chunk: Chunk, allocate: () => Chunk): void {
    if (this.#block !== null && chunk.byteLength > this.#block.byteLength - this.#used) {
      this.#closeBlock();
    }
    this.#block ??= allocate();
    this.#block.set(chunk, this.#used);
    this.#used += chunk.byteLength;
  }

  /** Removes the first chunk; null if there is none. */
  take(): Chunk | null {
    if (this.#chunks.length === 0) this.#closeBlock();
    return this.#chunks.shift() ?? null;
  }

  /** Creates a chunk of the copied bytes: a copy if they use less than half of their memory, which is then reused. */
  #closeBlock(): void {
    if (this.#block === null || this.#used === 0) return;
    const bytes = this.#block.subarray(0, this.#used);
    const isSparse = 2 * this.#used < this.#block.byteLength;
    this.#chunks.push(isSparse ? bytes.slice() : bytes);
    if (!isSparse) this.#block = null;
    this.#used = 0;
  }
}
