/**
 * Downloads into a sink without a stream in between. One chunk is read ahead while another is written. The
 * sink is aborted if the download fails.
 */
import type { RequestContext } from "../../context.ts";
import { Invalid } from "../../errors.ts";
import type { ApiClient } from "../../api/api_client.ts";
import { abortable } from "../../http/deadline.ts";
import type { Chunk, ImageReader } from "../body_reader.ts";
import { openDownload } from "./download.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { DownloadOptions } from "../types.ts";

/**
 * Size of a read in bytes if every chunk is new memory, since the sink may keep it. Larger buffers cost more:
 * the system unmaps each one after use and clears the next.
 */
const CHUNK_SIZE = 64 * 1024;

/** Size of a read in bytes if buffers are reused. */
const REUSED_CHUNK_SIZE = 256 * 1024;

/**
 * Downloads an image into a sink. The sink is closed after all bytes are written and verified. If the
 * download fails, even before its first byte, the sink is aborted. The record of the image is read unless it is
 * `known`.
 *
 * @throws {Invalid} if the sink is locked; it is not touched.
 */
export async function downloadTo(
  client: ApiClient,
  context: RequestContext,
  imageId: string,
  sink: WritableStream<Chunk>,
  options: DownloadOptions,
  known?: GlanceImage,
): Promise<void> {
  if (sink.locked) {
    throw new Invalid(
      `Cannot download image "${imageId}": the sink is locked; pass an unlocked sink`,
      { imageId },
    );
  }
  const pump = new Pump(sink.getWriter(), options.signal);
  try {
    const reader = await openDownload(client, context, imageId, options, known);
    await pump.run(reader, writesOf(reader, sink, options));
  } catch (error) {
    await pump.abort(error);
    throw error;
  } finally {
    pump.release();
  }
}

/** One write to a sink. */
interface Write {
  readonly data: Chunk;
  /** The argument of the write: the bytes alone, or a write command with their position. */
  readonly command: unknown;
}

/** The writes of a download, and the reuse of their memory. */
interface Writes {
  /** The next write; null at the end. */
  next(): Promise<Write | null>;
  /** Reuses the memory of a write that has settled. */
  recycle(chunk: Chunk): void;
}

/**
 * The writes for a sink: chunks in order. A sink that can seek, like a `FileSystemWritableFileStream`,
 * receives the chunks of several connections as they arrive, with their position, unless they are hashed.
 */
function writesOf(
  reader: ImageReader,
  sink: WritableStream<Chunk>,
  { reuseChunks = false }: DownloadOptions,
): Writes {
  const size = reuseChunks ? REUSED_CHUNK_SIZE : CHUNK_SIZE;
  const spare: ArrayBuffer[] = [];
  const keep = ({ buffer }: Chunk) => {
    if (buffer.byteLength === size) spare.push(buffer);
  };
  const recycle = (chunk: Chunk) => {
    keep(chunk);
    reader.recycle?.(chunk);
  };
  const { readUnordered } = reader;
  return {
    next: readUnordered !== undefined && isSeekable(sink)
      ? () => nextPositioned(readUnordered)
      : async () => {
        const memory = new Uint8Array(spare.pop() ?? new ArrayBuffer(size));
        const write = await nextInOrder(reader, memory);
        // A reader over several connections allocates its own memory.
        if (write?.data.buffer !== memory.buffer) keep(memory);
        return write;
      },
    recycle: reuseChunks ? recycle : () => {},
  };
}

async function nextInOrder(reader: ImageReader, into: Chunk): Promise<Write | null> {
  const data = await reader.read(into);
  return data && { data, command: data };
}

async function nextPositioned(
  readUnordered: NonNullable<ImageReader["readUnordered"]>,
): Promise<Write | null> {
  const chunk = await readUnordered();
  return chunk && { data: chunk.data, command: { type: "write", ...chunk } };
}

function isSeekable(sink: WritableStream<Chunk>): boolean {
  return ["seek", "truncate"].every((name) =>
    typeof (sink as unknown as Readonly<Record<string, unknown>>)[name] === "function"
  );
}

/** Writes chunks from a reader to a sink. */
class Pump {
  readonly #writer: WritableStreamDefaultWriter<unknown>;
  readonly #signal: AbortSignal | undefined;
  /** The sink's own error. */
  #failure: { readonly error: unknown } | null = null;
  /** The last operation on the sink, and whether it is pending. */
  #operation: Promise<void>;
  #isBusy = false;

  constructor(writer: WritableStreamDefaultWriter<unknown>, signal: AbortSignal | undefined) {
    this.#writer = writer;
    this.#signal = signal;
    this.#operation = this.#start(writer.ready);
  }

  async run(reader: ImageReader, writes: Writes): Promise<void> {
    const writer = this.#writer;
    // If the sink fails while a read is pending, the download ends at once.
    writer.closed.catch((error) => {
      this.#failure = { error };
      return reader.cancel(error);
    });
    try {
      await this.#operationSettled();
      for (let last: Write | null = null;;) {
        const next = await writes.next();
        await this.#operationSettled();
        if (last !== null) writes.recycle(last.data);
        reader.report();
        if (next === null) break;
        this.#operation = this.#start(writer.write(next.command));
        last = next;
      }
      if (this.#failure !== null) throw this.#failure.error;
      this.#operation = this.#start(writer.close());
      await this.#operationSettled();
    } catch (error) {
      await reader.cancel(error);
      throw error;
    }
  }

  /** Aborts the sink. If the caller has aborted, a stuck sink is not awaited. */
  async abort(error: unknown): Promise<void> {
    const aborted = this.#writer.abort(error).catch(() => {});
    if (!this.#isBusy || !this.#signal?.aborted) await aborted;
  }

  release(): void {
    this.#writer.closed.catch(() => {});
    this.#writer.releaseLock();
  }

  #start(operation: Promise<void>): Promise<void> {
    this.#isBusy = true;
    const settle = () => void (this.#isBusy = false);
    operation.then(settle, settle);
    return operation;
  }

  /** Waits for the last operation on the sink, or for the caller's abort. */
  async #operationSettled(): Promise<void> {
    await abortable(this.#operation, this.#signal);
  }
}
