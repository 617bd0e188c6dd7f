/**
 * Flags that choose the cloud and the credentials, and connections made from them. Each flag overrides an
 * environment variable.
 */
import { toggle } from "../../args/flags.ts";
import { parseDocument as parseYaml } from "yaml";
import { type CloudInput, resolveCloud } from "../../../cloud.ts";
import { type Connection, openConnection } from "../../../connect.ts";
import type { GlanceEvent } from "../../../events.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import type { Flags, Target, TextFlag, Values } from "../../args/command.ts";
import type { System } from "../../system/system.ts";
import { defaultOutageTimeout, TIME_FLAGS, timeOptions, timesOf } from "./time_flags.ts";

/**
 * Defines flags that override the environment variables with their names: `--os-auth-url` overrides
 * `OS_AUTH_URL`. A list is a summary and other names of the flag.
 */
function overriding<Name extends string>(
  summaries: Readonly<Record<Name, string | readonly string[]>>,
): Readonly<Record<Name, TextFlag>> {
  const flags = Object.entries<string | readonly string[]>(summaries).map(([name, words]) => {
    const [summary = "", ...aliases] = [words].flat();
    const overrides = name.replaceAll("-", "_").toUpperCase();
    return [name, { kind: "text", value: placeholderFor(overrides), overrides, summary, aliases }];
  });
  return Object.fromEntries(flags);
}

/** `<URL>` for `OS_AUTH_URL`: the last word of the name of the variable. */
function placeholderFor(variable: string): string {
  const word = variable.slice(variable.lastIndexOf("_") + 1);
  return ["CACERT", "CERT", "KEY"].includes(word) ? "<PEM_FILE>" : `<${word}>`;
}

/** Flags for the credentials and the scope. */
const SIGN_IN_FLAGS = overriding({
  "os-auth-url": "URL of Keystone",
  "os-username": ["Name of the user", "os-user-name"],
  "os-user-id": "Id of the user",
  "os-password": "Password; visible to other users of this machine",
  "os-user-domain-id": "Id of the user's domain",
  "os-user-domain-name": "Name of the user's domain",
  "os-project-id": ["Id of the project", "os-tenant-id"],
  "os-project-name": ["Name of the project", "os-tenant-name"],
  "os-project-domain-id": "Id of the project's domain",
  "os-project-domain-name": "Name of the project's domain",
  "os-domain-id": "Id of the domain, for a domain-scoped token",
  "os-domain-name": "Name of the domain, for a domain-scoped token",
  "os-default-domain-id": "Id of the domain of user and project",
  "os-default-domain-name": "Name of the domain of user and project",
  "os-system-scope": '"all" for a system-scoped token',
  "os-trust-id": "Not supported: use an application credential",
  "os-auth-type": ["Authentication type, for example password", "os-auth-plugin"],
  "os-auth-token": ["Existing token", "os-token"],
  "os-application-credential-id": "Id of the application credential",
  "os-application-credential-name": "Name of the application credential",
  "os-application-credential-secret":
    "Secret of the application credential; visible to other users of this machine",
});

const ENDPOINT_FLAGS = overriding({
  "os-region-name": "Name of the region",
  "os-image-url": "URL of Glance, instead of the one in the catalog",
  "os-endpoint-type": [
    "Interface in the catalog: public, internal or admin (default: public)",
    "os-interface",
  ],
  "os-service-type": "Service type in the catalog (default: image)",
  "os-cacert": "PEM file with CA certificates",
  "os-cert": "PEM file with the client certificate",
  "os-key": "PEM file with the key of the client certificate",
});

/** Flags for the cloud, its endpoints, TLS and time limits. */
export const CLOUD_FLAGS = {
  ...overriding({ "os-cloud": "Name of the cloud in clouds.yaml" }),
  ...SIGN_IN_FLAGS,
  ...ENDPOINT_FLAGS,
  // glanceclient's variable has another name than its flag.
  "os-service-type": { ...ENDPOINT_FLAGS["os-service-type"], overrides: "OS_IMAGE_SERVICE_TYPE" },
  ...TIME_FLAGS,
  "insecure": toggle("Not supported: certificates are always verified"),
} as const satisfies Flags;

/** The values of `CLOUD_FLAGS`. */
export type CloudValues = Values<typeof CLOUD_FLAGS>;

/**
 * Signs in to the cloud that flags and environment choose.
 *
 * @throws {UsageError} if flags contradict each other.
 * @throws {CommandFailed} if no cloud is configured.
 * @throws {GlanceError} if `connect` does.
 */
export async function connectByFlags(
  values: CloudValues,
  system: System,
  onEvent: (event: GlanceEvent) => void,
): Promise<Connection> {
  const cloud = await resolveCloud({
    ...cloudInput(values, system.environment),
    ...system.ports,
    onEvent,
  });
  if (cloud === null) throw notConfigured();
  const { options } = cloud;
  const { outageTimeout = defaultOutageTimeout(options.apiServers) } = options;
  return await openConnection({ ...cloud, options: { ...options, outageTimeout } });
}

/**
 * Signs in to another cloud or region. For another cloud, the flags and variables of the first cloud are
 * ignored; for another region, only those of the endpoint are.
 *
 * @throws what `connectByFlags` throws.
 */
export async function connectToTarget(
  { cloud, region }: Target,
  values: CloudValues,
  system: System,
  onEvent: (event: GlanceEvent) => void,
): Promise<Connection> {
  const base = cloud === undefined ? values : { ...NO_VALUES, ...timesOf(values) };
  const isKept = cloud === undefined ? isRegionIndependent : isCloudIndependent;
  const kept = Object.entries(system.environment).filter(([name]) => isKept(name));
  const other: CloudValues = {
    ...base,
    "os-image-url": undefined,
    "os-region-name": region,
    "os-cloud": cloud ?? base["os-cloud"],
  };
  return await connectByFlags(other, { ...system, environment: Object.fromEntries(kept) }, onEvent);
}

/** The values if no flag is given. */
const NO_VALUES = Object.fromEntries(
  Object.entries<Flags[string]>(CLOUD_FLAGS)
    .map(([name, { kind }]) => [name, kind === "switch" ? false : undefined]),
  // Each flag has the empty value of its kind.
) as CloudValues;

/** Whether a variable applies to all clouds, for example the path of clouds.yaml. */
function isCloudIndependent(name: string): boolean {
  return !name.startsWith("OS_") && name !== "GLANCE_API_SERVERS" || name.startsWith("OS_CLIENT_");
}

/** Whether a variable applies to all regions of a cloud. */
function isRegionIndependent(name: string): boolean {
  return !["GLANCE_API_SERVERS", "OS_IMAGE_URL", "OS_REGION_NAME"].includes(name);
}

/**
 * What the flags and the environment say of the cloud. Flags with credentials override `OS_CLOUD`.
 *
 * @throws {UsageError} if flags contradict each other, or one is not supported.
 */
export function cloudInput(values: CloudValues, environment: System["environment"]): CloudInput {
  const { "os-cloud": cloud, "os-image-url": imageUrl } = values;
  if (values["insecure"]) {
    throw new UsageError(
      "Cannot use --insecure: certificates are always verified; name the CA certificates of the cloud with --os-cacert",
    );
  }
  if (values["os-trust-id"] !== undefined) {
    throw new UsageError(
      "Cannot use --os-trust-id: trusts are not supported; use an application credential",
    );
  }
  const signIn = Object.keys(SIGN_IN_FLAGS).filter((flag) => valueOf(values, flag) !== undefined);
  if (cloud !== undefined && signIn.length > 0) {
    throw new UsageError(
      `Cannot use --os-cloud together with --${
        signIn.join(" and --")
      }: the cloud has its own credentials; leave one of them out`,
    );
  }
  return {
    environment: {
      ...environment,
      ...signIn.length > 0 && { OS_CLOUD: undefined },
      ...tokenType(values, environment),
      ...variablesFrom(values),
      // GLANCE_API_SERVERS has precedence over OS_IMAGE_URL. Without the flag, the environment's is kept.
      ...imageUrl !== undefined && { GLANCE_API_SERVERS: imageUrl },
    },
    parseYaml,
    cloud,
    ...timeOptions(values),
    catalogInfo: catalogInfoFrom(values),
    tls: {
      caCertFile: values["os-cacert"],
      certFile: values["os-cert"],
      keyFile: values["os-key"],
    },
  };
}

function variablesFrom(values: CloudValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries<Flags[string]>(CLOUD_FLAGS).flatMap(([name, { overrides }]) => {
      const value = valueOf(values, name);
      return overrides === undefined || value === undefined ? [] : [[overrides, String(value)]];
    }),
  );
}

/**
 * The authentication type for a token: it has precedence over a password in the environment. If the URL of
 * Glance is known, Keystone is not needed.
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

/** Passed as an option, since clouds.yaml has precedence over the environment variables. */
function catalogInfoFrom(values: CloudValues): string | undefined {
  const { "os-service-type": type, "os-endpoint-type": endpointType } = values;
  if (type === undefined && endpointType === undefined) return undefined;
  return `${type ?? "image"}:glance:${endpointType ?? "public"}`;
}

function notConfigured(): CommandFailed {
  return new CommandFailed(
    'Cannot choose a cloud: no cloud is configured; set OS_CLOUD to a cloud in clouds.yaml, or OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or GLANCE_API_SERVERS to the URL of a Glance without Keystone; to try things out, start a server with "deno task start"',
  );
}

function valueOf(values: CloudValues, name: string): unknown {
  return (values as Readonly<Record<string, unknown>>)[name];
}
