/** Connections to the cloud that flags and environment choose. */
import { GlanceClientWrapper } from "../../../api/client.ts";
import { regionsInCatalog } from "../../../auth/catalog.ts";
import { type CloudInput, fromCloud, resolveCloud } from "../../../cloud.ts";
import type { GlanceEvent } from "../../../events.ts";
import { CLOUD_FLAGS, type CloudValues, SIGN_IN_FLAGS } from "../../args/cloud_flags.ts";
import type { CloudConnection, Flags, Target } from "../../args/command.ts";
import {
  defaultOutageTimeout,
  OUTAGE_TIMEOUT,
  timeOptions,
  timesOf,
} from "../../args/time_flags.ts";
import { CommandFailed, UsageError } from "../../system/errors.ts";
import type { System } from "../../system/system.ts";
import { parseYaml } from "../../system/yaml_parser.ts";

/**
 * Signs in to the cloud that flags and environment choose.
 *
 * @throws {UsageError} if flags contradict each other.
 * @throws {CommandFailed} if no cloud is configured, or it has no image service in the chosen region.
 * @throws {GlanceError} if `connect` does.
 */
export async function connectByFlags(
  values: CloudValues,
  system: System,
  onEvent: (event: GlanceEvent) => void,
): Promise<CloudConnection> {
  const input = cloudInput(values, system.environment);
  const { outageTimeout = OUTAGE_TIMEOUT } = input;
  const cloud = await resolveCloud({ ...input, ...system.ports, outageTimeout, onEvent });
  if (cloud === null) throw notConfigured();
  const options = {
    ...cloud.options,
    outageTimeout: input.outageTimeout ?? defaultOutageTimeout(cloud.options.apiServers),
  };
  const connection = await fromCloud(cloud, async ({ signIn }) => ({
    client: new GlanceClientWrapper(options),
    context: await signIn(),
  }));
  checkRegion(connection);
  return connection;
}

/**
 * Checks that the catalog has the chosen region: as in Cinder, the library would use another one.
 *
 * @throws {CommandFailed} if the image service is not in the region.
 */
function checkRegion({ client, context }: CloudConnection): void {
  const { apiServers, catalogInfo, regionName } = client.options;
  const { serviceCatalog } = context;
  if (apiServers !== null || regionName === null || serviceCatalog === undefined) return;
  const regions = regionsInCatalog(serviceCatalog, catalogInfo.serviceType);
  if (regions.includes(regionName) || regions.length === 0) return;
  throw new CommandFailed(
    `Cannot use the region "${regionName}": the image service of the cloud is in "${
      regions.join('", "')
    }"; choose one of these`,
  );
}

/**
 * Signs in to another cloud or region. For another cloud, the flags and variables of the first cloud are
 * ignored; for another region, only those of the endpoint are.
 *
 * @throws the errors of `connectByFlags`.
 */
export async function connectToTarget(
  { cloud, region }: Target,
  values: CloudValues,
  system: System,
  onEvent: (event: GlanceEvent) => void,
): Promise<CloudConnection> {
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
 * The choice of a cloud from the flags and the environment. Flags with credentials override `OS_CLOUD`.
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
    'Cannot choose a cloud: no cloud is configured; set OS_CLOUD to a cloud in clouds.yaml, or OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or GLANCE_API_SERVERS to the URL of a Glance without Keystone; to try things out, start a server with "glance-edge start"',
  );
}

function valueOf(values: CloudValues, name: string): unknown {
  return (values as Readonly<Record<string, unknown>>)[name];
}
