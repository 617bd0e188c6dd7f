/** Reads a stored slot, and verifies each block before it is returned. */
import type { Chunk } from "../transfer/body_reader.ts";
import type { Slot } from "./image_slots.ts";
import {
  BLOCK_SIZE,
  type Digest,
  headerSize,
  matchesChecksum,
  parseHeader,
} from "./slot_format.ts";
import type { SlotStore } from "./stores/slot_store.ts";

/** Thrown if a stored slot is corrupt. */
export class CorruptSlot extends Error {
  override name = "CorruptSlot";
  /** Key of the slot. */
  readonly key: string;

  constructor(key: string) {
    super(`Cannot use the stored slot "${key}": its checksum does not match`);
    this.key = key;
  }
}

/** A reader of a stored slot. */
export interface StoredSlotReader {
  /**
   * The next bytes, or null at the end.
   *
   * @throws {CorruptSlot} if the checksum of a block does not match.
   */
  read(): Promise<Chunk | null>;
  /**
   * Whether the last chunk is shared with other readers. If so, it must not be changed, and is valid until `release`.
   */
  readonly isShared: boolean;
  /** Releases the last chunk; the caller no longer uses it. */
  release(): void;
  /** Closes the reader. The last chunk may still be used. */
  close(): Promise<void>;
}

/**
 * Opens the bytes of a slot from `offset` (in the image) to `end`, exclusive. Null if the store does not have it.
 *
 * @throws {CorruptSlot} if its header is corrupt.
 * @throws the error of the store.
 */
export async function openStoredSlot(
  digest: Digest,
  store: SlotStore,
  slot: Slot,
  offset: number,
  end: number,
): Promise<StoredSlotReader | null> {
  const length = slot.end - slot.start;
  const dataStart = headerSize(length);
  const firstBlock = Math.floor((offset - slot.start) / BLOCK_SIZE);
  const from = dataStart + firstBlock * BLOCK_SIZE;
  const last = Math.min(end, slot.end) - slot.start;
  const to = dataStart + Math.min(length, Math.ceil(last / BLOCK_SIZE) * BLOCK_SIZE);
  // If the first block is needed, one request to a remote store returns the header and the data. A file is read in
  // blocks, without copies.
  const isOneRead = firstBlock === 0 && store.isShared;
  const [head, rest] = await bothOf(
    readerOf(store.read(slot.key, 0, isOneRead ? to : dataStart)),
    isOneRead ? null : readerOf(store.read(slot.key, from, to)),
  );
  const cancel = () => Promise.all([head?.cancel(), rest?.cancel()]);
  if (head === null || (!isOneRead && rest === null)) {
    await cancel();
    return null;
  }
  const checksums = await checksumsOf(digest, head, slot.key, length).catch(async (error) => {
    await cancel();
    throw error;
  });
  if (!isOneRead) await head.cancel();
  const data = rest ?? head;
  let block = firstBlock;
  let position = offset - slot.start;
  return {
    isShared: false,
    release() {},
    async read() {
      if (position >= last) return null;
      const start = block * BLOCK_SIZE;
      const bytes = await data.take(Math.min(BLOCK_SIZE, length - start));
      if (bytes === null || !matchesChecksum(bytes, checksums[block])) {
        throw new CorruptSlot(slot.key);
      }
      const chunk = bytes.subarray(position - start, Math.min(last - start, bytes.byteLength));
      block++;
      position += chunk.byteLength;
      return chunk;
    },
    close: () => data.cancel(),
  };
}

/** The results of two reads of a store; if one fails, the other is canceled. */
async function bothOf(
  ...reads: [Promise<ExactReader | null>, Promise<ExactReader | null> | null]
): Promise<[ExactReader | null, ExactReader | null]> {
  try {
    return await Promise.all(reads);
  } catch (error) {
    for (const read of reads) read?.then((reader) => reader?.cancel(), () => {});
    throw error;
  }
}

async function readerOf(read: ReturnType<SlotStore["read"]>): Promise<ExactReader | null> {
  const stream = await read;
  return stream === null ? null : new ExactReader(stream);
}

/** @throws {CorruptSlot} if the header is corrupt. */
async function checksumsOf(digest: Digest, head: ExactReader, key: string, length: number) {
  const header = await head.take(headerSize(length));
  const checksums = header === null ? null : await parseHeader(digest, key, header, length);
  if (checksums === null) throw new CorruptSlot(key);
  return checksums;
}

/** Wraps a reader so that it calls `release` when it is closed. */
export function leased(reader: StoredSlotReader, release: () => void): StoredSlotReader {
  return {
    get isShared() {
      return reader.isShared;
    },
    read: () => reader.read(),
    release: () => reader.release(),
    async close() {
      release();
      await reader.close();
    },
  };
}

/** Reads exact numbers of bytes from a stream. */
class ExactReader {
  readonly #reader: ReadableStreamDefaultReader<Chunk>;
  #rest: Chunk = new Uint8Array();

  constructor(stream: ReadableStream<Chunk>) {
    this.#reader = stream.getReader();
  }

  /** The next `count` bytes; null if the stream ends before. */
  async take(count: number): Promise<Chunk | null> {
    let taken: Chunk | null = null;
    let length = 0;
    while (length < count) {
      if (this.#rest.byteLength === 0) {
        const { done, value } = await this.#reader.read();
        if (done) return null;
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, count - length);
      this.#rest = this.#rest.subarray(part.byteLength);
      // Most streams deliver whole blocks, which need no copy.
      if (part.byteLength === count) return part;
      taken ??= new Uint8Array(count);
      taken.set(part, length);
      length += part.byteLength;
    }
    return taken ?? new Uint8Array();
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
