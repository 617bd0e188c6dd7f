/**
 * How somebody proves who he is, and for what he wants a token. Also how messages speak of it: which
 * user, which project, never a secret. Pure.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../errors.ts";

/** The ways to sign in. */
export const AUTH_METHODS = ["password", "applicationCredential", "token"] as const;

/** A way to sign in. */
export type AuthMethod = typeof AUTH_METHODS[number];

/**
 * What Keystone wants to know, in the words of `clouds.yaml` and `OS_*`. A user, project or domain is
 * named by its id, or by its name and domain; at most one of project, domain and system is asked for.
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
 * assert(alice.userDomainId === undefined); // the domain "default" then
 * ```
 */
export interface Credentials {
  /** Identity endpoint, with or without `/v3`: `https://keystone:5000/v3`. */
  readonly authUrl: string;
  /**
   * The way to sign in.
   * @default the one whose secret is given; a password before a token
   */
  readonly method?: AuthMethod;
  /** User, by id; needs no domain. */
  readonly userId?: string;
  /** User, by name within a domain. */
  readonly username?: string;
  /** Password of the user. */
  readonly password?: string;
  /** Domain of the user, by id. */
  readonly userDomainId?: string;
  /** Domain of the user, by name. */
  readonly userDomainName?: string;
  /** A token that is there already; it is exchanged for one with the wanted scope, if any. */
  readonly token?: string;
  /** Application credential, by id. */
  readonly applicationCredentialId?: string;
  /** Found among those of the user, who must be named then. */
  readonly applicationCredentialName?: string;
  /** Its secret. */
  readonly applicationCredentialSecret?: string;
  /** Scope: a project, by id; needs no domain. */
  readonly projectId?: string;
  /** Scope: a project, by name within a domain. */
  readonly projectName?: string;
  /** Domain of the project, by id. */
  readonly projectDomainId?: string;
  /** Domain of the project, by name. */
  readonly projectDomainName?: string;
  /** Scope: all of a domain. */
  readonly domainId?: string;
  /** Scope: all of a domain. */
  readonly domainName?: string;
  /** Scope: the whole cloud. */
  readonly systemScope?: "all";
  /**
   * Domain of a user or project that is named without one.
   * @default {"default"}
   */
  readonly defaultDomainId?: string;
  /** The same by name. */
  readonly defaultDomainName?: string;
}

/** The way to sign in: the one that was chosen, else the one whose secret is there. */
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
 * The value of a field that cannot be done without.
 *
 * @throws {InvalidConfigurationValue} where it is missing, naming the variable and the key for it.
 */
export function required(credentials: Credentials, field: keyof Credentials): string {
  const value = credentials[field];
  if (isGiven(value)) return value;
  const key = field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  throw new InvalidConfigurationValue(
    `Cannot authenticate ${
      whoIs(credentials)
    }: "${field}" is missing; set it, or OS_${key.toUpperCase()}, or auth.${key} in clouds.yaml`,
  );
}

/** Who asks for what, without any secret: `as user "alice" for project "demo"`. */
export function describe(credentials: Credentials): string {
  return `${whoIs(credentials)}${scopeNameOf(credentials)}`;
}

function whoIs(credentials: Credentials): string {
  const method = methodOf(credentials);
  if (method === "token") return "with a token";
  const user = nameOf(credentials.userId, credentials.username);
  if (method === "password") return user === null ? "with a password" : `as user "${user}"`;
  const { applicationCredentialId, applicationCredentialName } = credentials;
  const name = nameOf(applicationCredentialId, applicationCredentialName);
  return `with application credential${name === null ? "" : ` "${name}"`}`;
}

function scopeNameOf(credentials: Credentials): string {
  const project = nameOf(credentials.projectId, credentials.projectName);
  if (project !== null) return ` for project "${project}"`;
  const domain = nameOf(credentials.domainId, credentials.domainName);
  if (domain !== null) return ` for domain "${domain}"`;
  return credentials.systemScope === undefined ? "" : " for the system";
}

function nameOf(id: string | undefined, name: string | undefined): string | null {
  return isGiven(id) ? id : isGiven(name) ? name : null;
}

/** What no message may show. */
export function secretsOf(credentials: Credentials): string[] {
  const { password, token, applicationCredentialSecret } = credentials;
  return [password, token, applicationCredentialSecret].filter(isGiven);
}

/** An empty text counts as none: that is how a shell leaves a variable that it "unset". */
export function isGiven(value: string | undefined): value is string {
  return typeof value === "string" && value !== "";
}
