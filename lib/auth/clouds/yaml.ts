/**
 * Loads a YAML parser at run time: the core has no dependencies, and without a YAML file no parser is needed.
 * Scalars are read as by PyYAML's `safe_load`, which openstacksdk uses.
 */
import { InvalidConfigurationValue } from "../../errors.ts";
import { isObject } from "../../validate.ts";
import { YAML_TAGS, type YamlTag } from "./yaml_scalars.ts";

export type { YamlTag } from "./yaml_scalars.ts";

/**
 * Parses YAML with the given options: `parseDocument` of the npm package `yaml`. Its `parse` works, too, except
 * that it drops the text after a `!` at the start of a value. A promise of the result works, too.
 */
export type YamlParser = (text: string, options: YamlOptions) => unknown;

/** The options with which a {@linkcode YamlParser} is called. */
export interface YamlOptions {
  /** The version of YAML that openstacksdk reads. */
  readonly version: "1.1";
  /** Strings, lists, and mappings; `customTags` defines all other scalars. */
  readonly schema: "failsafe";
  /** How plain scalars are read. */
  readonly customTags: YamlTag[];
  /** Whether `<<` merges mappings. */
  readonly merge: true;
  /** False: the last of equal keys wins, as in PyYAML. */
  readonly uniqueKeys: false;
  /** Mappings are parsed to `Map`: keys keep their types, and `__proto__` is not special. */
  readonly mapAsMap: true;
  /** Suppresses warnings, because they quote the surrounding text, including passwords. */
  readonly logLevel: "error";
}

/** The options for all files. */
const YAML_OPTIONS: YamlOptions = {
  version: "1.1",
  schema: "failsafe",
  customTags: YAML_TAGS,
  merge: true,
  uniqueKeys: false,
  mapAsMap: true,
  logLevel: "error",
};

/** Thrown for unusable YAML; `place` is ` at line 3, column 5`, or empty. */
export class YamlError extends Error {
  override name = "YamlError";
  /** Whether a value begins with `!` or `&`. */
  readonly isMark: boolean;
  /** Whether aliases repeat values more often than the parser allows. */
  readonly isRepetitive: boolean;
  readonly place: string;

  /** Keeps only the place of the parser's error, because its message quotes the surrounding text. */
  constructor(error: unknown, isMark: boolean) {
    super("the text cannot be used");
    this.isMark = isMark;
    // The message of the package `yaml` at its limit.
    this.isRepetitive = error instanceof Error && error.message.startsWith("Excessive alias count");
    this.place = placeOf(error);
  }
}

/**
 * Parses YAML.
 *
 * @throws {YamlError} if the text is not YAML, or if a value begins with `!` or `&`, which YAML would drop.
 */
export async function valueOfYaml(parse: YamlParser, text: string): Promise<unknown> {
  let parsed: unknown;
  try {
    parsed = await parse(text, YAML_OPTIONS);
    if (!isDocument(parsed)) return parsed;
    const [error] = parsed.errors;
    if (error === undefined && parsed.warnings.length === 0 && !hasLostStart(parsed.contents)) {
      return parsed.toJS({ mapAsMap: true });
    }
  } catch (error) {
    // The parser cannot be loaded, which is not a fault of the text.
    if (error instanceof InvalidConfigurationValue) throw error;
    throw new YamlError(error, false);
  }
  const [error] = parsed.errors;
  throw new YamlError(error ?? parsed.warnings[0], error === undefined);
}

/** The result of `parseDocument`. */
interface YamlDocument {
  readonly errors: readonly unknown[];
  readonly warnings: readonly unknown[];
  readonly contents: unknown;
  toJS(options: { readonly mapAsMap: true }): unknown;
}

function isDocument(value: unknown): value is YamlDocument {
  return isObject(value) && Array.isArray(value["errors"]) && Array.isArray(value["warnings"]) &&
    typeof value["toJS"] === "function";
}

/**
 * Whether the package drops the start of a value without a warning: the tag `!`, or an anchor that has no
 * value or that PyYAML would not accept as a name.
 */
function hasLostStart(node: unknown): boolean {
  if (!isObject(node)) return false;
  const { tag, anchor, source, items, key, value } = node;
  const isLost = typeof anchor === "string" && (source === "" || !/^[\w-]+$/.test(anchor));
  return tag === "!" || isLost || hasLostStart(key) || hasLostStart(value) ||
    Array.isArray(items) && items.some(hasLostStart);
}

/** The specifiers of the package: for Deno, which needs no configuration, then for Node and Bun. */
const SPECIFIERS: readonly string[] = ["npm:yaml@2.9.1", "yaml"];

/**
 * Loads the YAML parser.
 *
 * @throws {InvalidConfigurationValue} if it is not installed.
 */
export async function findYamlParser(
  load: (specifier: string) => Promise<unknown> = (specifier) =>
    import(/* webpackIgnore: true */ specifier),
): Promise<YamlParser> {
  for (const specifier of SPECIFIERS) {
    const parser = await load(specifier).then(parserIn, () => null);
    if (parser !== null) return parser;
  }
  throw new InvalidConfigurationValue(
    'Cannot read YAML: the npm package "yaml" is not installed; install it, pass its parseDocument as "parseYaml", or write the file as JSON (clouds.json)',
    { messageParts: [{ key: "passParser", text: ', pass its parseDocument as "parseYaml"' }] },
  );
}

function parserIn(module: unknown): YamlParser | null {
  const { parseDocument } = module as { readonly parseDocument?: unknown };
  // The function of a package with this name is trusted to have this type.
  return typeof parseDocument === "function" ? parseDocument as YamlParser : null;
}

/** The line and column in an error of the package `yaml`. */
function placeOf(error: unknown): string {
  const { linePos } = Object(error) as { linePos?: readonly { line?: unknown; col?: unknown }[] };
  const { line, col } = Object(linePos?.[0]) as { line?: unknown; col?: unknown };
  if (typeof line !== "number") return "";
  return ` at line ${line}${typeof col === "number" ? `, column ${col}` : ""}`;
}
