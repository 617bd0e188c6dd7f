/** The bytes of a slot that is being filled. */
import type { Chunk } from "../../transfer/body_reader.ts";
import { BLOCK_SIZE } from "../slot_format.ts";

/**
 * Bytes in blocks. A block takes memory when its first byte arrives, so a slot that has only begun takes little, and a
 * slow reader keeps one block, not the slot.
 */
export class SlotBuffer {
  readonly #length: number;
  readonly #blocks: (Chunk | undefined)[];

  /** @param length bytes of the slot. */
  constructor(length: number) {
    this.#length = length;
    this.#blocks = Array.from({ length: Math.ceil(length / BLOCK_SIZE) });
  }

  /** The blocks that take memory: all of them, once every byte has arrived. */
  get blocks(): readonly Chunk[] {
    return this.#blocks.filter((block) => block !== undefined);
  }

  /** Releases the memory, except blocks that readers use. */
  clear(): void {
    this.#blocks.fill(undefined);
  }

  /** Copies bytes to a position. */
  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.byteLength;) {
      const index = Math.floor((position + done) / BLOCK_SIZE);
      const start = index * BLOCK_SIZE;
      const size = Math.min(BLOCK_SIZE, this.#length - start);
      const block = this.#blocks[index] ??= new Uint8Array(size);
      const part = bytes.subarray(done, start + size - position);
      block.set(part, position + done - start);
      done += part.byteLength;
    }
  }

  /**
   * Bytes from a position on, at most to `end`, exclusive, and to the end of a block. They must have been
   * written, and share the memory of the block.
   */
  read(position: number, end: number): Chunk {
    const index = Math.floor(position / BLOCK_SIZE);
    const start = index * BLOCK_SIZE;
    return this.#blocks[index]?.subarray(position - start, end - start) ?? new Uint8Array();
  }
}
