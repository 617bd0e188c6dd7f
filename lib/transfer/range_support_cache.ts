/**
 * Caches which stores support ranges, and which servers ignore them, as proved by responses. Entries expire, since
 * servers are repaired and replaced.
 */
import type { ResolvedOptions } from "../options.ts";

/** Lifetime of an entry in milliseconds. */
const LIFETIME = 600_000;

/** Maximum number of entries. It is limited because callers choose a part of the keys. */
const CAPACITY = 1_000;

/** The range support of the stores and servers of a cloud. A string identifies each set of stores. */
export class RangeSupportCache {
  readonly #now: () => number;
  /** When each fact expires, earliest first. */
  readonly #facts = new Map<string, number>();
  /** When the last fact expires that a store or a server does not support ranges. */
  #refusedUntil = -Infinity;

  constructor({ now }: Pick<ResolvedOptions, "now">) {
    this.#now = now;
  }

  /** Whether stores are known to support ranges: they have served one. */
  supportsRanges(stores: string): boolean {
    return this.#has(`ranges ${stores}`);
  }

  /** Whether a range request may succeed. */
  maySupportRanges(server: string, stores: string): boolean {
    return !this.#has(`no ranges ${stores}`) && !this.#has(`ignored ${server} ${stores}`);
  }

  /** Whether any store or server is known not to support ranges. */
  get hasRefusals(): boolean {
    return this.#refusedUntil > this.#now();
  }

  /** Records that a server responded to a range with a part. */
  recordPart(stores: string): void {
    this.#add(`ranges ${stores}`);
  }

  /** Records that a server refused a range, sent the whole image, or did not state which bytes it sent. */
  recordIgnored(server: string, stores: string): void {
    this.#refusedUntil = this.#add(`ignored ${server} ${stores}`);
  }

  /**
   * Records that a server responded with 400 to a range, and sent the whole image for the same request without
   * a range: Ceph, Swift, S3, and others do not support ranges. If another server supports ranges of the same
   * stores, only this server does not.
   */
  recordRefused(server: string, stores: string): void {
    if (this.supportsRanges(stores)) this.recordIgnored(server, stores);
    else this.#refusedUntil = this.#add(`no ranges ${stores}`);
  }

  #has(fact: string): boolean {
    const until = this.#facts.get(fact);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#facts.delete(fact);
    return false;
  }

  /** Returns when the fact expires. */
  #add(fact: string): number {
    const until = this.#now() + LIFETIME;
    this.#facts.delete(fact);
    this.#facts.set(fact, until);
    const [oldest] = this.#facts.keys();
    if (this.#facts.size > CAPACITY && oldest !== undefined) this.#facts.delete(oldest);
    return until;
  }
}
