/** Finds and reads the files that describe clouds, in the places and the order of openstacksdk. */
import { InvalidConfigurationValue } from "../../errors.ts";
import { ownValue } from "../../validate.ts";
import type { Environment, TextFileReader } from "../../platform.ts";
import { isMapping, mergeDeep, notMappingState, type Settings, toSettings } from "./settings.ts";
import { findYamlParser, valueOfYaml, YamlError, type YamlParser } from "./yaml.ts";
import { AmbiguousScalar, numberAsWritten } from "./yaml_scalars.ts";

/** The ports through which files are found and read. */
export interface FilePorts {
  readonly environment: Environment;
  readonly readTextFile: TextFileReader;
  readonly parseYaml: YamlParser | undefined;
  readonly homeDirectory: string | null;
  readonly workingDirectory: string | null;
}

/** A file that was found. */
export interface CloudFile {
  readonly path: string;
  readonly content: Settings;
}

/** Tried in each folder, in this order. */
const SUFFIXES = ["yaml", "yml", "json"] as const;

/** The folders that are searched, first to last. */
function searchFolders(ports: FilePorts): string[] {
  const { environment, homeDirectory, workingDirectory } = ports;
  const home = (base: string | null | undefined) => base ? `${base}/.config` : null;
  const folders = [
    environment["XDG_CONFIG_HOME"] || home(homeDirectory),
    home(environment["SNAP_REAL_HOME"] || homeDirectory),
    ...(environment["XDG_CONFIG_DIRS"] || "/etc/xdg").split(":").filter((folder) => folder !== ""),
    "/etc",
  ].flatMap((folder) => folder ? [`${folder.replace(/\/+$/, "")}/openstack`] : []);
  return [...new Set([...(workingDirectory === null ? [] : [workingDirectory]), ...folders])];
}

/** Finds and reads the files. Files that cannot be read are skipped, and recorded for messages. */
export class CloudFiles {
  readonly folders: readonly string[];
  /** Files that could not be read, each with the reason. */
  readonly unreadable: string[] = [];
  readonly #ports: FilePorts;

  constructor(ports: FilePorts) {
    this.#ports = ports;
    this.folders = searchFolders(ports);
  }

  /** `clouds.yaml` merged with `secure.yaml`; null if neither exists. */
  async clouds(): Promise<CloudFile | null> {
    const { environment } = this.#ports;
    const clouds = await this.#first("clouds", environment["OS_CLIENT_CONFIG_FILE"]);
    const secure = await this.#first("secure", environment["OS_CLIENT_SECURE_FILE"]);
    if (clouds === null || secure === null) return clouds ?? secure;
    return { path: clouds.path, content: mergeDeep(clouds.content, secure.content) };
  }

  /** A profile of `clouds-public.yaml`; null if it does not exist. */
  async profile(name: string): Promise<Settings | null> {
    const file = await this.#first("clouds-public");
    const profiles = file?.content["public-clouds"];
    const profile = isMapping(profiles) ? ownValue(profiles, name) : undefined;
    return isMapping(profile) ? profile : null;
  }

  /** The named file, else the first one that the search finds. */
  async #first(stem: string, named?: string): Promise<CloudFile | null> {
    if (named) return await this.#named(named);
    for (const folder of this.folders) {
      for (const suffix of SUFFIXES) {
        const path = `${folder}/${stem}.${suffix}`;
        const text = await this.#read(path);
        if (text !== null) return { path, content: await this.#parse(path, text) };
      }
    }
    return null;
  }

  async #named(path: string): Promise<CloudFile> {
    const text = await this.#read(path);
    if (text !== null) return { path, content: await this.#parse(path, text) };
    throw new InvalidConfigurationValue(
      `Cannot read the clouds file ${
        this.unreadable.at(-1) ?? `"${path}": it does not exist`
      }; correct OS_CLIENT_CONFIG_FILE or OS_CLIENT_SECURE_FILE, or unset it to search the usual places`,
    );
  }

  async #read(path: string): Promise<string | null> {
    try {
      return await this.#ports.readTextFile(path);
    } catch (error) {
      this.unreadable.push(`"${path}": ${error instanceof Error ? error.message : "unreadable"}`);
      return null;
    }
  }

  async #parse(path: string, text: string): Promise<Settings> {
    const parsed = path.endsWith("json") ? parseJson(path, text) : await this.#yaml(path, text);
    const content = settingsIn(path, parsed);
    if (content === null) return {};
    if (isMapping(content)) return content;
    throw new InvalidConfigurationValue(
      `Cannot use the clouds file "${path}": ${notMappingState(content, "the file")}`,
    );
  }

  async #yaml(path: string, text: string): Promise<unknown> {
    const parse = this.#ports.parseYaml ?? await findYamlParser();
    try {
      return await valueOfYaml(parse, text);
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      if (error.isRepetitive) throw repetitive(path);
      if (!error.isMark) throw malformed(path, "YAML", error.place);
      throw new InvalidConfigurationValue(
        `Cannot read the clouds file "${path}": a value begins with "!" or "&"${error.place}; write it in quotes`,
      );
    }
  }
}

/** @throws {InvalidConfigurationValue} for a value that contains itself. */
function settingsIn(path: string, parsed: unknown): unknown {
  try {
    return toSettings(parsed);
  } catch (error) {
    // The stack overflowed: an alias refers to a value that contains it, or the nesting is too deep.
    if (error instanceof RangeError) throw repetitive(path);
    throw error;
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text, numberInJson);
  } catch {
    throw malformed(path, "JSON", "");
  }
}

/** A number as it was written, if the runtime passes the source text; JavaScript keeps 15 digits. */
function numberInJson(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number") return value;
  if (context?.source !== undefined) return numberAsWritten(context.source);
  return Number.isSafeInteger(value) ? String(value) : new AmbiguousScalar("a number");
}

function repetitive(path: string): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    `Cannot use the clouds file "${path}": its values repeat or contain each other too often; write them without "*" and with less nesting`,
  );
}

function malformed(path: string, language: string, place: string): InvalidConfigurationValue {
  return new InvalidConfigurationValue(
    `Cannot read the clouds file "${path}": it is not valid ${language}${place}; correct it`,
  );
}
