/**
 * Remembers which readers may read cached bytes. Glance decides for each token and image; the decision is kept for
 * a short time. Only a hash of the token is kept, and only as long as the decision.
 */

import type { createHasher } from "../transfer/integrity/hashing.ts";

/** A decision, with the value to return to the reader. */
interface KeptDecision<Value> {
  readonly value: Value;
  readonly until: number;
}

/** Maximum number of decisions; the oldest are removed first. */
const MAX_DECISIONS = 10_000;

/** Decisions of Glance by reader. */
export class AccessDecisions<Value> {
  readonly #ttl: number;
  readonly #now: () => number;
  /** In the order in which they were made. */
  readonly #decisions = new Map<string, KeptDecision<Value>>();

  /** @param ttl milliseconds for which a decision is kept; 0 keeps none. */
  constructor(ttl: number, now: () => number) {
    this.#ttl = ttl;
    this.#now = now;
  }

  /** The decision for a reader, unless it is too old. */
  get(reader: string): Value | null {
    const decision = this.#decisions.get(reader);
    if (decision === undefined) return null;
    if (decision.until > this.#now()) return decision.value;
    this.#decisions.delete(reader);
    return null;
  }

  /**
   * Keeps a decision.
   *
   * @param requestedAt when the request was sent to Glance; the time to live starts then.
   */
  set(reader: string, value: Value, requestedAt: number): void {
    if (this.#ttl === 0) return;
    this.#decisions.delete(reader);
    this.#decisions.set(reader, { value, until: requestedAt + this.#ttl });
    for (const [oldest, { until }] of this.#decisions) {
      if (this.#decisions.size <= MAX_DECISIONS && until > this.#now()) break;
      this.#decisions.delete(oldest);
    }
  }
}

/** The key of a reader: a hash of the image id and the credentials, from which these cannot be recovered. */
export async function readerKey(
  create: typeof createHasher,
  imageId: string,
  credentials: readonly (string | undefined)[],
): Promise<string> {
  // WebCrypto hashes on another thread, which would take longer than the rest of a small cached request.
  const hasher = await create("sha256");
  if (hasher === null) throw new Error("Cannot hash a token: this runtime has no SHA-256");
  hasher.update(new TextEncoder().encode(JSON.stringify([imageId, ...credentials])));
  return hasher.digest();
}
