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
  /** Stores that have served a range. */
  readonly #seekable: ExpiringSet;
  /** Stores that refuse ranges: Ceph, Swift, S3 and others cannot seek. */
  readonly #unseekable: ExpiringSet;
  /** Pairs of server and stores that ignore ranges, or do not state which bytes they send. */
  readonly #ignoring: ExpiringSet;

  constructor({ now }: Pick<ResolvedOptions, "now">) {
    this.#seekable = new ExpiringSet(now);
    this.#unseekable = new ExpiringSet(now);
    this.#ignoring = new ExpiringSet(now);
  }

  /** Whether stores are known to seek. */
  isSeekable(stores: string): boolean {
    return this.#seekable.has(stores);
  }

  /** Whether a range request may succeed. */
  maySupportRange(server: string, stores: string): boolean {
    return !this.#unseekable.has(stores) && !this.#ignoring.has(`${server} ${stores}`);
  }

  /** Notes that a server responded to a range with a part. */
  recordPart(stores: string): void {
    this.#seekable.add(stores);
  }

  /** Notes that a server responded to a range with the whole image, or did not state which bytes it sent. */
  recordIgnored(server: string, stores: string): void {
    this.#ignoring.add(`${server} ${stores}`);
  }

  /**
   * Notes that a server responded 400 to a range, and sent the whole image for the same request without
   * a range. If another server supports ranges of the same stores, only this server does not.
   */
  recordRefused(server: string, stores: string): void {
    if (this.isSeekable(stores)) this.recordIgnored(server, stores);
    else this.#unseekable.add(stores);
  }
}

/** A set with a lifetime for its members and a maximum size. */
class ExpiringSet {
  readonly #now: () => number;
  /** When each member expires, earliest first. */
  readonly #until = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#until.delete(key);
    return false;
  }

  add(key: string): void {
    this.#until.delete(key);
    this.#until.set(key, this.#now() + LIFETIME);
    if (this.#until.size <= CAPACITY) return;
    const [oldest] = this.#until.keys();
    if (oldest !== undefined) this.#until.delete(oldest);
  }
}
