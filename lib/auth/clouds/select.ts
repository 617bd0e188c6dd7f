/**
 * Which cloud is meant: openstacksdk's rules for `OS_CLOUD`, for a file with one cloud or several, and
 * for the cloud that the variables themselves make up. Pure.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../../errors.ts";
import { Cloud } from "./cloud.ts";
import type { CloudFile } from "./files.ts";
import type { Environment } from "../../platform.ts";
import { isRecord, withUnderscores } from "./settings.ts";

/** What there is to choose from. */
export interface Choice {
  readonly environment: Environment;
  readonly file: CloudFile | null;
  /** The name that was asked for; null leaves it to the rules. */
  readonly wanted: string | null;
}

/** Variables of test tools, which are no settings. */
const FOREIGN = /^OS_(TEST|STD|LOG)/;

/** Variables that choose a cloud but make none. */
const SELECTORS: ReadonlySet<string> = new Set([
  "OS_CLOUD",
  "OS_CLOUD_NAME",
  "OS_REGION_NAME",
  "OS_CLIENT_CONFIG_FILE",
  "OS_CLIENT_SECURE_FILE",
]);

/**
 * The cloud with the wanted name, else the one of the environment, else the only one of the file;
 * null where nothing is configured.
 *
 * @throws {InvalidConfigurationValue} where the wanted one is not there, or there are several and none
 * is wanted; it lists the names.
 */
export function chooseCloud({ environment, file, wanted }: Choice): Cloud | null {
  const clouds = cloudsIn(file);
  const own = environmentCloud(environment);
  if (own !== null && clouds.has(own.name)) {
    throw new InvalidConfigurationValue(
      `Cannot choose a cloud: "${own.name}" is one of "${file?.path}" and also the name of the one that the OS_* variables make up; give that another name with OS_CLOUD_NAME`,
    );
  }
  if (own !== null) clouds.set(own.name, own);
  if (wanted !== null) return clouds.get(wanted) ?? unknown(wanted, clouds, file);
  if (own !== null) return own;
  const [only, ...others] = clouds.values();
  if (others.length === 0) return only ?? null;
  throw new InvalidConfigurationValue(
    `Cannot choose a cloud: "${file?.path}" has ${quoted(clouds)}; set OS_CLOUD to one of them`,
  );
}

/** The cloud that `OS_*` make up; null where they only choose one, or there are none. */
function environmentCloud(environment: Environment): Cloud | null {
  const names = Object.keys(environment).filter((name) =>
    name.startsWith("OS_") && !FOREIGN.test(name) && environment[name]
  );
  if (!names.some((name) => !SELECTORS.has(name))) return null;
  const settings = names.map((name) => [name.slice("OS_".length).toLowerCase(), environment[name]]);
  return new Cloud(environmentCloudName(environment), null, Object.fromEntries(settings));
}

/** What the cloud is called that the variables make up. */
export function environmentCloudName(environment: Environment): string {
  return environment["OS_CLOUD_NAME"] || "envvars";
}

function cloudsIn(file: CloudFile | null): Map<string, Cloud> {
  const clouds = file?.content["clouds"] ?? {};
  if (!isRecord(clouds)) throw noMapping(file, "clouds");
  return new Map(
    Object.entries(clouds).map(([name, settings]) => {
      if (!isRecord(settings)) throw noMapping(file, `clouds.${name}`);
      if (!isRecord(settings["auth"] ?? {})) throw noMapping(file, `clouds.${name}.auth`);
      return [name, new Cloud(name, file?.path ?? "", withUnderscores(settings))];
    }),
  );
}

function unknown(
  wanted: string,
  clouds: ReadonlyMap<string, Cloud>,
  file: CloudFile | null,
): never {
  const place = file === null ? "there is no clouds.yaml" : `"${file.path}" does not have it`;
  const names = clouds.size === 0 ? "" : `, there is ${quoted(clouds)}`;
  throw new InvalidConfigurationValue(
    `Cannot find the cloud "${wanted}": ${place}${names}; correct the name, or name the file in OS_CLIENT_CONFIG_FILE`,
  );
}

function quoted(clouds: ReadonlyMap<string, Cloud>): string {
  return [...clouds.keys()].map((name) => `"${name}"`).join(", ");
}

function noMapping(file: CloudFile | null, key: string): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    `Cannot use the clouds file "${file?.path}": "${key}" is no mapping; write its keys below it, indented`,
  );
}
