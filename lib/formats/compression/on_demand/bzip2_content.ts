/** The content of the blocks of bzip2: the order of the transform is undone, and runs are expanded. */
import { crc32 } from "./crc32.ts";

/** Size of the chunks of the content. */
const CHUNK_SIZE = 256 * 1024;

/** Runs of at least this length are filled; a loop is faster for shorter ones. */
const LONG_RUN = 16;

/**
 * Collects the content of blocks in chunks. The blocks of a chunk may be many: a small one must not cost a chunk of
 * its own.
 */
export class Bzip2Content {
  #chunk: Uint8Array<ArrayBuffer> | null = null;
  #at = 0;
  /** Where the bytes begin in the chunk that are not in the checksum. */
  #unchecked = 0;
  #block: Uint32Array = new Uint32Array();
  #entry = 0;
  /** Bytes of the block that are left, before runs are expanded. */
  #left = 0;
  #crc = -1;
  /** The last byte, how often it was repeated, and how often it is still to be repeated. */
  #previous = -1;
  #equal = 0;
  #run = 0;

  /** Begins a block: each byte (the low 8 bits) has the position of the one that follows it. */
  begin(block: Uint32Array, origin: number): void {
    this.#block = block;
    this.#entry = block[origin]!;
    this.#left = block.length;
    this.#crc = this.#previous = -1;
    this.#equal = this.#run = 0;
    this.#unchecked = this.#at;
  }

  /** The next full chunk; null at the end of the block. */
  next(): Uint8Array | null {
    this.#chunk ??= new Uint8Array(CHUNK_SIZE);
    this.#expand(this.#chunk);
    this.#crc = crc32(this.#crc, this.#chunk, this.#unchecked, this.#at);
    this.#unchecked = this.#at;
    return this.#at < CHUNK_SIZE ? null : this.rest();
  }

  /** The checksum of the block, after its end. */
  get checksum(): number {
    return ~this.#crc >>> 0;
  }

  /** What was collected and is not a full chunk. */
  rest(): Uint8Array | null {
    const rest = this.#chunk?.subarray(0, this.#at) ?? null;
    this.#chunk = null;
    this.#at = this.#unchecked = 0;
    return rest;
  }

  /** Four equal bytes are followed by how often the byte repeats. */
  #expand(chunk: Uint8Array): void {
    const block = this.#block;
    let [at, entry, left, previous] = [this.#at, this.#entry, this.#left, this.#previous];
    let [equal, run] = [this.#equal, this.#run];
    while (at < CHUNK_SIZE && (run > 0 || left > 0)) {
      if (run > 0) {
        const end = Math.min(at + run, CHUNK_SIZE);
        run -= end - at;
        if (end - at >= LONG_RUN) chunk.fill(previous, at, at = end);
        else while (at < end) chunk[at++] = previous;
        continue;
      }
      entry = block[entry >>> 8]!;
      const byte = entry & 0xff;
      left--;
      if (equal === 4) {
        run = byte;
        equal = 0;
        continue;
      }
      // A run ends a sequence: the same byte after it begins another one.
      equal = byte === previous && equal > 0 ? equal + 1 : 1;
      previous = byte;
      chunk[at++] = byte;
    }
    [this.#at, this.#entry, this.#left, this.#previous] = [at, entry, left, previous];
    [this.#equal, this.#run] = [equal, run];
  }
}
