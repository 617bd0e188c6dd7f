/**
 * Delivers the bytes of a parallel download. The first connection leads: the consumer reads its bytes directly. For
 * other connections, `part_scheduler.ts` decides which part each of them fetches, `part_fetcher.ts` fetches it, and this
 * file delivers the bytes of the first undelivered part, or of any. If a part cannot be fetched, the lead reads all of
 * the rest.
 */
import type { Chunk, PositionedChunk } from "../body_reader.ts";
import { ConnectionCount } from "./connection_count.ts";
import type { LeadReader } from "./lead_reader.ts";
import type { PartBuffer } from "./part_buffer.ts";
import { PartReaders, type PartReadersOptions } from "./part_readers.ts";
import { PartFetcher } from "./part_fetcher.ts";
import { PartScheduler } from "./part_scheduler.ts";

export interface DeliveryOptions extends PartReadersOptions {
  readonly connections: number | "auto";
  /** Endpoint roots of the servers, over which the connections are distributed. */
  readonly servers: readonly string[];
  /** Maximum size of a part in bytes; undefined to adapt it to the network. */
  readonly partSize: number | undefined;
}

/** Delivers the bytes of an image over one or several connections. */
export class PartDelivery {
  readonly #options: DeliveryOptions;
  readonly #schedule: PartScheduler;
  readonly #fetcher: PartFetcher;
  readonly #readers: PartReaders;
  /** The last lead. It is closed while the next bytes come from other connections. */
  #lead: LeadReader;
  /** Null if the number of connections is fixed. */
  #autoCount: ConnectionCount | null = null;
  #transferred = 0;
  /** Whether a server supports ranges: a connection has received one. */
  #supportsRanges = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#readers = new PartReaders(options);
    this.#schedule = new PartScheduler(options);
    this.#fetcher = new PartFetcher(this.#schedule, {
      options: options.options,
      open: (...args) => this.#readers.part(...args),
      isLeadOpen: () => this.#lead.isOpen,
      onReceived: (bytes) => {
        this.#supportsRanges = true;
        this.#received(bytes);
      },
    });
    options.lifetime.addEventListener("abort", () => this.#fetcher.changes.notify(), {
      once: true,
    });
    this.#lead = this.#nextLead();
  }

  async open(): Promise<void> {
    const { connections, options: { now } } = this.#options;
    await this.#lead.open();
    this.#lead.report();
    if (connections !== "auto") return this.#use(connections);
    this.#autoCount = new ConnectionCount(now(), this.#lead.wait);
    this.#use(this.#autoCount.count);
  }

  memory(): Chunk {
    return this.#fetcher.memory();
  }

  recycle(chunk: Chunk): void {
    this.#fetcher.recycle(chunk);
  }

  report(): void {
    const { onProgress, endExclusive, start } = this.#options;
    this.#lead.report();
    const { count, resumes } = this.#fetcher;
    onProgress?.({
      transferred: receivedBytes(this.#schedule.claimed, this.#transferred),
      total: endExclusive - start,
      server: count === 1 ? this.#readers.server : this.#schedule.serversOf(count).join(" "),
      resumes: this.#readers.resumes + resumes,
    });
  }

  async cancel(reason: unknown): Promise<void> {
    await Promise.all([
      this.#fetcher.stop(this.#schedule.claimed, reason),
      this.#lead.cancel(reason),
    ]);
  }

  /** Waits for the next bytes, in order or not; null after all. The lead uses `into` if possible. */
  async next(isOrdered: boolean, into: Chunk): Promise<PositionedChunk | null> {
    for (;;) {
      this.#options.lifetime.throwIfAborted();
      const isAlone = this.#fetcher.active.allRefused && !this.#supportsRanges;
      if (isAlone && this.#lead.isOpen) await this.#recover("other connections were refused");
      if (this.#lead.isOpen && this.#lead.part.left === 0) await this.#endLead();
      if (this.#schedule.isDone) return null;
      const received = this.#takeReceived(isOrdered);
      if (received !== null) return received;
      const { failure } = this.#fetcher;
      if (failure !== null) await this.#recover(failure.error);
      if (this.#schedule.needsLead) this.#lead = this.#nextLead();
      if (this.#lead.part.left === 0) await this.#fetcher.changes.next;
      else {
        const chunk = await this.#readLead(into);
        if (chunk !== null) return chunk;
      }
    }
  }

  #takeReceived(isOrdered: boolean): PositionedChunk | null {
    const { claimed } = this.#schedule;
    for (const part of isOrdered ? claimed.slice(0, 1) : claimed) {
      const position = part.position - this.#options.start;
      const data = part.take();
      if (data !== null) return this.#delivered(position, data);
    }
    return null;
  }

  async #readLead(into: Chunk): Promise<PositionedChunk | null> {
    const position = this.#lead.part.position - this.#options.start;
    const data = await this.#lead.read(into);
    this.#received(data?.byteLength ?? 0);
    return data && this.#delivered(position, data);
  }

  #delivered(position: number, data: Chunk): PositionedChunk {
    this.#transferred += data.byteLength;
    this.#fetcher.changes.notify();
    return { position, data };
  }

  /** Ends the lead at the end of the image, or at the end of its part once other connections have received bytes. */
  async #endLead(): Promise<void> {
    const lead = this.#lead;
    if (lead.part.end === this.#options.endExclusive - 1) return await lead.finish();
    if (!this.#supportsRanges) return;
    await lead.cancel("other connections read the rest");
    this.#fetcher.useFirst();
  }

  #nextLead(): LeadReader {
    const part = this.#schedule.lead(this.#options.options.now());
    return this.#readers.lead(part, () => this.#fetcher.count === 1);
  }

  /**
   * Reads all undelivered bytes over one connection: that of the lead if it is open, else a new one.
   */
  async #recover(error: unknown): Promise<void> {
    const lead = this.#lead.isOpen ? this.#lead.part : null;
    const { start, shared } = this.#options;
    if (lead === null && !(error instanceof shared.RangesUnavailable)) throw error;
    this.#autoCount = null;
    const dropped = this.#schedule.claimed.filter((part) => part !== lead);
    this.#schedule.gather(lead);
    this.#transferred = this.#schedule.position - start;
    await this.#fetcher.stop(dropped, error);
  }

  #received(bytes: number): void {
    const now = this.#options.options.now();
    if (bytes > 0) this.#fetcher.active.received(now);
    const count = this.#autoCount?.received(bytes, now);
    // After a refusal, no more connections are opened: they would be refused, too.
    if (this.#fetcher.active.hasRefused) this.#autoCount = null;
    else if (count !== undefined && count !== this.#fetcher.count) this.#use(count);
  }

  /** Continues with this number of connections. */
  #use(count: number): void {
    const { servers } = this.#options;
    const { part, wait } = this.#lead;
    const first = Math.max(0, servers.indexOf(this.#readers.server));
    this.#schedule.use(count, (i) => servers[(first + i) % servers.length] ?? "");
    if (count > 1) this.#schedule.spread(part, wait);
    this.#fetcher.use(count);
  }
}

/** Number of bytes that were received: those that were `delivered`, and those that parts hold. */
function receivedBytes(parts: readonly PartBuffer[], delivered: number): number {
  return parts.reduce((sum, { left, missing }) => sum + left - missing, delivered);
}
