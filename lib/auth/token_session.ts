/**
 * Who asks, over the attempts of one call: the context with the newest token.
 *
 * @module
 */
import { hasEnded, isExpiring } from "./keystone.ts";
import type { RequestContext } from "../context.ts";
import type { TokenSource } from "../http/token_source.ts";
import type { ResolvedOptions } from "../options.ts";
import { checkRecord } from "../validate.ts";

/**
 * What a context was renewed to. Callers keep the context that they were given: without this, each of
 * their calls would meet the same 401, and a stream, which cannot be sent twice, would fail.
 */
const RENEWED = new WeakMap<RequestContext, RequestContext>();

/**
 * Contexts with a new token that was about to end at once. Another renewal would give no better one, so they
 * are used to their end: otherwise each request would cost one to Keystone.
 */
const SHORT_LIVED = new WeakSet<RequestContext>();

/** A caller whose token is renewed before it ends, and once after a 401. */
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

  /** The context to send now. */
  async context(): Promise<RequestContext> {
    const context = this.#context;
    const isDue = SHORT_LIVED.has(context) ? hasEnded(context) : isExpiring(context);
    if (context.renew !== undefined && isDue) await this.#renew("expiring");
    return this.#context;
  }

  /** Whether a refused token can be replaced: at most once a call. */
  get isRenewable(): boolean {
    return !this.#renewed && this.#context.renew !== undefined;
  }

  /** Replaces a refused token. */
  async renewRefused(): Promise<void> {
    this.#renewed = true;
    await this.#renew("refused");
  }

  async #renew(reason: "expiring" | "refused"): Promise<void> {
    const { authToken } = this.#context;
    // What came with the caller and not with the token (request id, service token) stays.
    const renewed = await this.#context.renew?.();
    checkRecord("the context that a renewal gave", renewed);
    this.#context = { ...this.#context, ...renewed };
    RENEWED.set(this.#given, this.#context);
    if (this.#context.authToken === authToken) return;
    if (isExpiring(this.#context)) SHORT_LIVED.add(this.#context);
    this.#options.onEvent({ kind: "renew", reason });
  }
}

/** Replaces the token of a context that a server has refused; false if there is no way to. */
export async function renewToken(
  context: RequestContext,
  options: ResolvedOptions,
): Promise<boolean> {
  const caller = new TokenSession(context, options);
  if (options.authStrategy === "noauth" || !caller.isRenewable) return false;
  await caller.renewRefused();
  return true;
}
