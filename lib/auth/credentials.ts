/**
 * Credentials for Keystone: the authentication method, the user, and the scope; and their description for messages,
 * without secrets. Pure.
 */
import { InvalidConfigurationValue } from "../errors.ts";

/** The supported authentication methods. */
const AUTH_METHODS: readonly AuthMethod[] = ["password", "applicationCredential", "token"];

/** An authentication method. */
export type AuthMethod = "password" | "applicationCredential" | "token";

/**
 * Credentials, with the names of `clouds.yaml` and `OS_*` in camelCase. A user or project is named by its id,
 * or by its name and domain. The scope is at most one of project, domain, and system.
 *
 * @example
 * ```ts
 * import type { Credentials } from "@glance-edge/glance";
 * import { assert } from "@std/assert";
 *
 * const alice: Credentials = {
 *   authUrl: "https://keystone.example:5000/v3",
 *   username: "alice",
 *   password: "…",
 *   projectName: "demo",
 * };
 * assert(alice.userDomainId === undefined); // means the domain "default"
 * ```
 */
export interface Credentials {
  /** Identity endpoint, with or without `/v3`: `https://keystone:5000/v3`. */
  readonly authUrl: string;
  /**
   * Authentication method.
   * Default: the method whose secret is given: password, application credential, or token, in this order.
   */
  readonly method?: AuthMethod | undefined;
  /** User, by id; requires no domain. */
  readonly userId?: string | undefined;
  /** User, by name within a domain. */
  readonly username?: string | undefined;
  /** Password of the user. */
  readonly password?: string | undefined;
  /** Domain of the user, by id. */
  readonly userDomainId?: string | undefined;
  /** Domain of the user, by name. */
  readonly userDomainName?: string | undefined;
  /** An existing token; with a scope, it is exchanged for a token of that scope. */
  readonly token?: string | undefined;
  /** Application credential, by id. */
  readonly applicationCredentialId?: string | undefined;
  /** Application credential, by name; requires the user. */
  readonly applicationCredentialName?: string | undefined;
  /** Secret of the application credential. */
  readonly applicationCredentialSecret?: string | undefined;
  /** Scope: a project, by id; requires no domain. */
  readonly projectId?: string | undefined;
  /** Scope: a project, by name within a domain. */
  readonly projectName?: string | undefined;
  /** Domain of the project, by id. */
  readonly projectDomainId?: string | undefined;
  /** Domain of the project, by name. */
  readonly projectDomainName?: string | undefined;
  /** Scope: a domain, by id. */
  readonly domainId?: string | undefined;
  /** Scope: a domain, by name. */
  readonly domainName?: string | undefined;
  /** Scope: the whole cloud. */
  readonly systemScope?: "all" | undefined;
  /**
   * Domain, by id, of a user or project that is named without one.
   * Default: `"default"`.
   */
  readonly defaultDomainId?: string | undefined;
  /** Domain, by name, of a user or project that is named without one. */
  readonly defaultDomainName?: string | undefined;
}

/** The authentication method: the given one, else the one whose secret is given. */
export function methodOf(credentials: Credentials): AuthMethod {
  const { method, password, token } = credentials;
  if (method === undefined) {
    if (isGiven(password)) return "password";
    if (isApplicationCredential(credentials)) return "applicationCredential";
    return isGiven(token) ? "token" : "password";
  }
  if (AUTH_METHODS.includes(method)) return method;
  throw new InvalidConfigurationValue(
    `Cannot authenticate: the method is "${method}"; it must be "${AUTH_METHODS.join('", "')}"`,
  );
}

function isApplicationCredential(credentials: Credentials): boolean {
  const { applicationCredentialId, applicationCredentialName, applicationCredentialSecret } =
    credentials;
  return [applicationCredentialId, applicationCredentialName, applicationCredentialSecret]
    .some(isGiven);
}

/**
 * The value of a required field.
 *
 * @throws {InvalidConfigurationValue} if it is missing; the message names the variable and the key.
 */
export function required(credentials: Credentials, field: keyof Credentials): string {
  const value = credentials[field];
  if (isGiven(value)) return value;
  const key = field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  throw new InvalidConfigurationValue(
    `Cannot authenticate ${
      describeUser(credentials)
    }: "${field}" is missing; set it, or OS_${key.toUpperCase()}, or auth.${key} in clouds.yaml`,
  );
}

/** Describes credentials without their secrets: `as user "alice" for project "demo"`. */
export function describe(credentials: Credentials): string {
  return `${describeUser(credentials)}${describeScope(credentials)}`;
}

function describeUser(credentials: Credentials): string {
  const method = methodOf(credentials);
  if (method === "token") return "with a token";
  const user = nameOf(credentials.userId, credentials.username);
  if (method === "password") return user === null ? "with a password" : `as user "${user}"`;
  const { applicationCredentialId, applicationCredentialName } = credentials;
  const name = nameOf(applicationCredentialId, applicationCredentialName);
  return `with application credential${name === null ? "" : ` "${name}"`}`;
}

function describeScope(credentials: Credentials): string {
  const project = nameOf(credentials.projectId, credentials.projectName);
  if (project !== null) return ` for project "${project}"`;
  const domain = nameOf(credentials.domainId, credentials.domainName);
  if (domain !== null) return ` for domain "${domain}"`;
  return credentials.systemScope === undefined ? "" : " for the system";
}

function nameOf(id: string | undefined, name: string | undefined): string | null {
  return isGiven(id) ? id : isGiven(name) ? name : null;
}

/** The secrets, which no message may show. */
export function secretsOf(credentials: Credentials): string[] {
  const { password, token, applicationCredentialSecret } = credentials;
  return [password, token, applicationCredentialSecret].filter(isGiven);
}

/** An empty string counts as unset: shells often "unset" a variable that way. */
export function isGiven(value: string | undefined): value is string {
  return typeof value === "string" && value !== "";
}
