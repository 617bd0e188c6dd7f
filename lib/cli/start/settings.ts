/** The settings of `start`: from the command line, else from the file of `--config`. */
import { valuesOf } from "../args/values.ts";
import { readFlagsOnly } from "../args/parse.ts";
import { UsageError } from "../system/errors.ts";
import type { SystemFiles } from "../system/system.ts";
import type { FileSetting } from "./config_file.ts";
import { listenHost } from "./listen_host.ts";
import { SETTING_FLAGS, START_FLAGS, type StartValues } from "./start_flags.ts";

export interface StartSettings {
  readonly values: StartValues;
  /** A setting with its text, for messages: as a flag, or with its place in the file. */
  written(name: keyof StartValues, text: string | number): string;
}

/**
 * Reads the settings.
 *
 * @throws {UsageError} if something is unknown, missing, or out of range, or contradicts something else.
 * @throws {CommandFailed} if the file cannot be read.
 */
export async function readSettings(
  args: readonly string[],
  files: SystemFiles,
): Promise<StartSettings> {
  const given = readFlagsOnly(args, START_FLAGS, 'see "glance-edge start --help"');
  const flags = valuesOf(START_FLAGS, given, {}) as StartValues;
  const { config } = flags;
  const file = config === undefined || flags.help
    ? new Map<string, FileSetting>()
    : await fileSettings(config, files);
  const texts = [...file].map(([name, setting]) => [name, setting.texts] as const);
  // `valuesOf()` gives each flag a value of the type that `StartValues` has for it.
  const values = valuesOf(START_FLAGS, new Map([...texts, ...given]), {}) as StartValues;
  const written = (name: string, text: string | number) => {
    const inFile = given.has(name) ? undefined : file.get(name);
    return inFile?.written(String(text)) ?? `"--${name} ${text}"`;
  };
  if (values.help) return { values, written };
  checkSettings({ values, written });
  await checkCache({ values, written }, files);
  return { values: { ...values, host: hostIn({ values, written }) }, written };
}

async function fileSettings(
  path: string,
  files: SystemFiles,
): Promise<ReadonlyMap<string, FileSetting>> {
  // Imported on demand: it needs the YAML parser.
  const { readConfigFile } = await import("./config_file.ts");
  return await readConfigFile(path, SETTING_FLAGS, files);
}

/** @throws {UsageError} if it is not a host name or an IP address. */
function hostIn({ values: { host: text }, written }: StartSettings): string | undefined {
  const host = text === undefined ? undefined : listenHost(text);
  if (host !== null) return host;
  throw new UsageError(
    `Cannot use ${
      written("host", text ?? "")
    }: it must be a host name or an IP address without a port; write 0.0.0.0 for all addresses`,
  );
}

/** @throws {UsageError} if the cache exists and is not a directory. */
async function checkCache(
  { values: { cache }, written }: StartSettings,
  files: SystemFiles,
): Promise<void> {
  if (cache === undefined) return;
  // A directory that cannot be read now costs only speed.
  const found = await files.stat(cache).catch(() => null);
  if (found === null || found.kind === "directory") return;
  throw new UsageError(`Cannot use ${written("cache", cache)}: it is not a directory; name one`);
}

/** @throws {UsageError} if settings are out of range or contradict each other. */
function checkSettings({ values, written }: StartSettings): void {
  const { port = 0, data, "os-cloud": cloud } = values;
  if (port > 65_535) {
    throw new UsageError(`Cannot use ${written("port", port)}: it must be at most 65535`);
  }
  const embedded = values["embedded"] ? "--embedded" : data === undefined ? null : "--data";
  const servers = values["api-servers"].length > 0 ? "--api-servers" : null;
  const clouds = values["service-mode"]
    ? "--service-mode"
    : cloud === undefined
    ? servers
    : "--os-cloud";
  if (embedded !== null && clouds !== null) {
    throw new UsageError(
      `Cannot use ${clouds} together with ${embedded}: the embedded Glance has no cloud; leave one of them out`,
    );
  }
  if (embedded !== null && values["cache"] !== undefined) {
    throw new UsageError(
      `Cannot use --cache together with ${embedded}: the images of the embedded Glance are on this machine; leave one of them out`,
    );
  }
  if (values["read-write"] && !values["service-mode"]) {
    throw new UsageError(
      "Cannot use --read-write without --service-mode: the tokens of clients decide what they can write; leave it out, or add --service-mode",
    );
  }
  checkTogether(values, "cache", ["cache-size", "cache-slot-size", "cache-authorization-ttl"]);
  checkTogether(values, "tls-cert", ["tls-key"]);
  checkTogether(values, "tls-key", ["tls-cert"]);
  checkTogether(values, "cors", ["cors-max-age"]);
}

/** @throws {UsageError} if a setting that needs another one is given without it. */
function checkTogether(
  values: StartValues,
  needed: keyof StartValues,
  names: readonly (keyof StartValues)[],
): void {
  const value = values[needed];
  const alone = names.find((name) => values[name] !== undefined);
  if (alone === undefined || value !== undefined && String(value) !== "") return;
  const { value: placeholder } = START_FLAGS[needed] as { readonly value?: string };
  throw new UsageError(
    `Cannot use --${alone} without --${needed}; add --${needed} ${
      (placeholder ?? "").replaceAll(/[<>]/g, "")
    }, or leave it out`,
  );
}
