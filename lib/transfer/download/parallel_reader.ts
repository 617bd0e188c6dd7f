/**
 * One ordered stream of bytes from several connections: the image is cut into parts, each connection
 * takes the next part as soon as it is free, so that a fast server gets many and a slow one few, and the
 * bytes are handed over in their order, those of the first part as they come. Memory is bounded: no part
 * is begun that lies further ahead of the reader than one part for each connection and two more. If no
 * server gives parts any more, the rest is read over one connection.
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
import type { RangeSource } from "./range_source.ts";
import { ResumingReader } from "./resuming_reader.ts";
import { RangesUnavailable } from "./resume_policy.ts";
import type { Progress } from "../types.ts";

/** What a parallel download is told. */
export interface ParallelOptions {
  readonly options: ResolvedOptions;
  /** One for each connection: where its parts come from, unless that fails. */
  readonly connections: readonly PartConnection[];
  /** Where the rest comes from if no server gives parts any more. */
  readonly rest: RangeSource;
  /** First wanted byte. */
  readonly start: number;
  /** Behind the last wanted byte. */
  readonly stop: number;
  /** Bytes of a part. */
  readonly partSize: number;
  readonly verifier: Verifier | null;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** Parts that may wait for the reader while each connection fetches another one. */
const AHEAD = 2;

/** Milliseconds after which an idle connection looks again for a part that is late. */
const HEDGE_INTERVAL = 50;

/** Bytes that are asked of a body at once. */
const READ_SIZE = 128 * 1024;

/** Reads an image over several connections. */
export class ParallelReader implements ImageReader {
  readonly #options: ParallelOptions;
  readonly #parts: PartBuffer[];
  /** The servers, by name. */
  readonly #servers: string;
  readonly #lifetime: Deadline;
  #claimed = 0;
  #delivered = 0;
  #transferred = 0;
  #resumes = 0;
  #failure: { readonly error: unknown } | null = null;
  #isClosed = false;
  #changed = new Notifier();
  /** Bytes a millisecond of the last part that a connection has fetched. */
  readonly #rates = new Map<PartConnection, number>();
  /** Reads the rest if no server gives parts any more. */
  #rest: ResumingReader | null = null;
  /** Memory that came back. */
  readonly #spare: ArrayBuffer[] = [];

  constructor(options: ParallelOptions) {
    this.#options = options;
    this.#lifetime = new Deadline(options.options, options.signal);
    options.verifier?.endWith(this.#lifetime.signal);
    this.#lifetime.signal.addEventListener("abort", () => this.#notify(), { once: true });
    this.#servers = [...new Set(options.connections.map(({ server }) => server))].join(" ");
    this.#parts = cut({ ...options, connections: options.connections.length });
    for (const connection of options.connections) this.#work(connection);
  }

  /** The next bytes in their order, in memory of their own. */
  async read(): Promise<Chunk | null> {
    const landed = await this.#take(() => this.#parts.slice(this.#delivered, this.#delivered + 1));
    if (landed === null) return null;
    return await this.#verified((verifier) => verifier.update(landed.data)) ? landed.data : null;
  }

  /** Whether bytes may be taken in any order: a hash needs theirs. */
  get isUnordered(): boolean {
    return this.#options.verifier === null;
  }

  /** The next bytes that have come, wherever they belong. */
  async readUnordered(): Promise<PositionedChunk | null> {
    return await this.#take(() => this.#parts.slice(this.#delivered, this.#claimed));
  }

  /** Takes back the memory of bytes that were handed over. */
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

  /** Bytes of one of these parts, as soon as one has some. */
  async #take(among: () => readonly PartBuffer[]): Promise<PositionedChunk | null> {
    while (!this.#isClosed) {
      if (this.#options.signal?.aborted) await this.#fail(this.#options.signal.reason);
      if (this.#rest !== null) return await this.#takeRest(this.#rest);
      if (this.#delivered === this.#parts.length) return await this.#finish();
      for (const part of among()) {
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

  /** Gives up the parts, with what is there of them after the first gap, and reads from there on. */
  async #startRest(): Promise<void> {
    const part = this.#parts[this.#delivered];
    const start = part === undefined ? this.#options.stop : part.end + 1 - part.left;
    this.#delivered = this.#parts.length;
    this.#transferred = start - this.#options.start;
    const attempts = this.#parts.flatMap(({ attempts }) => attempts);
    await cancelAll(attempts, "no server gives parts");
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

  /** Waits for the hash; false where the download was ended meanwhile. */
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

  /** What one connection does until there is nothing left to do. */
  async #work(connection: PartConnection): Promise<void> {
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

  /** The next part if there is room for it, else one that is late elsewhere. */
  #claim(connection: PartConnection): PartBuffer | null {
    const next = this.#parts[this.#claimed];
    if (next !== undefined && this.#hasRoomFor(next)) {
      this.#claimed++;
      return next;
    }
    const rate = this.#rates.get(connection) ?? null;
    const now = this.#options.options.now();
    const begun = this.#parts.slice(this.#delivered, this.#claimed);
    return begun.find((part) => rate !== null && part.isLate(now, rate)) ?? null;
  }

  /** Whether there may be so many bytes between the reader and the end of what is begun. */
  #hasRoomFor(part: PartBuffer): boolean {
    const { partSize, connections } = this.#options;
    const begun = this.#parts.slice(this.#delivered, this.#claimed);
    const bytes = begun.reduce((sum, { left }) => sum + left, part.size);
    return bytes <= (connections.length + AHEAD) * partSize;
  }

  async #fetch(part: PartBuffer, connection: PartConnection): Promise<void> {
    const { options } = this.#options;
    const { start, end } = part;
    const reader = this.#readerOf(connection.pieces(end), start, end);
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

  /** Reads a part; false where it was ended before. */
  async #fill(part: PartBuffer, attempt: Attempt): Promise<boolean> {
    const size = Math.min(READ_SIZE, part.size);
    for (let memory = this.#memory(size);;) {
      const chunk = await attempt.reader.read(memory);
      if (chunk === null) return attempt.filled === part.size;
      // A chunk that is mostly room is not kept with all of it.
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

  /** Waits until something has changed, or it is time to look for late parts again. */
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
