/**
 * Keystone's answers -> a request context and a service catalog. Pure.
 *
 * @module
 */
import type { CatalogEntry, RequestContext } from "../context.ts";
import type { KeystoneResponse } from "./keystone_client.ts";
import { isRecord } from "../validate.ts";
import { type KeystoneRequest, unusable } from "./keystone_errors.ts";

/** The role that sees every image, in Glance's default policy. */
const ADMIN_ROLE = "admin";

/** Milliseconds by which the clocks of Keystone and this machine may differ, with the time that an answer takes. */
const CLOCK_TOLERANCE = 60_000;

/**
 * What a token says of its bearer.
 *
 * @param held The token that was looked up: Keystone repeats it, though not every proxy does.
 * @throws {UnexpectedResponse} where it is no token.
 */
export function contextFrom(
  question: KeystoneRequest,
  { headers, document }: KeystoneResponse,
  held?: string,
): RequestContext {
  const authToken = headers.get("x-subject-token") ?? held;
  const body = document["token"];
  if (!authToken || !isRecord(body)) {
    throw unusable(question, "no token");
  }
  const { expires_at, user, project, roles, catalog } = body;
  const names = Array.isArray(roles) ? roles.flatMap((role) => textIn(role, "name") ?? []) : [];
  const userId = textIn(user, "id");
  const projectId = textIn(project, "id");
  const expiresAt = endOf(expires_at, headers.get("date"));
  return {
    authToken,
    roles: names,
    isAdmin: names.includes(ADMIN_ROLE),
    ...(userId === null ? {} : { userId }),
    ...(projectId === null ? {} : { projectId }),
    ...(Array.isArray(catalog) ? { serviceCatalog: catalog as CatalogEntry[] } : {}),
    ...(expiresAt === null ? {} : { expiresAt }),
  };
}

function textIn(value: unknown, key: string): string | null {
  const text = isRecord(value) ? value[key] : null;
  return typeof text === "string" ? text : null;
}

/**
 * When a token ends, by the clock of this machine: where it disagrees with Keystone's, a good token would be
 * taken for an ended one. Null where Keystone does not say.
 */
function endOf(expiresAt: unknown, date: string | null): Date | null {
  const end = typeof expiresAt === "string" ? Date.parse(expiresAt) : NaN;
  const offset = Date.now() - Date.parse(date ?? "");
  const isWrong = Math.abs(offset) >= CLOCK_TOLERANCE;
  return Number.isNaN(end) ? null : new Date(isWrong ? end + offset : end);
}

/** @throws {UnexpectedResponse} where it is no catalog. */
export function catalogFrom(
  question: KeystoneRequest,
  { document }: KeystoneResponse,
): CatalogEntry[] {
  const catalog = document["catalog"];
  // Its entries are read by catalog.ts, which takes nothing in them for granted.
  if (Array.isArray(catalog)) return catalog as CatalogEntry[];
  throw unusable(question, "no catalog");
}
