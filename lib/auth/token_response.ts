/** Creates a request context and a service catalog from Keystone's responses. Pure. */
import type { CatalogEntry, RequestContext } from "../context.ts";
import type { KeystoneResponse } from "./keystone_client.ts";
import { definedMembers, isObject } from "../validate.ts";
import { type KeystoneRequest, unusable } from "./keystone_errors.ts";

/** The role that sees every image, in Glance's default policy. */
const ADMIN_ROLE = "admin";

/** Difference of the clocks, in milliseconds, that is ignored; it includes the duration of a response. */
const CLOCK_TOLERANCE = 60_000;

/**
 * Creates the context of a token.
 *
 * @param held The token that was looked up. Keystone repeats it in a header, which some proxies drop.
 * @param wallClock Milliseconds since 1970 by the local clock.
 * @throws {UnexpectedResponse} if the response has no token.
 */
export function contextFrom(
  request: KeystoneRequest,
  { headers, document }: KeystoneResponse,
  held: string | undefined,
  wallClock: number,
): RequestContext {
  const authToken = headers.get("x-subject-token") ?? held;
  const body = document["token"];
  if (!authToken || !isObject(body)) {
    throw unusable(request, "no token");
  }
  const { expires_at, user, project, roles, catalog } = body;
  const names = Array.isArray(roles)
    ? roles.flatMap((role) => stringMember(role, "name") ?? [])
    : [];
  return definedMembers<RequestContext>({
    authToken,
    roles: names,
    isAdmin: names.includes(ADMIN_ROLE),
    userId: stringMember(user, "id"),
    projectId: stringMember(project, "id"),
    serviceCatalog: Array.isArray(catalog) ? catalog as CatalogEntry[] : undefined,
    expiresAt: expiryOf(expires_at, headers.get("date"), wallClock),
  });
}

function stringMember(value: unknown, key: string): string | undefined {
  const text = isObject(value) ? value[key] : undefined;
  return typeof text === "string" ? text : undefined;
}

/**
 * The expiry of a token, converted to the local clock: if that differs from Keystone's, a valid token could seem expired.
 * Undefined if Keystone does not state it.
 */
function expiryOf(expiresAt: unknown, date: string | null, wallClock: number): Date | undefined {
  const end = typeof expiresAt === "string" ? Date.parse(expiresAt) : NaN;
  const offset = wallClock - Date.parse(date ?? "");
  const isWrong = Math.abs(offset) >= CLOCK_TOLERANCE;
  return Number.isNaN(end) ? undefined : new Date(isWrong ? end + offset : end);
}

/** @throws {UnexpectedResponse} if the response has no catalog. */
export function catalogFrom(
  request: KeystoneRequest,
  { document }: KeystoneResponse,
): CatalogEntry[] {
  const catalog = document["catalog"];
  // catalog.ts checks the entries when it reads them.
  if (Array.isArray(catalog)) return catalog as CatalogEntry[];
  throw unusable(request, "no catalog");
}
