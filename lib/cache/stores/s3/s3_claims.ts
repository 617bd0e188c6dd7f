/**
 * Claims of several gateways in one bucket. Each claim is an object named after its gateway; a gateway has a claim when
 * a list shows no other one. This needs no conditional writes, which Swift does not support, but lists must be
 * consistent: they must show what was written before.
 */
import type { Sleep } from "../../../timer.ts";
import type { S3Object } from "./s3_xml.ts";

/** Milliseconds after which a claim expires if it is not renewed. */
export const LIFETIME = 60_000;

/** Number of lists, and the milliseconds between them, if gateways claim the same key at the same time. */
const ATTEMPTS = 10;
const INTERVAL = 50;

/** The objects of claims. */
export interface ClaimObjects {
  /** Lists the objects whose keys start with a prefix, and returns the server's time; null if it sends none. */
  list(
    prefix: string,
  ): Promise<{ readonly objects: readonly S3Object[]; readonly now: number | null }>;
  /** Writes an empty object. */
  write(key: string): Promise<void>;
  delete(key: string): Promise<void>;
}

/** The claims of one gateway. */
export class S3Claims {
  readonly #objects: ClaimObjects;
  readonly #gateway: string;
  readonly #sleep: Sleep;
  readonly #own = new Set<string>();

  /** @param gateway the unique name of this gateway. */
  constructor(objects: ClaimObjects, gateway: string, sleep: Sleep) {
    this.#objects = objects;
    this.#gateway = gateway;
    this.#sleep = sleep;
  }

  /** Claims a key, or renews the claim; resolves to false if another gateway has claimed it. */
  async claim(key: string): Promise<boolean> {
    const isRenewal = this.#own.has(key);
    if (!isRenewal && (await this.#others(key)).length > 0) return false;
    await this.#objects.write(this.#nameOf(key));
    if (isRenewal ? this.#own.has(key) : await this.#isAlone(key)) {
      this.#own.add(key);
      return true;
    }
    await this.release(key);
    return false;
  }

  /** Ends a claim. */
  async release(key: string): Promise<void> {
    this.#own.delete(key);
    await this.#objects.delete(this.#nameOf(key));
  }

  /**
   * Whether only this gateway claims a key. If several claim it at once, the first by name waits until the others give
   * up.
   */
  async #isAlone(key: string): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const others = await this.#others(key);
      if (others.length === 0) return true;
      if (others.some((name) => name < this.#nameOf(key))) return false;
      await this.#sleep(INTERVAL);
    }
    return false;
  }

  /** Lists the claims of other gateways. Expired ones are deleted. */
  async #others(key: string): Promise<readonly string[]> {
    const { objects, now } = await this.#objects.list(`${key}/`);
    const others: string[] = [];
    for (const { key: name, modifiedAt } of objects) {
      if (name === this.#nameOf(key)) continue;
      if (now !== null && now - modifiedAt > LIFETIME) await this.#objects.delete(name);
      else others.push(name);
    }
    return others;
  }

  #nameOf(key: string): string {
    return `${key}/${this.#gateway}`;
  }
}
