/**
 * One ordered stream of bytes from several connections: the image is cut into parts, each connection
 * takes the next part as soon as it is free, so that a fast server gets many and a slow one few, and the
 * parts are handed over in their order. Memory is bounded: no part is begun that is more than one a
 * connection ahead of the reader.
 *
 * @module
 */
import { Deadline } from "../http/deadline.ts";
import type { ResolvedOptions } from "../options.ts";
import type { Chunk, ImageReader } from "./body_reader.ts";
import type { Verifier } from "./integrity.ts";
import type { PieceSource } from "./piece.ts";
import { ResumingReader } from "./resume.ts";
import type { Progress } from "./types.ts";

/** What a parallel download is told. */
export interface ParallelOptions {
  readonly options: ResolvedOptions;
  /** One for each connection: where its parts come from, unless that fails. */
  readonly connections: readonly Connection[];
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

/** A connection of a parallel download. */
export interface Connection {
  /** Endpoint root of the server that it prefers. */
  readonly server: string;
  /** The bytes from `start` to `end`, both inclusive. */
  pieces(start: number, end: number): PieceSource;
}

/** Milliseconds after which an idle connection looks again for a part that is late. */
const HEDGE_INTERVAL = 50;

/** Bytes that are asked of a body at once. */
const READ_SIZE = 256 * 1024;

/** A stretch of the image. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** Its bytes, when they are all there. */
  bytes: Chunk | null;
  /** Who is fetching it: one connection, or two where the first is late. */
  readonly attempts: Attempt[];
  /** Whether an attempt has failed: the other is the last then, or two would fail in turn for ever. */
  hasFailed: boolean;
}

/** One connection at work on one part. */
interface Attempt {
  readonly reader: ResumingReader;
  readonly since: number;
  filled: number;
}

/** Reads an image over several connections. */
export class ParallelReader implements ImageReader {
  readonly #told: ParallelOptions;
  readonly #parts: Part[];
  readonly #lifetime: Deadline;
  #claimed = 0;
  #delivered = 0;
  /** Bytes of the part at the front that were handed over. */
  #position = 0;
  #transferred = 0;
  #resumes = 0;
  #failure: { readonly error: unknown } | null = null;
  #isClosed = false;
  #changed = new Signal();
  /** Bytes a millisecond of the last part that a connection has fetched. */
  readonly #rates = new Map<Connection, number>();

  constructor(told: ParallelOptions) {
    this.#told = told;
    this.#lifetime = new Deadline(told.options, told.signal);
    this.#lifetime.signal.addEventListener("abort", () => this.#notify(), { once: true });
    const count = Math.ceil((told.stop - told.start) / told.partSize);
    this.#parts = Array.from({ length: count }, (_, i) => ({
      start: told.start + i * told.partSize,
      end: Math.min(told.start + (i + 1) * told.partSize, told.stop) - 1,
      bytes: null,
      attempts: [],
      hasFailed: false,
    }));
    for (const connection of told.connections) this.#work(connection);
  }

  async read(into: Chunk): Promise<Chunk | null> {
    if (this.#isClosed) return null;
    const part = this.#parts[this.#delivered];
    if (part === undefined) return await this.#finish();
    while (part.bytes === null) {
      if (this.#told.signal?.aborted) await this.#fail(this.#told.signal.reason);
      if (this.#failure !== null) await this.#fail(this.#failure.error);
      await this.#changed.promise;
      if (this.#isClosed) return null;
    }
    // Copied: whoever gets the chunk may give its memory away, and the rest of the part with it.
    const rest = part.bytes.subarray(this.#position, this.#position + into.byteLength);
    const chunk = into.subarray(0, rest.byteLength);
    chunk.set(rest);
    this.#position += chunk.byteLength;
    this.#transferred += chunk.byteLength;
    if (!await this.#verified((verifier) => verifier.update(chunk))) return null;
    if (this.#position === part.bytes.byteLength) this.#drop(part);
    return chunk;
  }

  report(): void {
    const { onProgress, stop, start } = this.#told;
    onProgress?.({
      transferred: this.#transferred,
      total: stop - start,
      server: this.#told.connections.map(({ server }) => server).join(" "),
      resumes: this.#resumes,
    });
  }

  async cancel(reason: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lifetime.abort(reason);
    this.#lifetime[Symbol.dispose]();
    const attempts = this.#parts.flatMap((part) => part.attempts);
    const ends = attempts.map(({ reader }) => reader.cancel(reason));
    await Promise.all([...ends, this.#told.verifier?.close()]);
  }

  #drop(part: Part): void {
    part.bytes = null;
    this.#delivered++;
    this.#position = 0;
    this.#notify();
  }

  async #finish(): Promise<null> {
    if (await this.#verified((verifier) => verifier.check())) await this.cancel("complete");
    return null;
  }

  /** Waits for the hash; false where the download was ended meanwhile. */
  async #verified(work: (verifier: Verifier) => Promise<void> | void): Promise<boolean> {
    try {
      if (this.#told.verifier !== null) await work(this.#told.verifier);
      return !this.#isClosed;
    } catch (error) {
      return this.#isClosed ? false : await this.#fail(error);
    }
  }

  async #fail(error: unknown): Promise<never> {
    await this.cancel(error);
    throw error;
  }

  /** What one connection does until there is nothing left to do. */
  async #work(connection: Connection): Promise<void> {
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

  /** The next part within the window, else one that is late elsewhere. */
  #claim(connection: Connection): Part | null {
    const { connections } = this.#told;
    if (this.#claimed < Math.min(this.#parts.length, this.#delivered + connections.length)) {
      return this.#parts[this.#claimed++] ?? null;
    }
    const isLate = (part: Part) => this.#isLate(part, connection);
    return this.#parts.slice(this.#delivered, this.#claimed).find(isLate) ?? null;
  }

  /** Whether this connection would have the whole part before its first one has the rest. */
  #isLate(part: Part, connection: Connection): boolean {
    const [first, ...others] = part.attempts;
    const rate = this.#rates.get(connection) ?? null;
    const isTaken = part.bytes !== null || part.hasFailed || others.length > 0;
    if (isTaken || first === undefined || rate === null) return false;
    const size = part.end - part.start + 1;
    const elapsed = this.#told.options.now() - first.since;
    const ownTime = size / rate;
    if (elapsed < ownTime) return false;
    return (size - first.filled) * elapsed / Math.max(first.filled, 1) > ownTime;
  }

  async #fetch(part: Part, connection: Connection): Promise<void> {
    const { options } = this.#told;
    const { start, end } = part;
    const reader = new ResumingReader(connection.pieces(start, end), {
      options,
      start,
      end,
      isPart: true,
      verifier: null,
      isHashed: this.#told.verifier !== null,
      signal: this.#lifetime.signal,
      onProgress: undefined,
    });
    const attempt: Attempt = { reader, since: options.now(), filled: 0 };
    part.attempts.push(attempt);
    try {
      const bytes = await fill(attempt, end - start + 1);
      this.#resumes += reader.resumes;
      if (bytes === null || part.bytes !== null || part.attempts.length === 0) return;
      this.#rates.set(connection, bytes.byteLength / Math.max(1, options.now() - attempt.since));
      part.bytes = bytes;
      const losers = part.attempts.splice(0).filter((other) => other !== attempt);
      this.#notify();
      await Promise.all(
        losers.map((loser) => loser.reader.cancel("another connection was faster")),
      );
    } catch (error) {
      part.hasFailed = true;
      const position = part.attempts.indexOf(attempt);
      if (position >= 0) part.attempts.splice(position, 1);
      if (position >= 0 && part.attempts.length === 0 && part.bytes === null) throw error;
    }
  }

  /** Waits until something has changed, or it is time to look for late parts again. */
  async #pause(): Promise<void> {
    const stop = new AbortController();
    const { sleep } = this.#told.options;
    const tick = sleep(HEDGE_INTERVAL, stop.signal).catch(() => {});
    await Promise.race([this.#changed.promise, tick]);
    stop.abort("changed");
  }

  #notify(): void {
    this.#changed.give();
    this.#changed = new Signal();
  }
}

/** A promise that is kept from outside. */
class Signal {
  give: () => void = () => {};
  readonly promise: Promise<void> = new Promise((resolve) => this.give = resolve);
}

/** All bytes of a part; null where the reader was cancelled. */
async function fill(attempt: Attempt, size: number): Promise<Chunk | null> {
  const bytes: Chunk = new Uint8Array(size);
  for (let memory: Chunk = new Uint8Array(READ_SIZE);;) {
    const chunk = await attempt.reader.read(memory);
    if (chunk === null) return attempt.filled === size ? bytes : null;
    bytes.set(chunk, attempt.filled);
    attempt.filled += chunk.byteLength;
    // The memory comes back where the runtime reads into it.
    memory = new Uint8Array(
      chunk.buffer.byteLength === READ_SIZE ? chunk.buffer : new ArrayBuffer(READ_SIZE),
    );
  }
}
