/**
 * Builds the body of `POST /v3/auth/tokens` from credentials (Identity API v3, "Authentication and token management").
 * Pure.
 */
import { InvalidConfigurationValue } from "../errors.ts";
import { type Credentials, describe, isGiven, methodOf, required } from "./credentials.ts";
import { optionPart } from "../message_parts.ts";

/** A user, project, domain, or credential, by id, or by name and domain. */
interface Reference {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly domain?: Reference | undefined;
}

/** The authentication methods, each with its credentials. */
interface TokenIdentity {
  readonly methods: readonly string[];
  readonly [method: string]: unknown;
}

/** The scope of a token. */
type Scope =
  | { readonly project: Reference }
  | { readonly domain: Reference }
  | { readonly system: { readonly all: true } };

/** Body of `POST /v3/auth/tokens`. */
export interface AuthRequest {
  readonly auth: { readonly identity: TokenIdentity; readonly scope?: Scope };
}

/** Keystone's initial domain always has this id; its name may differ. */
const DEFAULT_DOMAIN_ID = "default";

/**
 * The body of a request for a token. Without a scope, Keystone uses the user's default project, or issues an
 * unscoped token, which is valid only for getting another token.
 *
 * @throws {InvalidConfigurationValue} if a field is missing or not allowed; the message names it.
 */
export function authRequest(credentials: Credentials): AuthRequest {
  const identity = descriptorOf(credentials);
  const scope = scopeOf(credentials);
  return { auth: scope === null ? { identity } : { identity, scope } };
}

/**
 * The scope that credentials request; null if they request none.
 *
 * @throws {InvalidConfigurationValue} if they request more than one.
 */
export function scopeOf(credentials: Credentials): Scope | null {
  const scopes = [projectScope(credentials), domainScope(credentials), systemScope(credentials)]
    .filter((scope) => scope !== null);
  if (scopes.length > 1) {
    const names = scopes.flatMap((scope) => Object.keys(scope)).join(" and ");
    throw new InvalidConfigurationValue(
      `Cannot authenticate ${
        describe(credentials)
      }: more than one scope is requested (${names}); remove all but one`,
    );
  }
  if (scopes.length > 0 && methodOf(credentials) === "applicationCredential") {
    // Keystone would respond with 401: the credential belongs to the project in which it was created.
    throw new InvalidConfigurationValue(
      `Cannot authenticate ${
        describe(credentials)
      }: an application credential is bound to a project; remove project, domain and system`,
    );
  }
  return scopes[0] ?? null;
}

function descriptorOf(credentials: Credentials): TokenIdentity {
  const method = methodOf(credentials);
  if (method === "token") {
    return { methods: ["token"], token: { id: required(credentials, "token") } };
  }
  if (method === "password") {
    const user = userOf(credentials);
    const password = required(credentials, "password");
    return { methods: ["password"], password: { user: { ...user, password } } };
  }
  const credential = applicationCredentialOf(credentials);
  const secret = required(credentials, "applicationCredentialSecret");
  return {
    methods: ["application_credential"],
    application_credential: { ...credential, secret },
  };
}

function userOf(credentials: Credentials): Reference {
  const { userId, userDomainId, userDomainName } = credentials;
  if (isGiven(userId)) return { id: userId };
  const name = required(credentials, "username");
  return { name, domain: domainOf(credentials, userDomainId, userDomainName) };
}

/** The name of an application credential is unique only within its user. */
function applicationCredentialOf(credentials: Credentials): Reference & { user?: Reference } {
  const { applicationCredentialId, applicationCredentialName } = credentials;
  if (isGiven(applicationCredentialId)) return { id: applicationCredentialId };
  if (!isGiven(applicationCredentialName)) {
    return { id: required(credentials, "applicationCredentialId") };
  }
  return { name: applicationCredentialName, user: userOf(credentials) };
}

function projectScope(credentials: Credentials): Scope | null {
  const { projectId, projectName, projectDomainId, projectDomainName } = credentials;
  if (isGiven(projectId)) return { project: { id: projectId } };
  if (!isGiven(projectName)) return null;
  const domain = domainOf(credentials, projectDomainId, projectDomainName);
  return { project: { name: projectName, domain } };
}

function domainScope({ domainId, domainName }: Credentials): Scope | null {
  if (isGiven(domainId)) return { domain: { id: domainId } };
  return isGiven(domainName) ? { domain: { name: domainName } } : null;
}

function systemScope({ systemScope }: Credentials): Scope | null {
  if (!isGiven(systemScope)) return null;
  if (systemScope === "all") return { system: { all: true } };
  throw new InvalidConfigurationValue(
    `Cannot authenticate: "systemScope" is "${systemScope}"; it must be "all"`,
    { messageParts: [optionPart("systemScope")] },
  );
}

function domainOf(
  credentials: Credentials,
  id: string | undefined,
  name: string | undefined,
): Reference {
  if (isGiven(id)) return { id };
  if (isGiven(name)) return { name };
  const { defaultDomainId, defaultDomainName } = credentials;
  if (isGiven(defaultDomainId)) return { id: defaultDomainId };
  return isGiven(defaultDomainName) ? { name: defaultDomainName } : { id: DEFAULT_DOMAIN_ID };
}
