/**
 * Selects a cloud by openstacksdk's rules: by `OS_CLOUD`, from a file with one or several clouds, or the one
 * that `OS_*` variables describe. Pure.
 */
import { InvalidConfigurationValue } from "../../errors.ts";
import { Cloud } from "./cloud.ts";
import type { CloudFile } from "./files.ts";
import type { Environment } from "../../platform.ts";
import { isMapping, notMappingState, type Settings, withUnderscores } from "./settings.ts";

/** The clouds to choose from. */
export interface CloudSelection {
  readonly environment: Environment;
  readonly file: CloudFile | null;
  /** The requested name; null if the rules decide. */
  readonly requested: string | null;
}

/** Variables of test tools, which are not settings. */
const TOOL_VARIABLES = /^OS_(TEST|STD|LOG)/;

/** Variables that select a cloud but do not describe one. */
const SELECTORS: ReadonlySet<string> = new Set([
  "OS_CLOUD",
  "OS_CLOUD_NAME",
  "OS_REGION_NAME",
  "OS_CLIENT_CONFIG_FILE",
  "OS_CLIENT_SECURE_FILE",
]);

/**
 * The cloud with the requested name; if that is null, the cloud of the environment, else the only one of the
 * file. Null if nothing is configured.
 *
 * @throws {InvalidConfigurationValue} if the requested cloud does not exist, or there are several and none is
 * requested; the message lists the names.
 */
export function chooseCloud({ environment, file, requested }: CloudSelection): Cloud | null {
  const clouds = cloudsIn(file);
  const own = environmentCloud(environment);
  if (own !== null && clouds.has(own.name)) {
    throw new InvalidConfigurationValue(
      `Cannot choose a cloud: "${own.name}" names both a cloud in "${file?.path}" and the one that the OS_* variables describe; rename the latter with OS_CLOUD_NAME`,
    );
  }
  if (own !== null) clouds.set(own.name, () => own);
  if (requested !== null) return clouds.get(requested)?.() ?? unknown(requested, clouds, file);
  if (own !== null) return own;
  const [only, ...others] = clouds.values();
  if (others.length === 0) return only?.() ?? null;
  throw new InvalidConfigurationValue(
    `Cannot choose a cloud: "${file?.path}" has ${quoted(clouds)}; set OS_CLOUD to one of them`,
  );
}

/** The cloud that `OS_*` variables describe; null if they only select one, or there are none. */
function environmentCloud(environment: Environment): Cloud | null {
  const names = Object.keys(environment).filter((name) =>
    name.startsWith("OS_") && !TOOL_VARIABLES.test(name) && environment[name]
  );
  if (!names.some((name) => !SELECTORS.has(name))) return null;
  const settings = names.map((name) => [name.slice("OS_".length).toLowerCase(), environment[name]]);
  return new Cloud(environmentCloudName(environment), null, Object.fromEntries(settings));
}

/** The name of the cloud that `OS_*` variables describe. */
export function environmentCloudName(environment: Environment): string {
  return environment["OS_CLOUD_NAME"] || "envvars";
}

/** The clouds by name. Each is checked when it is chosen: a malformed one does not prevent the use of others. */
function cloudsIn(file: CloudFile | null): Map<string, () => Cloud> {
  const clouds = mappingIn(file, "clouds", file?.content["clouds"] ?? {});
  return new Map(
    Object.entries(clouds).map(([name, value]) => [name, () => {
      const settings = mappingIn(file, `clouds.${name}`, value);
      mappingIn(file, `clouds.${name}.auth`, settings["auth"] ?? {});
      return new Cloud(name, file?.path ?? "", withUnderscores(settings));
    }]),
  );
}

function unknown(
  requested: string,
  clouds: ReadonlyMap<string, unknown>,
  file: CloudFile | null,
): never {
  const place = file === null ? "no clouds.yaml was found" : `"${file.path}" does not contain it`;
  const names = clouds.size === 0 ? "" : ` (known clouds: ${quoted(clouds)})`;
  const hint = file === null
    ? "create one in ~/.config/openstack, or name yours in OS_CLIENT_CONFIG_FILE"
    : "correct the name, or name another file in OS_CLIENT_CONFIG_FILE";
  throw new InvalidConfigurationValue(
    `Cannot find the cloud "${requested}": ${place}${names}; ${hint}`,
  );
}

function quoted(clouds: ReadonlyMap<string, unknown>): string {
  return [...clouds.keys()].map((name) => `"${name}"`).join(", ");
}

/** @throws {InvalidConfigurationValue} if the value is not a mapping, or has a key that is not text. */
function mappingIn(file: CloudFile | null, key: string, value: unknown): Settings {
  if (isMapping(value)) return value;
  throw new InvalidConfigurationValue(
    `Cannot use the clouds file "${file?.path}": ${notMappingState(value, key)}`,
  );
}
