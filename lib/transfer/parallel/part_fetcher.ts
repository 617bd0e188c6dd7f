/**
 * Runs the connections of a parallel download: each fetches the parts that the schedule assigns to it into their
 * buffers, until the download ends or a part cannot be fetched.
 */
import type { ResolvedOptions } from "../../options.ts";
import type { Chunk } from "../body_reader.ts";
import type { ResumingReader } from "../download/resuming_reader.ts";
import { ActiveConnections } from "./active_connections.ts";
import { Notifier } from "../notifier.ts";
import type { PartBuffer } from "./part_buffer.ts";
import type { IsLeft } from "./part_source.ts";
import type { Claim, PartScheduler } from "./part_scheduler.ts";
import { isFar } from "./part_size.ts";

/** Milliseconds between the checks of an idle connection for silent and slow ones. */
const CHECK_INTERVAL = 50;

/**
 * Size of a read in bytes: more than Deno buffers of a response (about 400 KiB), so that a read returns all
 * of it. Four connections on loopback take 101 to 116 MiB; with reads of 128 KiB, 130 to 177 MiB and 50 % more CPU
 * time.
 */
const READ_SIZE = 512 * 1024;

/**
 * Milliseconds after a part until its connection can be used again. A request that is sent earlier opens a new one,
 * which starts slowly: over eight connections at 150 ms and 1 Gbit/s, 100 MiB took 3.9 s instead of 3.6 s (medians of
 * six).
 */
const REUSE_DELAY = 2;

/** Options of a fetcher. */
export interface FetcherOptions {
  readonly options: ResolvedOptions;
  /** Opens the reader of a part, which prefers the server. */
  open(server: string, part: PartBuffer, isLeft: IsLeft): ResumingReader;
  /** Called with the number of received bytes. */
  onReceived(bytes: number): void;
  /** Whether the lead can read parts that were given up. */
  isLeadOpen(): boolean;
}

/** Fetches parts over several connections. */
export class PartFetcher {
  /** Resolves at the next change: bytes, a complete part, or a failure. */
  readonly changes = new Notifier();
  readonly active = new ActiveConnections();
  /** Number of times that complete parts resumed after a break. */
  resumes = 0;
  readonly #schedule: PartScheduler;
  readonly #options: FetcherOptions;
  /** Buffers for reuse. */
  readonly #spare: ArrayBuffer[] = [];
  /** Number of connections, including the one of the lead. */
  #count = 1;
  /** Number of connections that were started, including the one of the lead. */
  #started = 1;
  #failure: { readonly error: unknown } | null = null;
  #isStopped = false;

  constructor(schedule: PartScheduler, options: FetcherOptions) {
    this.#schedule = schedule;
    this.#options = options;
  }

  /** The error because of which parts cannot be fetched; null if there is none. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Number of connections. */
  get count(): number {
    return this.#count;
  }

  /** Sets the number of connections; those above it end after their part. */
  use(count: number): void {
    this.#count = count;
    while (this.#started < count) this.#run(this.#started++);
  }

  /** Fetches parts over the first connection, which no longer leads. */
  useFirst(): void {
    this.#run(0);
  }

  /** Ends, and closes the connections of these parts. */
  async stop(parts: readonly PartBuffer[], reason: unknown): Promise<void> {
    this.#isStopped = true;
    this.#count = 1;
    this.#failure = null;
    this.changes.notify();
    await Promise.all(parts.map(({ reader }) => reader?.cancel(reason)));
  }

  memory(size = READ_SIZE): Chunk {
    const spare = size === READ_SIZE ? this.#spare.pop() : undefined;
    return new Uint8Array(spare ?? new ArrayBuffer(size));
  }

  /** Reuses the memory of a delivered chunk. */
  recycle({ buffer }: Chunk): void {
    if (buffer.byteLength === READ_SIZE) this.#spare.push(buffer);
  }

  /** Fetches parts over a connection until all are delivered. */
  async #run(connection: number): Promise<void> {
    this.active.add(connection);
    try {
      while (!this.#isStopped && !this.#schedule.isDone && this.#isUsed(connection)) {
        const claim = this.#schedule.claim(connection, this.#options.options.now());
        if (claim === null) await this.#pause();
        else {
          await this.#fetch(claim);
          if (claim.part.progress.isAbandoned) return;
          if (isFar(this.#schedule.wait) && !this.#schedule.isDone) await this.#reusable();
        }
      }
    } catch (error) {
      if (this.#isStopped) return;
      this.#failure ??= { error };
      this.changes.notify();
    } finally {
      this.active.remove(connection);
    }
  }

  /** Gives up a part that no server sends, if another connection can fetch it. */
  #giveUp({ connection, progress }: PartBuffer, since: number): boolean {
    progress.isAbandoned = !this.#isStopped &&
      this.active.refuse(connection, since, this.#count, this.#options.isLeadOpen());
    if (progress.isAbandoned) this.changes.notify();
    return progress.isAbandoned;
  }

  /** A single connection is that of the lead. */
  #isUsed(connection: number): boolean {
    return this.#count > 1 && connection < this.#count;
  }

  async #fetch({ part, from }: Claim): Promise<void> {
    const server = this.#schedule.serverOf(part.connection);
    const reader = part.reader = this.#options.open(
      server,
      part,
      (since) => this.#giveUp(part, since),
    );
    if (from?.missing === 0) from.reader?.cancel("another connection has taken over");
    try {
      await this.#fill(part, reader);
    } catch (error) {
      if (part.missing > 0 && !part.progress.isAbandoned) throw error;
    }
    if (part.missing > 0 || part.progress.isAbandoned) return;
    this.resumes += reader.resumes;
    part.isComplete = true;
    this.#schedule.fetched(part);
    this.changes.notify();
  }

  /** Reads a part, until its reader ends or another connection reads the rest. */
  async #fill(part: PartBuffer, reader: ResumingReader): Promise<void> {
    const { end } = part;
    const size = Math.min(READ_SIZE, part.size);
    const allocate = () => this.memory(size);
    for (let memory = allocate();;) {
      const chunk = await reader.read(memory);
      if (chunk === null) return;
      const isSmall = 2 * chunk.byteLength < size;
      part.put(chunk, this.#options.options.now(), isSmall ? allocate : undefined);
      this.#options.onReceived(chunk.byteLength);
      if (part.end < end && part.missing === 0) return await reader.cancel("the rest was moved");
      // Without BYOB, the chunk has memory of its own.
      if (memory.byteLength === 0) memory = isSmall ? new Uint8Array(chunk.buffer) : allocate();
      this.changes.notify();
    }
  }

  /** Resolves when the connection of the last part can be used again, or at the end. */
  async #reusable(): Promise<void> {
    let isReusable = false;
    const cancel = this.#options.options.timer(REUSE_DELAY, () => {
      isReusable = true;
      this.changes.notify();
    });
    while (!isReusable && !this.#isStopped) await this.changes.next;
    cancel();
  }

  /** Waits for a change, or for the next check. */
  async #pause(): Promise<void> {
    const cancel = this.#options.options.timer(CHECK_INTERVAL, () => this.changes.notify());
    await this.changes.next;
    cancel();
  }
}
