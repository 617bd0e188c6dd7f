/** The file of `--config`: flags by name, as YAML. */
import { dirname, isAbsolute, join } from "node:path";
import type { Node, Pair, YAMLParseError } from "yaml";
import type { Flag, Flags } from "../args/command.ts";
import { nearest } from "../args/nearest.ts";
import { valueFrom } from "../args/values.ts";
import { readSettingText } from "../files/setting_text.ts";
import { UsageError } from "../system/errors.ts";
import type { SystemFiles } from "../system/system.ts";
import { parsePlacedYaml, type PlacedYaml } from "../system/yaml_parser.ts";

/** The setting of one flag in the file. */
export interface FileSetting {
  readonly texts: readonly string[];
  /** The setting with one of its texts, for messages. */
  written(text: string): string;
}

/** Maximum size of the file in bytes. The parser needs half a minute for 500 KB of open brackets. */
const MAX_SIZE = 64 * 1024;

/**
 * Reads the settings of a file. Paths in it are relative to its directory.
 *
 * @throws {UsageError} for a key that is not the name of a flag, and for a value that its flag does not allow.
 * @throws {CommandFailed} if the file cannot be read.
 */
export async function readConfigFile(
  path: string,
  flags: Flags,
  files: SystemFiles,
): Promise<ReadonlyMap<string, FileSetting>> {
  const text = await readSettingText(path, MAX_SIZE, files);
  const parsed = await parsePlacedYaml(text, "read a file of settings");
  const file = new ConfigFile(path, flags, parsed);
  return new Map(file.pairs().map((pair) => file.settingOf(pair)));
}

/** A parsed file. */
class ConfigFile {
  readonly #path: string;
  readonly #flags: Flags;
  readonly #parsed: PlacedYaml;

  constructor(path: string, flags: Flags, parsed: PlacedYaml) {
    this.#path = path;
    this.#flags = flags;
    this.#parsed = parsed;
  }

  /** The keys and their values. */
  pairs(): readonly Pair<Node, Node | null>[] {
    const { yaml, document: { contents, errors } } = this.#parsed;
    const [error] = errors;
    if (error !== undefined) throw this.#unusable(error.pos[0], problemOf(error));
    if (contents === null || yaml.isScalar(contents) && contents.value === null) return [];
    if (!yaml.isMap<Node, Node | null>(contents)) {
      throw this.#unusable(
        contents.range[0],
        "it must have one setting in each line: host: 0.0.0.0",
      );
    }
    return contents.items;
  }

  settingOf({ key, value }: Pair<Node, Node | null>): [name: string, setting: FileSetting] {
    const { yaml } = this.#parsed;
    const name = String(yaml.isScalar(key) ? key.value : key);
    const flag = Object.hasOwn(this.#flags, name) ? this.#flags[name] : undefined;
    const place = this.#place(key.range?.[0] ?? 0);
    if (flag === undefined) throw this.#unknown(name, place);
    const written = (text: string) => `"${name}: ${text}" in ${place}`;
    const texts = this.#textsOf(flag, value).map((text) => this.#resolved(flag, text));
    if (texts.length === 0) {
      throw new UsageError(`Cannot use "${name}" in ${place}: ${formOf(flag)}`);
    }
    valueFrom(flag, texts, written);
    return [name, { texts, written }];
  }

  /** The texts of a value; empty if the flag does not allow it. */
  #textsOf(flag: Flag, value: Node | null): readonly string[] {
    const { yaml } = this.#parsed;
    if (flag.kind === "list" && yaml.isSeq(value)) {
      const items = value.items.map((item) => this.#textOf(item as Node));
      return items.every((item) => item !== null) ? items : [];
    }
    const text = this.#textOf(value);
    return text === null ? [] : [text];
  }

  /** A scalar as it is written: `007` remains a text. */
  #textOf(node: Node | null): string | null {
    const isText = this.#parsed.yaml.isScalar(node) && node.value !== null;
    return isText ? node.source ?? String(node.value) : null;
  }

  #resolved(flag: Flag, text: string): string {
    const isPath = "value" in flag && /^<(DIR|FILE|PEM_FILE)>$/.test(flag.value);
    return isPath && text !== "" && !isAbsolute(text) ? join(dirname(this.#path), text) : text;
  }

  #place(offset: number): string {
    return `"${this.#path}", line ${this.#parsed.lines.linePos(offset).line}`;
  }

  #unknown(name: string, place: string): UsageError {
    const near = nearest(name, Object.keys(this.#flags));
    const hint = near === null ? 'see "glance-edge start --help"' : `did you mean "${near}"?`;
    return new UsageError(`Cannot use "${name}" in ${place}: unknown setting; ${hint}`);
  }

  #unusable(offset: number, problem: string): UsageError {
    return new UsageError(`Cannot use ${this.#place(offset)}: ${problem}`);
  }
}

/** The message of the parser, which has hints for programs that call it. */
function problemOf({ code, message }: YAMLParseError): string {
  if (code === "MULTIPLE_DOCS") return "it has several documents; write all settings in one";
  return message.split("\n")[0] ?? "";
}

/** The required form of a value. */
function formOf({ kind }: Flag): string {
  if (kind === "list") return "it must be a text or a list of texts";
  if (kind === "number") return "it must be a number";
  return kind === "text" ? "it must be a text" : "it must be true or false";
}
