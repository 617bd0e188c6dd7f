/**
 * The connections of a parallel download: each fetches the parts that the schedule gives it into their
 * buffers, until the download ends or a part cannot be fetched.
 *
 * @module
 */
import type { ResolvedOptions } from "../../options.ts";
import type { Chunk } from "../body_reader.ts";
import type { ResumingReader } from "../download/resuming_reader.ts";
import { Attempt, cancelAll, Notifier, type PartBuffer } from "./part_buffer.ts";
import type { PartScheduler } from "./part_scheduler.ts";

/** Milliseconds between the checks of an idle connection for a late part. */
const HEDGE_INTERVAL = 50;

/**
 * Size of a read in bytes: more than Deno buffers of a response (about 400 KiB), so that a read returns all
 * of it. Four connections on loopback take 101 to 116 MiB; with reads of 128 KiB, 130 to 177 MiB and half
 * as much time again of a processor.
 */
const READ_SIZE = 512 * 1024;

/** Opens the reader of a part over a connection. */
export type OpenPart = (connection: number, part: PartBuffer) => ResumingReader;

/** Fetches parts over several connections. */
export class PartFetcher {
  /** Resolves at the next change: bytes, a complete part, or a failure. */
  readonly changes = new Notifier();
  readonly #schedule: PartScheduler;
  readonly #options: ResolvedOptions;
  readonly #open: OpenPart;
  /** Buffers for reuse. */
  readonly #spare: ArrayBuffer[] = [];
  #resumes = 0;
  #failure: { readonly error: unknown } | null = null;
  #isStopped = false;

  constructor(schedule: PartScheduler, options: ResolvedOptions, open: OpenPart) {
    this.#schedule = schedule;
    this.#options = options;
    this.#open = open;
  }

  /** Number of times that complete parts resumed after a break. */
  get resumes(): number {
    return this.#resumes;
  }

  /** Why the parts cannot be fetched; null if they can. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Fetches parts over one connection until all are delivered. */
  async run(connection: number): Promise<void> {
    try {
      while (!this.#isStopped && !this.#schedule.isDone) {
        const part = this.#schedule.claim(connection, this.#options.now());
        if (part === null) await this.#pause();
        else await this.#fetch(part, connection);
      }
    } catch (error) {
      this.#failure ??= { error };
      this.changes.notify();
    }
  }

  /** Closes every connection. */
  async stop(reason: unknown): Promise<void> {
    this.#isStopped = true;
    this.changes.notify();
    await cancelAll(this.#schedule.claimed.flatMap(({ attempts }) => attempts), reason);
  }

  memory(size = READ_SIZE): Chunk {
    const spare = size === READ_SIZE ? this.#spare.pop() : undefined;
    return new Uint8Array(spare ?? new ArrayBuffer(size));
  }

  /** Reuses the memory of a delivered chunk. */
  recycle({ buffer }: Chunk): void {
    if (buffer.byteLength === READ_SIZE) this.#spare.push(buffer);
  }

  async #fetch(part: PartBuffer, connection: number): Promise<void> {
    const reader = this.#open(connection, part);
    const attempt = new Attempt(reader, this.#options.now());
    part.attempts.push(attempt);
    try {
      const isWhole = await this.#fill(part, attempt);
      this.#resumes += reader.resumes;
      if (!isWhole || part.isComplete || !part.attempts.includes(attempt)) return;
      this.#schedule.fetched(connection, part, this.#options.now() - attempt.since);
      const losers = part.attempts.filter((other) => other !== attempt);
      part.attempts = [attempt];
      part.isComplete = true;
      this.changes.notify();
      await cancelAll(losers, "another connection was faster");
    } catch (error) {
      part.hasFailed = true;
      const others = part.attempts.filter((other) => other !== attempt);
      const wasNeeded = others.length < part.attempts.length && !part.isComplete;
      part.attempts = others;
      this.changes.notify();
      if (wasNeeded && others.length === 0) throw error;
    }
  }

  /** Reads a part; false if it was canceled before its end. */
  async #fill(part: PartBuffer, attempt: Attempt): Promise<boolean> {
    const size = Math.min(READ_SIZE, part.size);
    for (let memory = this.memory(size);;) {
      const chunk = await attempt.reader.read(memory);
      if (chunk === null) return attempt.filled === part.size;
      // A small chunk would keep its whole buffer alive.
      const isSparse = 2 * chunk.byteLength < chunk.buffer.byteLength;
      part.put(attempt, isSparse ? chunk.slice() : chunk);
      memory = isSparse ? new Uint8Array(chunk.buffer) : this.memory(size);
      this.changes.notify();
    }
  }

  /** Waits for a change, or for the next check for late parts. */
  async #pause(): Promise<void> {
    const cancel = this.#options.timer(HEDGE_INTERVAL, () => this.changes.notify());
    await this.changes.next;
    cancel();
  }
}
