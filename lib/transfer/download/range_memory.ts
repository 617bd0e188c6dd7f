/**
 * What a client has learned about ranges: of stores that cannot seek and of servers that ignore them. Only
 * answers that prove the point teach, and what was learned expires, since servers are repaired and
 * replaced.
 *
 * @module
 */
import type { ResolvedOptions } from "../../options.ts";

/** Milliseconds for which something learned is used. */
const LIFETIME = 600_000;

/** Things that are remembered at most; callers choose some of the keys. */
const CAPACITY = 1_000;

/** What is known of the ranges of a cloud. Stores are named by the text that identifies them together. */
export class RangeMemory {
  /** Stores that have answered a range with a part. */
  readonly #seekable: ExpiringSet;
  /** Stores that refuse ranges: Ceph, Swift, S3 and others cannot seek. */
  readonly #unseekable: ExpiringSet;
  /** Servers, each with stores, that answer a range with the whole image or do not say what they send. */
  readonly #deaf: ExpiringSet;

  constructor({ now }: Pick<ResolvedOptions, "now">) {
    this.#seekable = new ExpiringSet(now);
    this.#unseekable = new ExpiringSet(now);
    this.#deaf = new ExpiringSet(now);
  }

  /** Whether stores are known to seek. */
  isSeekable(stores: string): boolean {
    return this.#seekable.has(stores);
  }

  /** Whether a range is worth a request. */
  mayAsk(server: string, stores: string): boolean {
    return !this.#unseekable.has(stores) && !this.#deaf.has(`${server} ${stores}`);
  }

  /** A server gave a part for a range. */
  gavePart(stores: string): void {
    this.#seekable.add(stores);
  }

  /** A server gave the whole image for a range, or did not say what it gave. */
  ignoredRange(server: string, stores: string): void {
    this.#deaf.add(`${server} ${stores}`);
  }

  /**
   * A server answered 400 to a range, and gave the whole image for the same request without it. Where
   * another server reads ranges of the same stores, it is this server that cannot.
   */
  refusedRange(server: string, stores: string): void {
    if (this.isSeekable(stores)) this.ignoredRange(server, stores);
    else this.#unseekable.add(stores);
  }
}

/** A set whose members leave by themselves: after a time, or when there are too many. */
class ExpiringSet {
  readonly #now: () => number;
  /** When each member leaves, the first one first. */
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
