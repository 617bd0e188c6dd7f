/**
 * Downloads into a sink, with no stream in between: the next chunk is read while one is written, no more
 * than that, and the sink is undone where anything is wrong.
 *
 * @module
 */
import type { RequestContext } from "../../context.ts";
import { Invalid } from "../../errors.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import { abortable } from "../../http/deadline.ts";
import type { Chunk, ImageReader } from "../body_reader.ts";
import { openDownload } from "./download.ts";
import { ParallelReader } from "./parallel_reader.ts";
import type { DownloadOptions } from "../types.ts";

/**
 * Bytes that are asked of a body at once, where each chunk is new memory, since a sink may keep it: of larger
 * ones, the system takes every one back and clears the next, which costs more time and memory than it saves.
 */
const CHUNK_SIZE = 64 * 1024;

/** The same where memory is used again. */
const REUSED_CHUNK_SIZE = 256 * 1024;

/**
 * Downloads an image into a sink, which is closed when all bytes are in and right, and aborted
 * otherwise, also where the download cannot begin.
 *
 * @throws {Invalid} where somebody else writes to the sink, which is left alone then.
 */
export async function downloadTo(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  sink: WritableStream<Chunk>,
  options: DownloadOptions,
): Promise<void> {
  if (sink.locked) {
    throw new Invalid(
      `Cannot download image "${imageId}": somebody else writes to the sink; give one of your own`,
      { imageId },
    );
  }
  const pump = new Pump(sink.getWriter(), options.signal);
  try {
    const reader = await openDownload(client, context, imageId, options);
    await pump.run(reader, writesOf(reader, sink, options));
  } catch (error) {
    await pump.abort(error);
    throw error;
  } finally {
    pump.release();
  }
}

/** What a sink is given to write. */
interface Write {
  readonly data: Chunk;
  /** What tells the sink to write it: the bytes alone, or with their position. */
  readonly command: unknown;
}

/** What is written, and what becomes of its memory. */
interface Writes {
  /** The next write; null when that was all. */
  next(): Promise<Write | null>;
  /** Takes the memory of a write that has settled. */
  recycle(chunk: Chunk): void;
}

/**
 * What a sink gets: chunks in their order; or, where it is a file that can be written to anywhere (a
 * `FileSystemWritableFileStream`, or the like), what comes first over several connections, together with
 * its position. What is hashed comes in its order all the same.
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
  const recycle = reader.recycle?.bind(reader) ?? keep;
  return {
    next: reader instanceof ParallelReader && reader.isUnordered && isSeekable(sink)
      ? () => landing(reader)
      : () => reading(reader, new Uint8Array(spare.pop() ?? new ArrayBuffer(size))),
    recycle: reuseChunks ? recycle : () => {},
  };
}

async function reading(reader: ImageReader, into: Chunk): Promise<Write | null> {
  const data = await reader.read(into);
  return data && { data, command: data };
}

async function landing(reader: ParallelReader): Promise<Write | null> {
  const landed = await reader.readUnordered();
  return landed && { data: landed.data, command: { type: "write", ...landed } };
}

function isSeekable(sink: WritableStream<Chunk>): boolean {
  return ["seek", "truncate"].every((name) =>
    typeof (sink as unknown as Readonly<Record<string, unknown>>)[name] === "function"
  );
}

/** Carries chunks from a reader to a sink. */
class Pump {
  readonly #writer: WritableStreamDefaultWriter<unknown>;
  readonly #signal: AbortSignal | undefined;
  /** What the sink failed with by itself. */
  #failure: { readonly error: unknown } | null = null;
  /** What the sink was given to do last, and whether it is still at it. */
  #work: Promise<void>;
  #isBusy = false;

  constructor(writer: WritableStreamDefaultWriter<unknown>, signal: AbortSignal | undefined) {
    this.#writer = writer;
    this.#signal = signal;
    this.#work = this.#watch(writer.ready);
  }

  async run(reader: ImageReader, writes: Writes): Promise<void> {
    const writer = this.#writer;
    // A sink that fails while a read is pending ends the download at once.
    writer.closed.catch((error) => {
      this.#failure = { error };
      return reader.cancel(error);
    });
    try {
      // Nothing is read for a sink that is not ready.
      await this.#sunk();
      for (let last: Write | null = null;;) {
        const next = await writes.next();
        await this.#sunk();
        if (last !== null) writes.recycle(last.data);
        if (next === null) break;
        reader.report();
        this.#work = this.#watch(writer.write(next.command));
        last = next;
      }
      if (this.#failure !== null) throw this.#failure.error;
      this.#work = this.#watch(writer.close());
      await this.#sunk();
    } catch (error) {
      await reader.cancel(error);
      throw error;
    }
  }

  /** Undoes the sink. One that is stuck is told, and not waited for by a caller who has gone. */
  async abort(error: unknown): Promise<void> {
    const aborted = this.#writer.abort(error).catch(() => {});
    if (!this.#isBusy || !this.#signal?.aborted) await aborted;
  }

  release(): void {
    this.#writer.closed.catch(() => {});
    this.#writer.releaseLock();
  }

  #watch(work: Promise<void>): Promise<void> {
    this.#isBusy = true;
    const settle = () => void (this.#isBusy = false);
    work.then(settle, settle);
    return work;
  }

  /** Waits until the sink has done what it was given, unless the caller goes. */
  async #sunk(): Promise<void> {
    await abortable(this.#work, this.#signal);
  }
}
