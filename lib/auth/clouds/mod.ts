/**
 * Reads the user's cloud from `OS_*` variables, `clouds.yaml`, `secure.yaml`, `clouds-public.yaml`, and
 * `GLANCE_API_SERVERS`, in the places and with the precedence of openstacksdk.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../../errors.ts";
import { Cloud } from "./cloud.ts";
import { chooseCloud, type CloudSelection, environmentCloudName } from "./select.ts";
import { type CloudConfig, cloudConfigFrom, DEFAULT_TLS } from "./config.ts";
import { type CloudFile, CloudFiles } from "./files.ts";
import { inRegion, withProfile } from "./region.ts";
import {
  type Environment,
  hostWorkingDirectory,
  processEnvironment,
  readHostFile,
  type TextFileReader,
} from "../../platform.ts";
import { isMapping, type Settings, withUnderscores } from "./settings.ts";
import type { YamlParser } from "./yaml.ts";

export type { CloudConfig, CloudOptions, CloudTls } from "./config.ts";
export type { Credentials } from "../credentials.ts";
export type { Environment, TextFileReader } from "../../platform.ts";
export { type CloudFetch, fetchForCloud } from "../tls.ts";
export type { YamlOptions, YamlParser, YamlTag } from "./yaml.ts";

/** Options of `readCloud`. */
export interface ReadCloudOptions {
  /**
   * Name of the cloud.
   * Default: `OS_CLOUD`.
   */
  readonly cloud?: string | undefined;
  /**
   * Environment variables.
   * Default: those of the process.
   */
  readonly environment?: Environment | undefined;
  /**
   * Reads files.
   * Default: the runtime's file system; edge runtimes have no files.
   */
  readonly readTextFile?: TextFileReader | undefined;
  /**
   * Parses YAML.
   * Default: `parseDocument` of the npm package `yaml`, which must be installed if a YAML file exists.
   */
  readonly parseYaml?: YamlParser | undefined;
  /**
   * The directory of `.config/openstack`, and the value of `~`.
   * Default: `HOME`.
   */
  readonly homeDirectory?: string | undefined;
  /**
   * The directory that is searched first.
   * Default: that of the process.
   */
  readonly workingDirectory?: string | undefined;
}

/**
 * Reads the configuration of the user's cloud; null if nothing is configured.
 *
 * `clouds.yaml` (or `.yml`, `.json`) is the file that `OS_CLIENT_CONFIG_FILE` names, or is searched in the
 * working directory, `~/.config/openstack`, and `/etc/openstack`. `secure.yaml` is merged into it. `cloud` or
 * `OS_CLOUD` selects the cloud; by default it is the one that `OS_*` variables describe, else the only one
 * in the file. `GLANCE_API_SERVERS`, a list with commas, replaces the catalog. If it is set, no cloud is
 * named, and no `OS_*` variable configures one, Keystone is not used, so that no token is sent to servers
 * for which it was not issued.
 *
 * @throws {InvalidConfigurationValue} if a setting is missing or unusable; the message names the file and the
 * setting, and never a secret.
 *
 * @example
 * ```ts
 * import { readCloud } from "@glance-edge/glance/clouds";
 * import { assert } from "@std/assert";
 *
 * const cloud = await readCloud({
 *   environment: { OS_AUTH_URL: "https://keystone:5000/v3", OS_USERNAME: "alice", OS_PASSWORD: "…" },
 *   readTextFile: () => Promise.resolve(null), // omit both to read your own configuration
 * });
 * assert(cloud?.credentials?.username === "alice");
 * ```
 */
export async function readCloud(options: ReadCloudOptions = {}): Promise<CloudConfig | null> {
  const environment = options.environment ?? processEnvironment();
  const homeDirectory = options.homeDirectory ?? environment["HOME"] ??
    environment["USERPROFILE"] ?? null;
  const files = new CloudFiles({
    environment,
    readTextFile: options.readTextFile ?? readHostFile,
    parseYaml: options.parseYaml,
    homeDirectory,
    workingDirectory: options.workingDirectory ?? hostWorkingDirectory(),
  });
  const servers = serversFrom(environment);
  const requested = options.cloud || environment["OS_CLOUD"] || null;
  const file = servers !== null && requested === null ? null : await files.clouds();
  const cloud = choose({ environment, file, requested }, files.unreadable[0]);
  if (cloud !== null) {
    const { whole, missingProfile } = await complete(cloud, file, environment, files);
    return cloudConfigFrom(whole, servers, homeDirectory, missingProfile);
  }
  return servers === null ? null : withoutKeystone(servers);
}

/** Chooses the cloud; if that fails, the error names a file that could not be read. */
function choose(choice: CloudSelection, unreadable: string | undefined): Cloud | null {
  if (unreadable === undefined) return chooseCloud(choice);
  const found = attempt(() => chooseCloud(choice));
  if (found instanceof Cloud) return found;
  const state = found?.message ?? "Cannot find a cloud: no OS_* variables are set";
  throw new InvalidConfigurationValue(`${state}; this file could not be read: ${unreadable}`);
}

function attempt<Result>(read: () => Result): Result | InvalidConfigurationValue {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidConfigurationValue) return error;
    throw error;
  }
}

/** A cloud with its profile and its region. */
async function complete(
  cloud: Cloud,
  file: CloudFile | null,
  environment: Environment,
  files: CloudFiles,
): Promise<{ readonly whole: Cloud; readonly missingProfile: string | null }> {
  const name = cloud.firstText("profile", "cloud");
  const isOwn = name === null || name === environmentCloudName(environment);
  const profile = isOwn ? {} : await files.profile(name);
  const withAll = withProfile(cloud, { ...clientSettings(file, environment), ...profile });
  // The cloud of the environment already has the variable as a setting.
  const region = cloud.path === null ? null : environment["OS_REGION_NAME"] || null;
  return { whole: inRegion(withAll, region), missingProfile: profile === null ? name : null };
}

/** The settings that openstacksdk applies to all clouds. */
function clientSettings(file: CloudFile | null, environment: Environment): Settings {
  const client = file?.content["client"];
  const { OS_FORCE_IPV4: force_ipv4, OS_PREFER_IPV6: prefer_ipv6 } = environment;
  // An undefined variable must not overwrite the setting of the file.
  return {
    ...isMapping(client) && withUnderscores(client),
    ...force_ipv4 && { force_ipv4 },
    ...prefer_ipv6 && { prefer_ipv6 },
  };
}

function serversFrom(environment: Environment): string[] | null {
  const servers = (environment["GLANCE_API_SERVERS"] ?? "").split(/[\s,]+/).filter(Boolean);
  return servers.length === 0 ? null : servers;
}

function withoutKeystone(apiServers: readonly string[]): CloudConfig {
  return {
    name: "GLANCE_API_SERVERS",
    origin: "GLANCE_API_SERVERS",
    credentials: null,
    context: {},
    options: { apiServers, authStrategy: "noauth" },
    tls: DEFAULT_TLS,
    ignored: [],
  };
}
