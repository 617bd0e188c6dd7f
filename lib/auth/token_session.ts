/**
 * The context of one call, with the newest token: renewed before it expires, and once after a 401.
 */
import { hasExpired, isExpiring } from "./token_expiry.ts";
import type { RequestContext } from "../context.ts";
import type { TokenSource } from "../http/token_source.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkObject } from "../validate.ts";

/** A renewed context. */
interface RenewedContext {
  readonly context: RequestContext;
  /**
   * Whether its new token was already about to expire. It is used until it expires: another renewal would not return a
   * better token, and every request would cause one.
   */
  readonly isShortLived: boolean;
}

/**
 * The newest tokens of the contexts of a client. Callers keep using their original context; without this cache, each of
 * their calls would get the same 401, and an upload of a stream, which cannot be sent twice, would fail.
 */
export class TokenSessions {
  readonly #options: Pick<ResolvedOptions, "onEvent" | "wallClock">;
  readonly #renewed = new WeakMap<RequestContext, RenewedContext>();

  constructor(options: Pick<ResolvedOptions, "onEvent" | "wallClock">) {
    this.#options = options;
  }

  /** The tokens of one call. */
  of(given: RequestContext): TokenSource {
    const { onEvent, wallClock } = this.#options;
    const renewals = this.#renewed;
    let { context, isShortLived } = renewals.get(given) ?? { context: given, isShortLived: false };
    let wasRefused = false;
    const renew = async (reason: "expiring" | "refused") => {
      const old = context;
      const renewed = await old.renew?.();
      checkObject("the context that a renewal returned", renewed);
      // Members that did not come with the token, such as the request id and service token, are kept.
      context = { ...old, ...renewed };
      const isNew = context.authToken !== old.authToken;
      isShortLived = isNew && isExpiring(context, wallClock());
      renewals.set(given, { context, isShortLived });
      if (isNew) onEvent({ kind: "renew", reason });
    };
    return {
      async context() {
        const isDue = (isShortLived ? hasExpired : isExpiring)(context, wallClock());
        if (context.renew !== undefined && isDue) await renew("expiring");
        return context;
      },
      get isRenewable() {
        return !wasRefused && context.renew !== undefined;
      },
      async renewRefused() {
        wasRefused = true;
        await renew("refused");
      },
    };
  }
}
