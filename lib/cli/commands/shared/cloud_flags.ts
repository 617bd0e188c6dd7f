/**
 * The flags that say which cloud is meant and who signs in, and how they become a connection. Each
 * stands for a variable of the environment, and goes before it.
 *
 * @module
 */
import { parseDocument as parseYaml } from "yaml";
import { type CloudFetch, fetchForCloud, readCloud } from "../../../auth/clouds/mod.ts";
import { connect, type Connection, type ConnectOptions } from "../../../connect.ts";
import type { GlanceEvent } from "../../../events.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import type { Flags, Target, TextFlag, Values } from "../../args/command.ts";
import type { System } from "../../system/system.ts";

/** A flag that stands for a variable. */
function standsFor(stands: string, summary: string, ...aliases: string[]): TextFlag {
  const value = `<${stands}>`;
  return { kind: "text", value, stands, summary, ...aliases.length > 0 && { aliases } };
}

/** Flags that say who signs in, and for what. */
const SIGN_IN_FLAGS = {
  "os-auth-url": standsFor("OS_AUTH_URL", "Keystone's URL"),
  "os-username": standsFor("OS_USERNAME", "User", "os-user-name"),
  "os-user-id": standsFor("OS_USER_ID", "User, by id"),
  "os-password": standsFor("OS_PASSWORD", "Password; other users of this machine can see flags"),
  "os-user-domain-id": standsFor("OS_USER_DOMAIN_ID", "Domain of the user, by id"),
  "os-user-domain-name": standsFor("OS_USER_DOMAIN_NAME", "Domain of the user"),
  "os-project-id": standsFor("OS_PROJECT_ID", "Project, by id", "os-tenant-id"),
  "os-project-name": standsFor("OS_PROJECT_NAME", "Project", "os-tenant-name"),
  "os-project-domain-id": standsFor("OS_PROJECT_DOMAIN_ID", "Domain of the project, by id"),
  "os-project-domain-name": standsFor("OS_PROJECT_DOMAIN_NAME", "Domain of the project"),
  "os-domain-id": standsFor("OS_DOMAIN_ID", "Domain to act on, by id"),
  "os-domain-name": standsFor("OS_DOMAIN_NAME", "Domain to act on"),
  "os-default-domain-id": standsFor("OS_DEFAULT_DOMAIN_ID", "Domain of user and project, by id"),
  "os-default-domain-name": standsFor("OS_DEFAULT_DOMAIN_NAME", "Domain of user and project"),
  "os-system-scope": standsFor("OS_SYSTEM_SCOPE", 'Act on the whole cloud: "all"'),
  "os-trust-id": standsFor("OS_TRUST_ID", "Refused: use an application credential"),
  "os-auth-type": standsFor("OS_AUTH_TYPE", "Way to sign in", "os-auth-plugin"),
  "os-auth-token": standsFor("OS_AUTH_TOKEN", "Token that is there already", "os-token"),
  "os-application-credential-id": standsFor(
    "OS_APPLICATION_CREDENTIAL_ID",
    "Application credential, by id",
  ),
  "os-application-credential-name": standsFor(
    "OS_APPLICATION_CREDENTIAL_NAME",
    "Application credential",
  ),
  "os-application-credential-secret": standsFor(
    "OS_APPLICATION_CREDENTIAL_SECRET",
    "Its secret; other users of this machine can see flags",
  ),
} as const satisfies Flags;

/** Flags that say which cloud, and which way to it. */
export const CLOUD_FLAGS = {
  "os-cloud": standsFor("OS_CLOUD", "Name of the cloud in clouds.yaml"),
  ...SIGN_IN_FLAGS,
  "os-region-name": standsFor("OS_REGION_NAME", "Region"),
  "os-image-url": standsFor("OS_IMAGE_URL", "Glance's URL, instead of the catalog's"),
  "os-endpoint-type": standsFor(
    "OS_ENDPOINT_TYPE",
    "Interface in the catalog: public, internal, admin",
    "os-interface",
  ),
  "os-service-type": standsFor("OS_IMAGE_SERVICE_TYPE", "Service type in the catalog: image"),
  "os-cacert": standsFor("OS_CACERT", "PEM file with the CAs of the cloud"),
  "os-cert": standsFor("OS_CERT", "PEM file with your certificate"),
  "os-key": standsFor("OS_KEY", "PEM file with its key"),
  "timeout": {
    kind: "number",
    value: "<SECONDS>",
    min: 1,
    summary:
      "Seconds until an answer must begin (default: 60); transfers may take as long as they move",
  },
  "stall-timeout": {
    kind: "number",
    value: "<SECONDS>",
    min: 1,
    summary: "Seconds for which a transfer may stand still (default: 30)",
  },
  "insecure": { kind: "switch", summary: "Refused: certificates are always checked" },
} as const satisfies Flags;

/** The values of the cloud's flags. */
export type CloudValues = Values<typeof CLOUD_FLAGS>;

/**
 * Signs in to the cloud that flags and environment mean.
 *
 * @throws {UsageError} where flags contradict each other.
 * @throws {CommandFailed} where nothing is configured, with the ways to do it.
 * @throws {GlanceError} what `connect` throws.
 */
export async function connectByFlags(
  values: CloudValues,
  system: System,
  onEvent: (event: GlanceEvent) => void,
): Promise<Connection> {
  const options = connectOptions(values, system.environment);
  await checkConfigured(options);
  const cloudFetch = system.ports?.fetch === undefined ? await fetchByFlags(values) : null;
  const connection = await connect({
    ...options,
    ...cloudFetch !== null && { fetch: cloudFetch },
    ...system.ports,
    onEvent,
  });
  if (cloudFetch === null) return connection;
  const { service, context } = connection;
  return {
    service,
    context,
    [Symbol.dispose]: () => {
      connection[Symbol.dispose]();
      cloudFetch[Symbol.dispose]();
    },
  };
}

/**
 * Signs in to another place. Flags and variables that lead to the first one say nothing of another cloud,
 * and of another region of the same only who signs in.
 *
 * @throws what `connectByFlags` throws.
 */
export async function connectToTarget(
  { cloud, region }: Target,
  values: CloudValues,
  system: System,
  onEvent: (event: GlanceEvent) => void,
): Promise<Connection> {
  const base = cloud === undefined ? values : { ...NO_VALUES, ...timeoutsOf(values) };
  const isKept = cloud === undefined ? isOfCloud : isOfNoCloud;
  const kept = Object.entries(system.environment).filter(([name]) => isKept(name));
  const other: CloudValues = {
    ...base,
    "os-image-url": undefined,
    "os-region-name": region,
    ...cloud !== undefined && { "os-cloud": cloud },
  };
  return await connectByFlags(other, { ...system, environment: Object.fromEntries(kept) }, onEvent);
}

/** The flags that hold for every cloud. */
function timeoutsOf(
  { timeout, "stall-timeout": stall }: CloudValues,
): Pick<CloudValues, "timeout" | "stall-timeout"> {
  return { timeout, "stall-timeout": stall };
}

/** No flag given. */
const NO_VALUES = Object.fromEntries(
  Object.entries<Flags[string]>(CLOUD_FLAGS)
    .map(([name, { kind }]) => [name, kind === "switch" ? false : undefined]),
  // Each flag has the value of its kind.
) as CloudValues;

/** Whether a variable says where clouds are described, and not which is meant. */
function isOfNoCloud(name: string): boolean {
  return !name.startsWith("OS_") && name !== "GLANCE_API_SERVERS" || name.startsWith("OS_CLIENT_");
}

/** Whether a variable says of a cloud what is so in each of its regions. */
function isOfCloud(name: string): boolean {
  return !["GLANCE_API_SERVERS", "OS_IMAGE_URL", "OS_REGION_NAME"].includes(name);
}

/**
 * What the flags say, in the words of `connect`. Flags that say who signs in go before `OS_CLOUD`.
 *
 * @throws {UsageError} where flags contradict each other, and for `--insecure`.
 */
export function connectOptions(
  values: CloudValues,
  environment: System["environment"],
): ConnectOptions {
  const { "os-cloud": cloud, "os-image-url": imageUrl } = values;
  const { timeout, "stall-timeout": stallTimeout } = values;
  if (values["insecure"]) {
    throw new UsageError(
      "Cannot use --insecure: no certificate is left unchecked; give the CA of the cloud with --os-cacert",
    );
  }
  const signIn = Object.keys(SIGN_IN_FLAGS).filter((flag) => valueOf(values, flag) !== undefined);
  if (cloud !== undefined && signIn.length > 0) {
    throw new UsageError(
      `Cannot use --os-cloud together with --${
        signIn.join(" and --")
      }: the cloud says who signs in; leave one of them out`,
    );
  }
  const catalogInfo = catalogInfoFrom(values);
  return {
    environment: {
      ...environment,
      ...signIn.length > 0 && { OS_CLOUD: undefined },
      ...tokenType(values, environment),
      ...variablesFrom(values),
      // Servers of the environment would go before it.
      ...imageUrl !== undefined && { GLANCE_API_SERVERS: imageUrl },
    },
    parseYaml,
    ...cloud !== undefined && { cloud },
    ...timeout !== undefined && { requestTimeout: timeout * 1000 },
    ...stallTimeout !== undefined && { stallTimeout: stallTimeout * 1000 },
    ...catalogInfo !== null && { catalogInfo },
  };
}

function variablesFrom(values: CloudValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries<Flags[string]>(CLOUD_FLAGS).flatMap(([name, { stands }]) => {
      const value = valueOf(values, name);
      return stands === undefined || value === undefined ? [] : [[stands, String(value)]];
    }),
  );
}

/**
 * Whoever gives a token wants no password of the environment to be used; with Glance's URL, not even
 * Keystone.
 */
function tokenType(
  values: CloudValues,
  environment: System["environment"],
): Readonly<Record<string, string>> {
  if (values["os-auth-token"] === undefined) return {};
  const url = values["os-image-url"] ?? environment["OS_IMAGE_URL"] ??
    environment["GLANCE_API_SERVERS"];
  return { OS_AUTH_TYPE: url ? "admin_token" : "token" };
}

/** What a cloud of clouds.yaml says of its catalog would go before the variables. */
function catalogInfoFrom(values: CloudValues): string | null {
  const { "os-service-type": type, "os-endpoint-type": endpointType } = values;
  if (type === undefined && endpointType === undefined) return null;
  return `${type ?? "image"}:glance:${endpointType ?? "public"}`;
}

async function checkConfigured(options: ConnectOptions): Promise<void> {
  const { cloud, environment = {} } = options;
  if (await readCloud({ cloud, environment, parseYaml }) !== null) return;
  throw new CommandFailed(
    'Cannot choose a cloud: nothing is configured; set OS_CLOUD to a cloud of clouds.yaml, or OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or GLANCE_API_SERVERS to the URL of a Glance without Keystone; "deno task start" starts one to try things out',
  );
}

async function fetchByFlags(values: CloudValues): Promise<CloudFetch | null> {
  return await fetchForCloud({
    verify: true,
    caCertFile: values["os-cacert"] ?? null,
    certFile: values["os-cert"] ?? null,
    keyFile: values["os-key"] ?? null,
  });
}

function valueOf(values: CloudValues, name: string): unknown {
  return (values as Readonly<Record<string, unknown>>)[name];
}
