/**
 * The context of one call, with the newest token: renewed before it expires, and once after a 401.
 *
 * @module
 */
import { hasEnded, isExpiring } from "./keystone.ts";
import type { RequestContext } from "../context.ts";
import type { TokenSource } from "../http/token_source.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkRecord } from "../validate.ts";

/**
 * The renewed context for each original one. Callers keep using the original; without this map each of their
 * calls would get the same 401, and an upload of a stream, which cannot be sent twice, would fail.
 */
const RENEWED = new WeakMap<RequestContext, RequestContext>();

/**
 * Contexts whose new token was already about to expire. They are used until they expire: another renewal
 * would not give a better token, and every request would cause one.
 */
const SHORT_LIVED = new WeakSet<RequestContext>();

/** The tokens of one call. */
export class TokenSession implements TokenSource {
  readonly #given: RequestContext;
  #context: RequestContext;
  readonly #options: ResolvedOptions;
  #renewed = false;

  constructor(context: RequestContext, options: ResolvedOptions) {
    this.#given = context;
    this.#context = RENEWED.get(context) ?? context;
    this.#options = options;
  }

  /** The current context; its token is renewed before it expires. */
  async context(): Promise<RequestContext> {
    const context = this.#context;
    const isDue = SHORT_LIVED.has(context) ? hasEnded(context) : isExpiring(context);
    if (context.renew !== undefined && isDue) await this.#renew("expiring");
    return this.#context;
  }

  /** Whether a refused token can be renewed; at most once per call. */
  get isRenewable(): boolean {
    return !this.#renewed && this.#context.renew !== undefined;
  }

  /** Renews a token that a server refused with 401. */
  async renewRefused(): Promise<void> {
    this.#renewed = true;
    await this.#renew("refused");
  }

  async #renew(reason: "expiring" | "refused"): Promise<void> {
    const { authToken } = this.#context;
    // Members that did not come with the token, such as the request id and service token, are kept.
    const renewed = await this.#context.renew?.();
    checkRecord("the context that a renewal returned", renewed);
    this.#context = { ...this.#context, ...renewed };
    RENEWED.set(this.#given, this.#context);
    if (this.#context.authToken === authToken) return;
    if (isExpiring(this.#context)) SHORT_LIVED.add(this.#context);
    this.#options.onEvent({ kind: "renew", reason });
  }
}

/** Renews the token of a context after a server refused it; false if it cannot be renewed. */
export async function renewToken(
  context: RequestContext,
  options: ResolvedOptions,
): Promise<boolean> {
  const session = new TokenSession(context, options);
  if (options.authStrategy === "noauth" || !session.isRenewable) return false;
  await session.renewRefused();
  return true;
}
