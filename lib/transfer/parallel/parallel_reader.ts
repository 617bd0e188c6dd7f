/**
 * One ordered stream of bytes over several connections. The image is cut into parts, and each connection
 * claims the next part when it is free, so fast servers fetch more parts than slow ones. Bytes are delivered
 * in order; those of the first undelivered part as they arrive. Memory is bounded: connections claim no part
 * that is further ahead of the reader than one part per connection plus two. If no server supports ranges
 * any more, the remaining bytes are read over one connection.
 *
 * @module
 */
import { Deadline } from "../../http/deadline.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Chunk, ImageReader } from "../body_reader.ts";
import type { Verifier } from "../integrity/descriptor.ts";
import {
  Attempt,
  cancelAll,
  cut,
  Notifier,
  type PartBuffer,
  type PartConnection,
  type PositionedChunk,
} from "./part_buffer.ts";
import type { RangeSource } from "../download/range_source.ts";
import { ResumingReader } from "../download/resuming_reader.ts";
import { RangesUnavailable } from "../download/resume_policy.ts";
import type { Progress } from "../types.ts";

/** Options of a parallel download. */
export interface ParallelOptions {
  readonly options: ResolvedOptions;
  /** The connections. */
  readonly connections: readonly PartConnection[];
  /** Source of the remaining bytes if no server supports ranges any more. */
  readonly rest: RangeSource;
  /** Offset of the first requested byte. */
  readonly start: number;
  /** Offset after the last requested byte. */
  readonly stop: number;
  /** Size of a part in bytes. */
  readonly partSize: number;
  readonly verifier: Verifier | null;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Parts that may wait for the reader while each connection fetches one. */
const AHEAD = 2;

/** Milliseconds between the checks of an idle connection for a late part. */
const HEDGE_INTERVAL = 50;

/** Size of a read in bytes. */
const READ_SIZE = 128 * 1024;

/** Reads an image over several connections. */
export class ParallelReader implements ImageReader {
  readonly #options: ParallelOptions;
  readonly #parts: PartBuffer[];
  /** Endpoint roots of the servers, for progress reports. */
  readonly #servers: string;
  readonly #lifetime: Deadline;
  #claimed = 0;
  #delivered = 0;
  #transferred = 0;
  #resumes = 0;
  #failure: { readonly error: unknown } | null = null;
  #isClosed = false;
  #changed = new Notifier();
  /** Bytes per millisecond of the last part that a connection has fetched. */
  readonly #rates = new Map<PartConnection, number>();
  /** Reads the remaining bytes if no server supports ranges any more. */
  #rest: ResumingReader | null = null;
  /** Buffers for reuse. */
  readonly #spare: ArrayBuffer[] = [];

  constructor(options: ParallelOptions) {
    this.#options = options;
    this.#lifetime = new Deadline(options.options, options.signal);
    options.verifier?.endWith(this.#lifetime.signal);
    this.#lifetime.signal.addEventListener("abort", () => this.#notify(), { once: true });
    this.#servers = [...new Set(options.connections.map(({ server }) => server))].join(" ");
    this.#parts = cut({ ...options, connections: options.connections.length });
    for (const connection of options.connections) this.#run(connection);
  }

  /** The next bytes in order, in memory of their own. */
  async read(): Promise<Chunk | null> {
    const chunk = await this.#take(() => this.#parts.slice(this.#delivered, this.#delivered + 1));
    if (chunk === null) return null;
    return await this.#verified((verifier) => verifier.update(chunk.data)) ? chunk.data : null;
  }

  /** Whether bytes may be read in any order, which a hash does not allow. */
  get isUnordered(): boolean {
    return this.#options.verifier === null;
  }

  /** The next received bytes in any order, with their position. */
  async readUnordered(): Promise<PositionedChunk | null> {
    return await this.#take(() => this.#parts.slice(this.#delivered, this.#claimed));
  }

  /** Reuses the memory of a delivered chunk. */
  recycle({ buffer }: Chunk): void {
    if (buffer.byteLength === READ_SIZE) this.#spare.push(buffer);
  }

  report(): void {
    const { onProgress, stop, start } = this.#options;
    onProgress?.({
      transferred: this.#transferred,
      total: stop - start,
      server: this.#servers,
      resumes: this.#resumes + (this.#rest?.resumes ?? 0),
    });
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    const attempts = this.#parts.flatMap((part) => part.attempts);
    const { verifier } = this.#options;
    await Promise.all([cancelAll(attempts, reason), this.#rest?.cancel(reason), verifier?.close()]);
  }

  /** Waits for the next bytes of one of these parts. */
  async #take(parts: () => readonly PartBuffer[]): Promise<PositionedChunk | null> {
    while (!this.#isClosed) {
      if (this.#options.signal?.aborted) await this.#fail(this.#options.signal.reason);
      if (this.#rest !== null) return await this.#takeRest(this.#rest);
      if (this.#delivered === this.#parts.length) return await this.#finish();
      for (const part of parts()) {
        const position = part.end + 1 - part.left - this.#options.start;
        const data = part.take();
        if (data === null) continue;
        this.#transferred += data.byteLength;
        while (this.#parts[this.#delivered]?.isDelivered) this.#delivered++;
        this.#notify();
        return { position, data };
      }
      if (this.#failure?.error instanceof RangesUnavailable) await this.#startRest();
      else if (this.#failure !== null) await this.#fail(this.#failure.error);
      if (this.#rest !== null) continue;
      await this.#changed.promise;
    }
    return null;
  }

  /** Drops the parts and reads from the first undelivered byte over one connection. */
  async #startRest(): Promise<void> {
    const part = this.#parts[this.#delivered];
    const start = part === undefined ? this.#options.stop : part.end + 1 - part.left;
    this.#delivered = this.#parts.length;
    this.#transferred = start - this.#options.start;
    const attempts = this.#parts.flatMap(({ attempts }) => attempts);
    await cancelAll(attempts, "no server supports ranges");
    this.#rest = this.#readerOf(this.#options.rest, start, this.#options.stop - 1);
  }

  async #takeRest(rest: ResumingReader): Promise<PositionedChunk | null> {
    try {
      const data = await rest.read(this.#memory(READ_SIZE));
      if (data === null) return this.#isClosed ? null : await this.#finish();
      this.#transferred += data.byteLength;
      return { position: this.#transferred - data.byteLength, data };
    } catch (error) {
      return await this.#fail(error);
    }
  }

  #readerOf(source: RangeSource, start: number, end: number): ResumingReader {
    return new ResumingReader(source, {
      options: this.#options.options,
      start,
      end,
      isPart: true,
      verifier: null,
      isHashed: this.#options.verifier !== null,
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

  /** Fetches parts over one connection until all are delivered. */
  async #run(connection: PartConnection): Promise<void> {
    try {
      while (!this.#isClosed && this.#delivered < this.#parts.length) {
        const part = this.#claim(connection);
        if (part === null) await this.#pause();
        else await this.#fetch(part, connection);
      }
    } catch (error) {
      this.#failure ??= { error };
      this.#notify();
    }
  }

  /** Claims the next part if there is room for it, else one that is late on another connection. */
  #claim(connection: PartConnection): PartBuffer | null {
    const next = this.#parts[this.#claimed];
    if (next !== undefined && this.#hasRoomFor(next)) {
      this.#claimed++;
      return next;
    }
    const rate = this.#rates.get(connection) ?? null;
    const now = this.#options.options.now();
    const claimed = this.#parts.slice(this.#delivered, this.#claimed);
    return claimed.find((part) => rate !== null && part.isLate(now, rate)) ?? null;
  }

  /** Whether memory allows another claimed part. */
  #hasRoomFor(part: PartBuffer): boolean {
    const { partSize, connections } = this.#options;
    const claimed = this.#parts.slice(this.#delivered, this.#claimed);
    const bytes = claimed.reduce((sum, { left }) => sum + left, part.size);
    return bytes <= (connections.length + AHEAD) * partSize;
  }

  async #fetch(part: PartBuffer, connection: PartConnection): Promise<void> {
    const { options } = this.#options;
    const { start, end } = part;
    const reader = this.#readerOf(connection.rangeSource(end), start, end);
    const attempt = new Attempt(reader, options.now());
    part.attempts.push(attempt);
    try {
      const isWhole = await this.#fill(part, attempt);
      this.#resumes += reader.resumes;
      if (!isWhole || part.isComplete || !part.attempts.includes(attempt)) return;
      this.#rates.set(connection, part.size / Math.max(1, options.now() - attempt.since));
      const losers = part.attempts.filter((other) => other !== attempt);
      part.attempts = [attempt];
      part.isComplete = true;
      this.#notify();
      await cancelAll(losers, "another connection was faster");
    } catch (error) {
      part.hasFailed = true;
      const others = part.attempts.filter((other) => other !== attempt);
      const wasNeeded = others.length < part.attempts.length && !part.isComplete;
      part.attempts = others;
      this.#notify();
      if (wasNeeded && others.length === 0) throw error;
    }
  }

  /** Reads a part; false if it was cancelled before its end. */
  async #fill(part: PartBuffer, attempt: Attempt): Promise<boolean> {
    const size = Math.min(READ_SIZE, part.size);
    for (let memory = this.#memory(size);;) {
      const chunk = await attempt.reader.read(memory);
      if (chunk === null) return attempt.filled === part.size;
      // A small chunk would keep its whole buffer alive.
      const isSparse = 2 * chunk.byteLength < chunk.buffer.byteLength;
      part.put(attempt, isSparse ? chunk.slice() : chunk);
      memory = isSparse ? new Uint8Array(chunk.buffer) : this.#memory(size);
      this.#notify();
    }
  }

  #memory(size: number): Chunk {
    const spare = size === READ_SIZE ? this.#spare.pop() : undefined;
    return new Uint8Array(spare ?? new ArrayBuffer(size));
  }

  /** Waits for a change, or for the next check for late parts. */
  async #pause(): Promise<void> {
    const stop = new AbortController();
    const { sleep } = this.#options.options;
    const tick = sleep(HEDGE_INTERVAL, stop.signal).catch(() => {});
    await Promise.race([this.#changed.promise, tick]);
    stop.abort("changed");
  }

  #notify(): void {
    this.#changed.give();
    this.#changed = new Notifier();
  }
}
