/**
 * Who may read cached bytes. Glance decides, for each token and image; its verdict is kept for a short time. A
 * token is kept only as a hash, and only as long as its verdict.
 */

import type { createHasher } from "../transfer/integrity/hashing.ts";

/** A verdict of Glance with what the reader saw. */
interface KeptVerdict<Value> {
  readonly value: Value;
  readonly until: number;
}

/** Maximum number of verdicts; the oldest are forgotten first. */
const MAX_VERDICTS = 10_000;

/** Remembers the verdicts of Glance. */
export class Verdicts<Value> {
  readonly #ttl: number;
  readonly #now: () => number;
  /** In the order in which they were made. */
  readonly #verdicts = new Map<string, KeptVerdict<Value>>();

  /** @param ttl milliseconds for which a verdict is kept; 0 keeps none. */
  constructor(ttl: number, now: () => number) {
    this.#ttl = ttl;
    this.#now = now;
  }

  /** The verdict for a reader, unless it is too old. */
  get(reader: string): Value | null {
    const verdict = this.#verdicts.get(reader);
    if (verdict === undefined) return null;
    if (verdict.until > this.#now()) return verdict.value;
    this.#verdicts.delete(reader);
    return null;
  }

  /**
   * Keeps a verdict.
   *
   * @param askedAt when Glance was asked: it counts from then.
   */
  set(reader: string, value: Value, askedAt: number): void {
    if (this.#ttl === 0) return;
    this.#verdicts.delete(reader);
    this.#verdicts.set(reader, { value, until: askedAt + this.#ttl });
    for (const [oldest, { until }] of this.#verdicts) {
      if (this.#verdicts.size <= MAX_VERDICTS && until > this.#now()) break;
      this.#verdicts.delete(oldest);
    }
  }

  /** Forgets the verdict for a reader. */
  delete(reader: string): void {
    this.#verdicts.delete(reader);
  }
}

/** The name of a reader: a hash of the image and the credentials, from which these cannot be recovered. */
export async function readerOf(
  create: typeof createHasher,
  imageId: string,
  credentials: readonly (string | undefined)[],
): Promise<string> {
  // WebCrypto hashes on another thread, which takes longer than all the rest of a small cached request.
  const hasher = await create("sha256");
  if (hasher === null) throw new Error("Cannot hash a token: this runtime has no SHA-256");
  hasher.update(new TextEncoder().encode(JSON.stringify([imageId, ...credentials])));
  return hasher.digest();
}
