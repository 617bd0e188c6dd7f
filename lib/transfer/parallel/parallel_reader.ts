/**
 * One stream of bytes over several connections. `part_scheduler.ts` decides which part each connection
 * fetches, `part_fetcher.ts` fetches it, and this file delivers the bytes: in order, those of the first
 * undelivered part as they arrive, or in any order with their position. If no server supports ranges any
 * more, the remaining bytes are read over one connection.
 */
import type { Deadline } from "../../http/deadline.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Chunk, ImageReader, PositionedChunk } from "../body_reader.ts";
import type { Verifier } from "../integrity/descriptor.ts";
import type { PartBuffer } from "./part_buffer.ts";
import { PartFetcher } from "./part_fetcher.ts";
import { PartScheduler } from "./part_scheduler.ts";
import type { RangeSource } from "../download/range_source.ts";
import type { ResumingReader } from "../download/resuming_reader.ts";
import type { RangesUnavailable } from "../download/resume_policy.ts";
import type { Progress } from "../types.ts";

export interface ParallelOptions {
  readonly options: ResolvedOptions;
  readonly connections: number;
  /** Endpoint roots of the servers, over which the connections are distributed. */
  readonly servers: readonly string[];
  /** A source of the bytes up to `end`, inclusive, that prefers a server. */
  rangeSource(end: number, server: string): RangeSource;
  /** Source of the remaining bytes if no server supports ranges any more. */
  readonly rest: RangeSource;
  /** Offset of the first requested byte. */
  readonly start: number;
  /** Offset after the last requested byte. */
  readonly endExclusive: number;
  /** Maximum size of a part in bytes; undefined to adapt it to the network. */
  readonly partSize: number | undefined;
  /** Verifies the hash of the bytes; null if this reader does not. */
  readonly verifier: Verifier | null;
  /** Whether the hash is verified, here or by a reader that uses this one. */
  readonly isHashed: boolean;
  /** Called with the number of bytes that a connection has received. */
  onReceived(bytes: number): void;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly shared: SharedClasses;
}

/** Classes that a program loads at its start. If this code imported them, they would be in a file of their own. */
export interface SharedClasses {
  readonly Deadline: typeof Deadline;
  readonly RangesUnavailable: typeof RangesUnavailable;
  readonly ResumingReader: typeof ResumingReader;
}

/** Reads an image over several connections. */
export class ParallelReader implements ImageReader {
  readonly #options: ParallelOptions;
  readonly #schedule: PartScheduler;
  readonly #fetcher: PartFetcher;
  readonly #lifetime: Deadline;
  #transferred = 0;
  /** Reads the remaining bytes if no server supports ranges any more. */
  #rest: ResumingReader | null = null;
  #isClosed = false;

  constructor(options: ParallelOptions) {
    this.#options = options;
    this.#lifetime = new options.shared.Deadline(options.options, options.signal);
    options.verifier?.endWith(this.#lifetime.signal);
    const { servers, rangeSource, onReceived } = options;
    this.#schedule = new PartScheduler(options);
    const open = (server: string, { start, end }: PartBuffer) =>
      this.#readerOf(rangeSource(end, server), start, end);
    this.#fetcher = new PartFetcher(this.#schedule, options.options, { servers, open, onReceived });
    const notify = () => this.#fetcher.changes.notify();
    this.#lifetime.signal.addEventListener("abort", notify, { once: true });
    this.use(options.connections);
  }

  /** Continues with this number of connections. */
  use(connections: number): void {
    this.#fetcher.use(connections);
  }

  /** The next bytes in order, in memory of their own. */
  async read(): Promise<Chunk | null> {
    const chunk = await this.#next(() => this.#schedule.claimed.slice(0, 1));
    if (chunk === null) return null;
    return await this.#verified((verifier) => verifier.update(chunk.data)) ? chunk.data : null;
  }

  /** The next received bytes in any order, which a hash does not allow. */
  get readUnordered(): (() => Promise<PositionedChunk | null>) | undefined {
    if (this.#options.isHashed) return undefined;
    return () => this.#next(() => this.#schedule.claimed);
  }

  /** Reuses the memory of a delivered chunk. */
  recycle(chunk: Chunk): void {
    this.#fetcher.recycle(chunk);
  }

  report(): void {
    const { onProgress, endExclusive, start } = this.#options;
    onProgress?.({
      transferred: this.#transferred,
      total: endExclusive - start,
      server: this.#fetcher.servers.join(" "),
      resumes: this.#fetcher.resumes + (this.#rest?.resumes ?? 0),
    });
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    const { verifier } = this.#options;
    await Promise.all([
      this.#fetcher.stop(reason),
      this.#rest?.cancel(reason),
      verifier?.close(),
    ]);
  }

  /** Waits for the next bytes of one of these parts. */
  async #next(parts: () => readonly PartBuffer[]): Promise<PositionedChunk | null> {
    while (!this.#isClosed) {
      const { signal, start, shared } = this.#options;
      if (signal?.aborted) await this.#fail(signal.reason);
      if (this.#rest !== null) return await this.#readRest(this.#rest);
      if (this.#schedule.isDone) return await this.#finish();
      for (const part of parts()) {
        const position = part.position - start;
        const data = part.take();
        if (data === null) continue;
        this.#transferred += data.byteLength;
        this.#fetcher.changes.notify();
        return { position, data };
      }
      const { failure } = this.#fetcher;
      if (failure?.error instanceof shared.RangesUnavailable) await this.#startRest();
      else if (failure !== null) await this.#fail(failure.error);
      else await this.#fetcher.changes.next;
    }
    return null;
  }

  /** Drops the parts and reads from the first undelivered byte over one connection. */
  async #startRest(): Promise<void> {
    const { start, endExclusive, rest } = this.#options;
    const offset = this.#schedule.position;
    this.#transferred = offset - start;
    await this.#fetcher.stop("no server supports ranges");
    this.#rest = this.#readerOf(rest, offset, endExclusive - 1);
  }

  async #readRest(rest: ResumingReader): Promise<PositionedChunk | null> {
    try {
      const data = await rest.read(this.#fetcher.memory());
      if (data === null) return this.#isClosed ? null : await this.#finish();
      this.#transferred += data.byteLength;
      return { position: this.#transferred - data.byteLength, data };
    } catch (error) {
      return await this.#fail(error);
    }
  }

  #readerOf(source: RangeSource, start: number, end: number): ResumingReader {
    const { options, shared, isHashed } = this.#options;
    return new shared.ResumingReader(source, {
      options,
      start,
      end,
      isPart: true,
      verifier: null,
      isHashed,
      signal: this.#lifetime.signal,
      onProgress: undefined,
    });
  }

  async #finish(): Promise<null> {
    if (await this.#verified((verifier) => verifier.check())) await this.cancel("complete");
    return null;
  }

  /** Waits for the hash; false if the download has ended in the meantime. */
  async #verified(work: (verifier: Verifier) => Promise<void> | void): Promise<boolean> {
    try {
      if (this.#options.verifier !== null) await work(this.#options.verifier);
      return !this.#isClosed;
    } catch (error) {
      const { signal } = this.#options;
      return this.#isClosed ? false : await this.#fail(signal?.aborted ? signal.reason : error);
    }
  }

  async #fail(error: unknown): Promise<never> {
    await this.cancel(error);
    throw error;
  }
}
