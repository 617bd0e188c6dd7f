/**
 * Remembers which stores cannot seek, and which servers ignore ranges, as far as responses have proved it.
 * Entries expire, since servers are repaired and replaced.
 *
 * @module
 */
import type { ResolvedOptions } from "../options.ts";

/** Lifetime of an entry in milliseconds. */
const LIFETIME = 600_000;

/** Maximum number of entries: callers choose some of the keys. */
const CAPACITY = 1_000;

/** The range support of the stores and servers of a cloud. A string identifies each set of stores. */
export class RangeSupportCache {
  readonly #now: () => number;
  /** When each fact expires, earliest first. */
  readonly #facts = new Map<string, number>();

  constructor({ now }: Pick<ResolvedOptions, "now">) {
    this.#now = now;
  }

  /** Whether stores are known to seek: they have served a range. */
  isSeekable(stores: string): boolean {
    return this.#has(`seekable ${stores}`);
  }

  /** Whether a range request may succeed. */
  maySupportRange(server: string, stores: string): boolean {
    return !this.#has(`unseekable ${stores}`) && !this.#has(`ignored ${server} ${stores}`);
  }

  /** Notes that a server responded to a range with a part. */
  recordPart(stores: string): void {
    this.#add(`seekable ${stores}`);
  }

  /** Notes that a server responded to a range with the whole image, or did not state which bytes it sent. */
  recordIgnored(server: string, stores: string): void {
    this.#add(`ignored ${server} ${stores}`);
  }

  /**
   * Notes that a server responded 400 to a range, and sent the whole image for the same request without
   * a range: Ceph, Swift, S3 and others cannot seek. If another server supports ranges of the same stores, only
   * this server does not.
   */
  recordRefused(server: string, stores: string): void {
    if (this.isSeekable(stores)) this.recordIgnored(server, stores);
    else this.#add(`unseekable ${stores}`);
  }

  #has(fact: string): boolean {
    const until = this.#facts.get(fact);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#facts.delete(fact);
    return false;
  }

  #add(fact: string): void {
    this.#facts.delete(fact);
    this.#facts.set(fact, this.#now() + LIFETIME);
    if (this.#facts.size <= CAPACITY) return;
    const [oldest] = this.#facts.keys();
    if (oldest !== undefined) this.#facts.delete(oldest);
  }
}
