/** Limits the retries and the hedged requests of a client. */

/** A token bucket: limited actions take tokens, and other events return some. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #cost: number;
  #tokens: number;

  constructor(capacity: number, cost: number) {
    this.#capacity = this.#tokens = capacity;
    this.#cost = cost;
  }

  /** Takes the tokens of one request; false if there are not enough. */
  spend(): boolean {
    if (this.#tokens < this.#cost) return false;
    this.#tokens -= this.#cost;
    return true;
  }

  /** Returns tokens (default: one), up to the capacity. */
  refund(tokens = 1): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens);
  }
}

/**
 * Limits the extra load of retries during an outage: 100 retries, and a success returns a fifth of one. While the
 * budget is used up, there are no retries.
 */
export function retryBudget(): TokenBucket {
  return new TokenBucket(500, 5);
}

/** Tokens of one hedged request: it takes 50 requests to return them. */
export const HEDGE_COST = 50;

/**
 * Limits hedged requests to 2 % of all requests, after a burst of 8. Otherwise, a cloud whose responses all take longer
 * than the delay would get each request twice.
 */
export function hedgeBudget(): TokenBucket {
  return new TokenBucket(8 * HEDGE_COST, HEDGE_COST);
}
