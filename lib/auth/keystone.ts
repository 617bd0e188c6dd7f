/**
 * Authentication with Keystone v3: creates a context with a token and a catalog, and renews the token when it expires or
 * is refused. Concurrent renewals share one request.
 */
import type { CatalogEntry, RequestContext } from "../context.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  InvalidConfigurationValue,
} from "../errors.ts";
import type { WireRequest } from "../http/request_spec.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { authRequest, scopeOf } from "./token_request.ts";
import { type AuthMethod, type Credentials, describe, methodOf, secretsOf } from "./credentials.ts";
import { identityServer, requestKeystone } from "./keystone_client.ts";
import type { KeystoneRequest } from "./keystone_errors.ts";
import { catalogFrom, contextFrom } from "./token_response.ts";
import type { MessagePart } from "../message_parts.ts";
import { hasExpired, isExpiring } from "./token_expiry.ts";
import { isObject } from "../validate.ts";

export type { AuthMethod, Credentials } from "./credentials.ts";

const NO_TOKEN: MessagePart = {
  key: "signIn",
  text: 'the context has no "authToken"; sign in first, or set "apiServers"',
};

const TOKENS = "/v3/auth/tokens";

/** Hints for a 401, because Keystone does not state the cause. */
const HINTS: Readonly<Record<AuthMethod, string>> = {
  password:
    "check the user, the password, both domains, and that the user has a role there (OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME, OS_PROJECT_NAME, OS_PROJECT_DOMAIN_NAME)",
  applicationCredential:
    "check its id, its secret, and that it has not expired (OS_APPLICATION_CREDENTIAL_ID, OS_APPLICATION_CREDENTIAL_SECRET)",
  token:
    "the token has expired, was revoked, or is not valid for that scope; sign in with a password or an application credential",
};

/**
 * Signs in at Keystone v3.
 *
 * Returns a context with the token, the ids of its user and project, the roles, the service catalog, and
 * `renew`, which signs in again. All contexts of one sign-in share the newest token. If Keystone is not
 * available, the request is sent up to `1 + numRetries` times, each within `requestTimeout`, and during an outage for
 * `outageTimeout`.
 *
 * A `token` without a scope is used as it is; with a scope, it is exchanged. Neither extends its expiry, and
 * it cannot be renewed.
 *
 * @throws {InvalidConfigurationValue} if a field is missing or invalid; the message names it.
 * @throws {AuthenticationFailed} if Keystone refuses the credentials.
 * @throws {GlanceConnectionFailed} if Keystone cannot be reached, or its certificate is not trusted.
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
 * }, { fetch: keystone }); // omit `fetch` to use a real Keystone
 * assert(context.projectId === "p1" && context.authToken === "gAAAA");
 * ```
 */
export async function authenticate(
  credentials: Credentials,
  options: GlanceOptions = {},
): Promise<RequestContext> {
  return await new KeystoneSession(credentials, resolveOptions(options)).renew();
}

/**
 * Fetches the service catalog of a token (`GET /v3/auth/catalog`).
 *
 * @throws {AuthenticationFailed} if the token has expired or has no scope.
 * @throws {InvalidConfigurationValue} if the context has no token, or `authUrl` is not a Keystone v3.
 * @throws {GlanceConnectionFailed} if Keystone cannot be reached.
 */
export async function fetchCatalog(
  authUrl: string,
  context: RequestContext,
  options: GlanceOptions | ResolvedOptions = {},
): Promise<CatalogEntry[]> {
  const { authToken } = context;
  if (authToken === undefined) {
    throw new InvalidConfigurationValue(
      `Cannot read the service catalog: ${NO_TOKEN.text}`,
      { messageParts: [NO_TOKEN] },
    );
  }
  const request: KeystoneRequest = {
    server: identityServer(authUrl),
    request: {
      method: "GET",
      path: "/v3/auth/catalog",
      headers: { "x-auth-token": tokenFor(authToken) },
    },
    action: "read the service catalog",
    hint: "the token has expired, was revoked, or has no scope; sign in for a project",
    secrets: [authToken],
  };
  return catalogFrom(request, await requestKeystone(resolveOptions(options), request));
}

/** A project in which a user has a role. */
export interface KeystoneProject {
  /** Id of the project. */
  readonly id: string;
  /** Name, unique within its domain. */
  readonly name: string;
}

/**
 * Lists the projects in which the user of a token has a role (`GET /v3/auth/projects`), by name.
 *
 * @throws {AuthenticationFailed} if the token has expired or was revoked.
 * @throws {GlanceConnectionFailed} if Keystone cannot be reached.
 */
export async function listProjects(
  authUrl: string,
  token: string,
  options: GlanceOptions,
): Promise<readonly KeystoneProject[]> {
  const { document } = await requestKeystone(resolveOptions(options), {
    server: identityServer(authUrl),
    request: {
      method: "GET",
      path: "/v3/auth/projects",
      headers: { "x-auth-token": tokenFor(token) },
    },
    action: "list the projects of the user",
    hint: HINTS.token,
    secrets: [token],
  });
  const { projects } = document;
  return (Array.isArray(projects) ? projects : []).flatMap((project) => {
    const { id, name, enabled }: Record<string, unknown> = isObject(project) ? project : {};
    const isUsable = typeof id === "string" && typeof name === "string" && enabled !== false;
    return isUsable ? [{ id, name }] : [];
  }).sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Revokes a token, which must still be valid.
 *
 * @throws {AuthenticationFailed} if it is not.
 * @throws {GlanceConnectionFailed} if Keystone cannot be reached.
 */
export async function revokeToken(
  authUrl: string,
  token: string,
  options: GlanceOptions,
): Promise<void> {
  const value = tokenFor(token);
  await requestKeystone(resolveOptions(options), {
    server: identityServer(authUrl),
    request: {
      method: "DELETE",
      path: TOKENS,
      headers: { "x-auth-token": value, "x-subject-token": value },
    },
    action: "revoke the token",
    hint: "it has expired, or was revoked already",
    secrets: [token],
  });
}

/** Credentials and the newest token that was issued for them. */
class KeystoneSession {
  readonly #credentials: Credentials;
  readonly #options: ResolvedOptions;
  readonly #request: KeystoneRequest;
  #newest: RequestContext | null = null;
  #pending: Promise<RequestContext> | null = null;

  constructor(credentials: Credentials, options: ResolvedOptions) {
    this.#credentials = credentials;
    this.#options = options;
    this.#request = {
      server: identityServer(credentials.authUrl),
      request: requestFor(credentials),
      action: `authenticate ${describe(credentials)}`,
      hint: HINTS[methodOf(credentials)],
      secrets: secretsOf(credentials),
    };
  }

  /** A context with a token other than `held`: the newest one if it is still valid, else a new one. */
  renew(held?: string): Promise<RequestContext> {
    const newest = this.#newest;
    const wallClock = this.#options.wallClock();
    if (newest !== null && newest.authToken !== held && !isExpiring(newest, wallClock)) {
      return Promise.resolve(newest);
    }
    this.#pending ??= this.#replace(newest).finally(() => this.#pending = null);
    return this.#pending;
  }

  async #replace(newest: RequestContext | null): Promise<RequestContext> {
    const wallClock = this.#options.wallClock();
    const isDue = newest !== null && isExpiring(newest, wallClock);
    const isExpired = newest !== null && hasExpired(newest, wallClock);
    if (isDue && methodOf(this.#credentials) === "token") {
      if (isExpired) throw this.#cannotRenew(newest);
      return newest;
    }
    const isUsable = isDue && !isExpired;
    try {
      const options = isUsable ? { ...this.#options, outageTimeout: 0 } : this.#options;
      return this.#newest = await this.#requestToken(options);
    } catch (error) {
      // Keystone is not available, but the current token is valid for up to two more minutes.
      if (isUsable && error instanceof GlanceConnectionFailed) return newest;
      throw error;
    }
  }

  async #requestToken(options: ResolvedOptions): Promise<RequestContext> {
    const response = await requestKeystone(options, this.#request);
    const wallClock = this.#options.wallClock();
    const context = contextFrom(this.#request, response, this.#credentials.token, wallClock);
    return { ...context, renew: () => this.renew(context.authToken) };
  }

  #cannotRenew({ expiresAt }: RequestContext): AuthenticationFailed {
    return new AuthenticationFailed(
      `Cannot renew the token: it expired at ${expiresAt?.toISOString()}, and a token alone cannot be renewed; sign in with a password or an application credential`,
      { server: this.#request.server.endpoint },
    );
  }
}

/** Without a scope, a token is looked up: exchanging it would lose the scope that it has. */
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

/** A token as a header value. An invalid value would fail like a broken connection. */
function tokenFor(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token.trim())) return token.trim();
  throw new InvalidConfigurationValue(
    "Cannot use the token: it has characters that no token has; copy it again, without the surrounding text (OS_TOKEN)",
  );
}
