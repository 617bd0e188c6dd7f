/** Reads exact numbers of bytes from a stream. */
import type { Chunk } from "../transfer/body_reader.ts";

/** A stream that is read in parts of exact sizes. */
export interface ExactReader {
  /** The next `count` bytes, at least 1; null if the stream ends before. */
  take(count: number): Promise<Chunk | null>;
  /** Ends the stream. */
  cancel(): Promise<void>;
}

/** Opens a stream. The store of a byte stream reads into memory of the right size; other chunks may be copied. */
export function exactReaderOf(stream: ReadableStream<Chunk>): ExactReader {
  const byob = byobReaderOf(stream);
  return byob === null ? new BufferedChunks(stream.getReader()) : {
    take: (count) => fill(byob, count),
    cancel: () => byob.cancel().catch(() => {}),
  };
}

function byobReaderOf(stream: ReadableStream<Chunk>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

async function fill(reader: ReadableStreamBYOBReader, count: number): Promise<Chunk | null> {
  let memory: Chunk = new Uint8Array(count);
  for (let length = 0; length < count;) {
    const { value } = await reader.read(memory.subarray(length));
    if (value === undefined || value.byteLength === 0) return null;
    // The buffer has moved into the one of the result.
    memory = new Uint8Array(value.buffer);
    length += value.byteLength;
  }
  return memory;
}

/** Reads a stream that supplies its own chunks. */
class BufferedChunks implements ExactReader {
  readonly #reader: ReadableStreamDefaultReader<Chunk>;
  #rest: Chunk = new Uint8Array();

  constructor(reader: ReadableStreamDefaultReader<Chunk>) {
    this.#reader = reader;
  }

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
      // Many streams deliver whole blocks, which need no copy.
      if (part.byteLength === count) return part;
      taken ??= new Uint8Array(count);
      taken.set(part, length);
      length += part.byteLength;
    }
    return taken;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
