/**
 * The Keystone of the live stack: configuration, process, users, and tokens. The catalog is a
 * template file that Keystone reads once, at the start.
 */

import { databaseUrl } from "./database.ts";
import { ServerProcess } from "./processes.ts";

/**
 * The users: an administrator, two members with projects of their own, a reader in the first of
 * these projects, and Glance.
 */
export type StackUser = "admin" | "alice" | "bob" | "carol" | "glance";

/** Credentials for a password sign-in, with the names of `clouds.yaml`. */
export interface Credentials {
  /** Keystone's URL, ending in `/v3`. */
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  readonly projectName: string;
  readonly userDomainName: string;
  readonly projectDomainName: string;
}

/** A project-scoped token and its owner. */
export interface IssuedToken {
  /** Value for `X-Auth-Token`. */
  readonly token: string;
  readonly userId: string;
  readonly projectId: string;
  readonly roles: readonly string[];
}

/** The region of the stack's servers in the catalog. */
export const REGION = "RegionOne";

const PROJECTS: Record<StackUser, string> = {
  admin: "admin",
  alice: "alice-project",
  bob: "bob-project",
  carol: "alice-project",
  glance: "service",
};

/** `service` is the role that Keystone's middleware requires of a service token. */
const GRANTS: readonly (readonly [StackUser, readonly string[]])[] = [
  ["glance", ["admin", "service"]],
  ["alice", ["member"]],
  ["bob", ["member"]],
  ["carol", ["reader"]],
];

/** Credentials of a user. The passwords are not secret; the stack is temporary. */
export function credentialsOf(user: StackUser, keystoneUrl: string): Credentials {
  return {
    authUrl: keystoneUrl,
    username: user,
    password: `${user}-password`,
    projectName: PROJECTS[user],
    userDomainName: "Default",
    projectDomainName: "Default",
  };
}

/** An image service of the catalog. */
export interface ImageService {
  readonly region: string;
  /** `image`, or another type, which clients use only on request. */
  readonly type: string;
  /** URL for all interfaces. */
  readonly url: string;
}

/** Creates Keystone's keys, its tables and an administrator, and starts it without image services. */
export async function prepareKeystone(directory: string, port: number): Promise<ServerProcess> {
  const { password } = credentialsOf("admin", "");
  return await serveKeystone(directory, port, [], password);
}

/** Writes the configuration and the catalog, and starts Keystone. */
export async function startKeystone(
  directory: string,
  port: number,
  images: readonly ImageService[],
): Promise<ServerProcess> {
  return await serveKeystone(directory, port, images);
}

async function serveKeystone(
  directory: string,
  port: number,
  images: readonly ImageService[],
  ...password: string[]
): Promise<ServerProcess> {
  const url = `http://127.0.0.1:${port}/v3`;
  await Deno.writeTextFile(`${directory}/keystone.conf`, configuration(directory));
  await Deno.writeTextFile(`${directory}/catalog.templates`, catalog(url, images));
  return await ServerProcess.start({
    name: "Keystone",
    argv: [
      "/usr/bin/python3",
      `${import.meta.dirname}/keystone_server.py`,
      `${directory}/keystone.conf`,
      String(port),
      ...password,
    ],
    log: `${directory}/logs/keystone.log`,
  }, () => responses(url));
}

function configuration(directory: string): string {
  return `[database]
connection = ${databaseUrl(directory, "keystone")}
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
[catalog]
driver = templated
template_file = ${directory}/catalog.templates
caching = false
[token]
provider = fernet
[fernet_tokens]
key_repository = ${directory}/fernet-keys
[fernet_receipts]
key_repository = ${directory}/fernet-keys
[credential]
key_repository = ${directory}/credential-keys
`;
}

function catalog(identityUrl: string, images: readonly ImageService[]): string {
  const services = [
    { region: REGION, type: "identity", name: "keystone", url: identityUrl },
    ...images.map((image) => ({ name: "glance", ...image })),
  ];
  return services.flatMap(({ region, type, name, url }) => [
    `catalog.${region}.${type}.publicURL = ${url}`,
    `catalog.${region}.${type}.internalURL = ${url}`,
    `catalog.${region}.${type}.adminURL = ${url}`,
    `catalog.${region}.${type}.name = ${name}`,
    "",
  ]).join("\n");
}

/** Milliseconds for a response of a real server. A server that hangs fails its test instead of the whole run. */
export const RESPONSE_LIMIT_MS = 120_000;

/** True if a GET is successful. */
export async function responses(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(RESPONSE_LIMIT_MS) });
  await response.body?.cancel();
  return response.ok;
}

/**
 * Signs in with a password.
 *
 * @throws {Error} if Keystone rejects the credentials
 */
export async function issueToken(credentials: Credentials): Promise<IssuedToken> {
  const domain = { name: credentials.userDomainName };
  const user = { name: credentials.username, password: credentials.password, domain };
  const project = {
    name: credentials.projectName,
    domain: { name: credentials.projectDomainName },
  };
  const response = await fetch(`${credentials.authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: { identity: { methods: ["password"], password: { user } }, scope: { project } },
    }),
    signal: AbortSignal.timeout(RESPONSE_LIMIT_MS),
  });
  const { token } = await accepted<{ token: TokenBody }>(response, "sign in");
  return {
    token: response.headers.get("x-subject-token") ?? "",
    userId: token.user.id,
    projectId: token.project.id,
    roles: token.roles.map((role) => role.name),
  };
}

/** Creates the other users with their projects and roles. */
export async function createUsers(keystoneUrl: string): Promise<void> {
  const { token } = await issueToken(credentialsOf("admin", keystoneUrl));
  const api = new IdentityApi(keystoneUrl, token);
  const { roles } = await api.send<{ roles: Named[] }>("GET", "roles");
  const service = await api.send<{ role: Named }>("POST", "roles", { role: { name: "service" } });
  const roleIds = new Map([...roles, service.role].map(({ name, id }) => [name, id]));
  const projects = new Map<string, Promise<{ project: Named }>>();
  const projectNamed = (name: string) => {
    const made = projects.get(name) ?? api.send("POST", "projects", { project: { name } });
    projects.set(name, made);
    return made;
  };
  await Promise.all(GRANTS.map(async ([name, grants]) => {
    const { username, password, projectName } = credentialsOf(name, keystoneUrl);
    const [{ user }, { project }] = await Promise.all([
      api.send<{ user: Named }>("POST", "users", { user: { name: username, password } }),
      projectNamed(projectName),
    ]);
    await Promise.all(
      grants.map((role) =>
        api.send("PUT", `projects/${project.id}/users/${user.id}/roles/${roleIds.get(role)}`)
      ),
    );
  }));
}

interface Named {
  readonly id: string;
  readonly name: string;
}

interface TokenBody {
  readonly user: Named;
  readonly project: Named;
  readonly roles: readonly Named[];
}

/** Keystone's API with one token. */
class IdentityApi {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/${path}`, {
      method,
      headers: { "x-auth-token": this.#token, "content-type": "application/json" },
      signal: AbortSignal.timeout(RESPONSE_LIMIT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return await accepted<T>(response, `${method} ${path}`);
  }
}

/** Not validated: a wrong shape fails the test at once. */
async function accepted<T>(response: Response, what: string): Promise<T> {
  const text = await response.text();
  if (response.ok) return (text === "" ? null : JSON.parse(text)) as T;
  throw new Error(`Cannot ${what} at Keystone: status ${response.status}, ${text}`);
}
