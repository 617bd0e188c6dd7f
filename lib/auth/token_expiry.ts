/** Checks the expiry of tokens. Pure. */
import type { RequestContext } from "../context.ts";

/** Milliseconds before its expiry at which a token is renewed: enough for a request to use it. */
const EXPIRY_MARGIN = 120_000;

/** Whether the token has expired or will expire within two minutes. */
export function isExpiring(context: RequestContext, wallClock: number): boolean {
  return expiresBefore(context, wallClock + EXPIRY_MARGIN);
}

/** Whether the token has expired. */
export function hasExpired(context: RequestContext, wallClock: number): boolean {
  return expiresBefore(context, wallClock);
}

function expiresBefore({ expiresAt }: RequestContext, ms: number): boolean {
  return expiresAt !== undefined && new Date(expiresAt).getTime() <= ms;
}
