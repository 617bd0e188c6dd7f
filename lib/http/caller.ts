/**
 * Who asks, over the attempts of one call: the context with the newest token.
 *
 * @module
 */
import { isExpiring } from "../auth/keystone.ts";
import type { RequestContext } from "../context.ts";
import type { ResolvedOptions } from "../options.ts";

/** A caller whose token is renewed before it ends, and once after a 401. */
export class Caller {
  #context: RequestContext;
  readonly #options: ResolvedOptions;
  #renewed = false;

  constructor(context: RequestContext, options: ResolvedOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** The context to send now. */
  async context(): Promise<RequestContext> {
    if (this.#context.renew !== undefined && isExpiring(this.#context)) {
      await this.#renew("expiring");
    }
    return this.#context;
  }

  /** Whether a refused token was replaced: at most once a call. */
  async renewRefused(): Promise<boolean> {
    if (this.#renewed || this.#context.renew === undefined) return false;
    this.#renewed = true;
    await this.#renew("refused");
    return true;
  }

  async #renew(reason: "expiring" | "refused"): Promise<void> {
    const { authToken } = this.#context;
    // What came with the caller and not with the token (request id, service token) stays.
    this.#context = { ...this.#context, ...await this.#context.renew?.() };
    if (this.#context.authToken !== authToken) this.#options.onEvent({ kind: "renew", reason });
  }
}
