/**
 * The gateways of one bucket. A gateway that is alone needs no claims, which take five requests for each slot. Each one
 * that needs a claim keeps an object with its name, so that the others see it.
 */
import { type ClaimObjects, LIFETIME } from "./s3_claims.ts";

/** Milliseconds after which the object is written again. */
const RENEWAL_INTERVAL = 20_000;

/**
 * Milliseconds after its start in which a gateway is not alone: others may have started, and not have listed it yet.
 */
const SETTLING_TIME = 2_000;

/** Milliseconds for which a list is used: while the gateway is alone, and while it is not. */
const LIST_TIME = { alone: 1_000, shared: RENEWAL_INTERVAL } as const;

/** The gateways that use a bucket, as one of them sees them. */
export class S3Gateways {
  readonly #objects: ClaimObjects;
  readonly #name: string;
  readonly #now: () => number;
  /** When the object was first written; it has not expired since. */
  #presentSince = Infinity;
  /** When the object was last written. */
  #renewedAt = -Infinity;
  #listedAt = -Infinity;
  #isAlone = false;

  /**
   * @param name the unique name of this gateway.
   * @param now milliseconds of a monotonic clock.
   */
  constructor(objects: ClaimObjects, name: string, now: () => number) {
    this.#objects = objects;
    this.#name = name;
    this.#now = now;
  }

  /**
   * Whether no other gateway has used the bucket in the last minute; false in the first two seconds of this one.
   * Another one that has just started may be missed for a second, plus the time of a list.
   */
  async isAlone(): Promise<boolean> {
    const now = this.#now();
    if (now - this.#renewedAt >= RENEWAL_INTERVAL) await this.#renew(now);
    if (this.#now() - this.#presentSince < SETTLING_TIME) return false;
    const { alone, shared } = LIST_TIME;
    if (now - this.#listedAt >= (this.#isAlone ? alone : shared)) await this.#list(now);
    return this.#isAlone;
  }

  /** Simultaneous calls do not wait for this one: on Workers, a request cannot wait for another one. */
  async #renew(now: number): Promise<void> {
    const isExpired = now - this.#renewedAt >= LIFETIME;
    if (isExpired) this.#presentSince = Infinity;
    this.#renewedAt = now;
    try {
      await this.#objects.write(this.#name);
    } catch (error) {
      this.#renewedAt = -Infinity;
      throw error;
    }
    if (!isExpired) return;
    this.#presentSince = this.#now();
    [this.#listedAt, this.#isAlone] = [-Infinity, false];
  }

  async #list(now: number): Promise<void> {
    this.#listedAt = now;
    try {
      this.#isAlone = !await this.#seesOthers();
    } catch (error) {
      this.#isAlone = false;
      throw error;
    }
  }

  /** Whether other gateways are listed. The objects of those that have stopped are deleted. */
  async #seesOthers(): Promise<boolean> {
    const { objects, now } = await this.#objects.list("");
    let seesOthers = false;
    for (const { key, modifiedAt } of objects) {
      if (key === this.#name) continue;
      if (now !== null && now - modifiedAt > LIFETIME) await this.#objects.delete(key);
      else seesOthers = true;
    }
    return seesOthers;
  }
}
