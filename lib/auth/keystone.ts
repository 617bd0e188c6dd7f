/**
 * Keystone v3: credentials -> a context with a token, its facts and its catalog, and a fresh one when
 * that token ends or is refused. However many callers ask at once, Keystone is asked once.
 *
 * @module
 */
import type { CatalogEntry, RequestContext } from "../context.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  InvalidConfigurationValue,
} from "../errors.ts";
import type { WireRequest } from "../http/transport.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { authRequest, scopeOf } from "./token_request.ts";
import { type AuthMethod, type Credentials, describe, methodOf, secretsOf } from "./credentials.ts";
import { askKeystone, identityServer } from "./keystone_client.ts";
import type { KeystoneRequest } from "./keystone_errors.ts";
import { catalogFrom, contextFrom } from "./token_response.ts";

export type { AuthMethod, Credentials } from "./credentials.ts";

/** Milliseconds before its end in which a token is replaced: long enough for a request to use it. */
const EXPIRY_MARGIN = 120_000;

const TOKENS = "/v3/auth/tokens";

/** What to check when Keystone refuses: it does not say what was wrong. */
const HINTS: Readonly<Record<AuthMethod, string>> = {
  password:
    "check the user, the password, both domains, and that the user has a role there (OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME, OS_PROJECT_NAME, OS_PROJECT_DOMAIN_NAME)",
  applicationCredential:
    "check its id, its secret and that it has not ended (OS_APPLICATION_CREDENTIAL_ID, OS_APPLICATION_CREDENTIAL_SECRET)",
  token:
    "the token has ended, was revoked or is not good for that scope; sign in with a password or an application credential",
};

/**
 * Signs in at Keystone v3.
 *
 * The context that is given has the token, who it is for, the service catalog, and `renew`, which
 * signs in again: contexts of one sign-in share their newest token, and one request for it. Keystone is
 * asked up to `1 + numRetries` times while it is away, each within `requestTimeout`.
 *
 * With a `token` and no scope, the token is taken as it is; with a scope, it is exchanged. Either way
 * it ends when it would have ended, and cannot be renewed.
 *
 * @throws {InvalidConfigurationValue} naming the field that is missing or wrong.
 * @throws {AuthenticationFailed} where Keystone refuses the credentials.
 * @throws {GlanceConnectionFailed} where Keystone cannot be reached, or its certificate is not trusted.
 *
 * @example
 * ```ts
 * import { authenticate } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const keystone = () =>
 *   Promise.resolve(Response.json(
 *     { token: { user: { id: "u1" }, project: { id: "p1" }, roles: [{ name: "member" }] } },
 *     { status: 201, headers: { "x-subject-token": "gAAAA" } },
 *   ));
 * const context = await authenticate({
 *   authUrl: "https://keystone.example:5000/v3",
 *   username: "alice",
 *   password: "…",
 *   projectName: "demo",
 * }, { fetch: keystone }); // leave `fetch` out to ask a real one
 * assert(context.projectId === "p1" && context.authToken === "gAAAA");
 * ```
 */
export async function authenticate(
  credentials: Credentials,
  options: GlanceOptions = {},
): Promise<RequestContext> {
  return await new Session(credentials, resolveOptions(options)).renew();
}

/** Whether a token has ended, or will within two minutes. */
export function isExpiring(context: RequestContext, nowMs: number = Date.now()): boolean {
  return endsBefore(context, nowMs + EXPIRY_MARGIN);
}

/** Whether a token has ended. */
export function hasEnded(context: RequestContext, nowMs: number = Date.now()): boolean {
  return endsBefore(context, nowMs);
}

/**
 * The service catalog of a token that came without it (`GET /v3/auth/catalog`).
 *
 * @throws {AuthenticationFailed} where the token has ended, or has no scope.
 * @throws {InvalidConfigurationValue} where there is no token, or no Keystone v3 at `authUrl`.
 */
export async function fetchCatalog(
  authUrl: string,
  context: RequestContext,
  options: GlanceOptions | ResolvedOptions = {},
): Promise<CatalogEntry[]> {
  const { authToken } = context;
  if (authToken === undefined) {
    throw new InvalidConfigurationValue(
      'Cannot read the service catalog: the context has no "authToken"; sign in first, or set "apiServers"',
    );
  }
  const question: KeystoneRequest = {
    server: identityServer(authUrl),
    request: {
      method: "GET",
      path: "/v3/auth/catalog",
      headers: { "x-auth-token": tokenFor(authToken) },
    },
    action: "read the service catalog",
    hint: "the token has ended, was revoked or has no scope; sign in for a project",
    secrets: [authToken],
  };
  return catalogFrom(question, await askKeystone(resolveOptions(options), question));
}

/** One sign-in, and the tokens that come of it. */
class Session {
  readonly #credentials: Credentials;
  readonly #options: ResolvedOptions;
  readonly #question: KeystoneRequest;
  #newest: RequestContext | null = null;
  #pending: Promise<RequestContext> | null = null;

  constructor(credentials: Credentials, options: ResolvedOptions) {
    this.#credentials = credentials;
    this.#options = options;
    this.#question = {
      server: identityServer(credentials.authUrl),
      request: requestFor(credentials),
      action: `authenticate ${describe(credentials)}`,
      hint: HINTS[methodOf(credentials)],
      secrets: secretsOf(credentials),
    };
  }

  /** A context with another token than `held`, from Keystone where there is no newer good one. */
  renew(held?: string): Promise<RequestContext> {
    const newest = this.#newest;
    if (newest !== null && newest.authToken !== held && !isExpiring(newest)) {
      return Promise.resolve(newest);
    }
    this.#pending ??= this.#replace(newest).finally(() => this.#pending = null);
    return this.#pending;
  }

  async #replace(newest: RequestContext | null): Promise<RequestContext> {
    const isEnding = newest !== null && isExpiring(newest);
    const isOver = newest !== null && hasEnded(newest);
    if (isEnding && methodOf(this.#credentials) === "token") {
      if (isOver) throw this.#cannotRenew(newest);
      return newest;
    }
    try {
      return this.#newest = await this.#ask();
    } catch (error) {
      // Renewed early, while Keystone is away: the token that is there will do for now.
      if (isEnding && !isOver && error instanceof GlanceConnectionFailed) return newest;
      throw error;
    }
  }

  async #ask(): Promise<RequestContext> {
    const reply = await askKeystone(this.#options, this.#question);
    const context = contextFrom(this.#question, reply, this.#credentials.token);
    return { ...context, renew: () => this.renew(context.authToken) };
  }

  #cannotRenew({ expiresAt }: RequestContext): AuthenticationFailed {
    return new AuthenticationFailed(
      `Cannot renew the token: it ended at ${expiresAt?.toISOString()}, and a token alone cannot be renewed; sign in with a password or an application credential`,
      { server: this.#question.server.endpoint },
    );
  }
}

/** A token without a wanted scope is not exchanged, which would lose its scope, but looked up. */
function requestFor(credentials: Credentials): WireRequest {
  const body = authRequest(credentials);
  if (methodOf(credentials) === "token" && scopeOf(credentials) === null) {
    const token = tokenFor(credentials.token ?? "");
    const headers = { "x-auth-token": token, "x-subject-token": token };
    return { method: "GET", path: TOKENS, headers };
  }
  return {
    method: "POST",
    path: TOKENS,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** A token for a header. Others break the request in a way that looks like a lost connection. */
function tokenFor(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token.trim())) return token.trim();
  throw new InvalidConfigurationValue(
    "Cannot use the token: it holds characters that no token has; copy it again, whole and alone (OS_TOKEN)",
  );
}

function endsBefore({ expiresAt }: RequestContext, ms: number): boolean {
  return expiresAt !== undefined && expiresAt.getTime() <= ms;
}
