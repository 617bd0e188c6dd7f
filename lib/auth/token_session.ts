/**
 * The context of one call, with the newest token: renewed before it expires, and once after a 401.
 */
import { hasExpired, isExpiring } from "./token_expiry.ts";
import type { RequestContext } from "../context.ts";
import type { TokenSource } from "../http/token_source.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkRecord } from "../validate.ts";

/** A renewed context. */
interface RenewedContext {
  readonly context: RequestContext;
  /**
   * Whether its new token was already about to expire. It is used until it expires: another renewal would
   * not give a better token, and every request would cause one.
   */
  readonly isShortLived: boolean;
}

/**
 * The newest tokens of the contexts of a client. Callers keep using their original context; without this
 * memory each of their calls would get the same 401, and an upload of a stream, which cannot be sent twice,
 * would fail.
 */
export class TokenSessions {
  readonly #options: Pick<ResolvedOptions, "onEvent" | "wallClock">;
  readonly #renewed = new WeakMap<RequestContext, RenewedContext>();

  constructor(options: Pick<ResolvedOptions, "onEvent" | "wallClock">) {
    this.#options = options;
  }

  /** The tokens of one call. */
  of(context: RequestContext): TokenSession {
    return new TokenSession(context, this.#options, this.#renewed);
  }
}

/** The tokens of one call. */
class TokenSession implements TokenSource {
  readonly #given: RequestContext;
  readonly #options: Pick<ResolvedOptions, "onEvent" | "wallClock">;
  readonly #renewals: WeakMap<RequestContext, RenewedContext>;
  #newest: RenewedContext;
  #wasRefused = false;

  constructor(
    given: RequestContext,
    options: Pick<ResolvedOptions, "onEvent" | "wallClock">,
    renewals: WeakMap<RequestContext, RenewedContext>,
  ) {
    this.#given = given;
    this.#options = options;
    this.#renewals = renewals;
    this.#newest = renewals.get(given) ?? { context: given, isShortLived: false };
  }

  async context(): Promise<RequestContext> {
    const { context, isShortLived } = this.#newest;
    const isDue = (isShortLived ? hasExpired : isExpiring)(context, this.#options.wallClock());
    if (context.renew !== undefined && isDue) await this.#renew("expiring");
    return this.#newest.context;
  }

  get isRenewable(): boolean {
    return !this.#wasRefused && this.#newest.context.renew !== undefined;
  }

  async renewRefused(): Promise<void> {
    this.#wasRefused = true;
    await this.#renew("refused");
  }

  async #renew(reason: "expiring" | "refused"): Promise<void> {
    const { context: old } = this.#newest;
    const renewed = await old.renew?.();
    checkRecord("the context that a renewal returned", renewed);
    // Members that did not come with the token, such as the request id and service token, are kept.
    const context = { ...old, ...renewed };
    const isNew = context.authToken !== old.authToken;
    this.#newest = {
      context,
      isShortLived: isNew && isExpiring(context, this.#options.wallClock()),
    };
    this.#renewals.set(this.#given, this.#newest);
    if (isNew) this.#options.onEvent({ kind: "renew", reason });
  }
}
