/**
 * Keystone's answers -> a request context and a service catalog. Pure.
 *
 * @module
 */
import type { CatalogEntry, RequestContext } from "../context.ts";
import type { Reply } from "./identity.ts";
import { type Question, unusable } from "./question.ts";

/** The part of a token's body that matters here; Keystone leaves out what a scope does not have. */
interface TokenBody {
  readonly expires_at?: string;
  readonly user?: { readonly id?: string };
  readonly project?: { readonly id?: string };
  readonly roles?: readonly { readonly name?: string }[];
  readonly catalog?: readonly CatalogEntry[];
}

/** The role that sees every image, in Glance's default policy. */
const ADMIN_ROLE = "admin";

/**
 * What a token says of its bearer.
 *
 * @param held The token that was looked up: Keystone repeats it, though not every proxy does.
 * @throws {UnexpectedResponse} where it is no token.
 */
export function contextFrom(
  question: Question,
  { headers, document }: Reply,
  held?: string,
): RequestContext {
  const authToken = headers.get("x-subject-token") ?? held;
  const body = document["token"];
  if (!authToken || typeof body !== "object" || body === null) {
    throw unusable(question, "no token");
  }
  // Every field is optional and checked below, so the cast promises nothing.
  const { expires_at, user, project, roles, catalog } = body as TokenBody;
  const names = (roles ?? []).flatMap(({ name }) => name === undefined ? [] : [name]);
  const expiresAt = new Date(expires_at ?? NaN);
  return {
    authToken,
    roles: names,
    isAdmin: names.includes(ADMIN_ROLE),
    ...(user?.id === undefined ? {} : { userId: user.id }),
    ...(project?.id === undefined ? {} : { projectId: project.id }),
    ...(catalog === undefined ? {} : { serviceCatalog: catalog }),
    ...(Number.isNaN(expiresAt.getTime()) ? {} : { expiresAt }),
  };
}

/** @throws {UnexpectedResponse} where it is no catalog. */
export function catalogFrom(question: Question, { document }: Reply): CatalogEntry[] {
  const catalog = document["catalog"];
  // Its entries are read by catalog.ts, which takes nothing in them for granted.
  if (Array.isArray(catalog)) return catalog as CatalogEntry[];
  throw unusable(question, "no catalog");
}
