/**
 * A YAML parser, found at run time: the core imports nothing that is not its own, and a user without a
 * YAML file needs no parser. Scalars are read as PyYAML's `safe_load` reads them, under openstacksdk.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../../errors.ts";
import { isRecord } from "../../validate.ts";
import { YAML_TAGS, type YamlTag } from "./yaml_scalars.ts";

export type { YamlTag } from "./yaml_scalars.ts";

/**
 * Parses YAML with the options that it gets: `parseDocument` of the npm package `yaml`. Its `parse` does as
 * well, except that it reads a value that begins with `!` without what follows the `!`.
 */
export type YamlParser = (text: string, options: YamlOptions) => unknown;

/** What a {@linkcode YamlParser} is called with. */
export interface YamlOptions {
  /** The version of YAML that openstacksdk reads. */
  readonly version: "1.1";
  /** Texts, lists and mappings; all other scalars are those of `customTags`. */
  readonly schema: "failsafe";
  /** How plain scalars are read. */
  readonly customTags: YamlTag[];
  /** Whether `<<` merges mappings. */
  readonly merge: true;
  /** False: the last of equal keys wins, as in PyYAML. */
  readonly uniqueKeys: false;
  /** Keys keep their types, and no key is special. */
  readonly mapAsMap: true;
  /** The parser prints nothing: a warning quotes the text around it, passwords included. */
  readonly logLevel: "error";
}

/** What every file is parsed with. */
export const YAML_OPTIONS: YamlOptions = {
  version: "1.1",
  schema: "failsafe",
  customTags: YAML_TAGS,
  merge: true,
  uniqueKeys: false,
  mapAsMap: true,
  logLevel: "error",
};

/** A text that cannot be used; `place` is ` at line 3, column 5`, or empty. */
export class YamlError extends Error {
  override name = "YamlError";
  /** Whether a value begins with `!` or `&`. */
  readonly isMark: boolean;
  /** Whether aliases repeat values more often than the parser allows. */
  readonly isRepetitive: boolean;
  readonly place: string;

  /** Nothing of the parser's own error is kept but its place: it quotes the text around the mistake. */
  constructor(error: unknown, isMark: boolean) {
    super("the text cannot be used");
    this.isMark = isMark;
    // What the package says when it stops at its limit.
    this.isRepetitive = error instanceof Error && error.message.startsWith("Excessive alias count");
    this.place = placeOf(error);
  }
}

/**
 * The value of a text.
 *
 * @throws {YamlError} for a text that is not YAML, and for a value whose `!` or `&` is a mark of YAML.
 */
export function valueOfYaml(parse: YamlParser, text: string): unknown {
  let parsed: unknown;
  try {
    parsed = parse(text, YAML_OPTIONS);
    if (!isDocument(parsed)) return parsed;
    const [error] = parsed.errors;
    if (error === undefined && parsed.warnings.length === 0 && !hasLostStart(parsed.contents)) {
      return parsed.toJS({ mapAsMap: true });
    }
  } catch (error) {
    throw new YamlError(error, false);
  }
  const [error] = parsed.errors;
  throw new YamlError(error ?? parsed.warnings[0], error === undefined);
}

/** What `parseDocument` gives. */
interface YamlDocument {
  readonly errors: readonly unknown[];
  readonly warnings: readonly unknown[];
  readonly contents: unknown;
  toJS(options: { readonly mapAsMap: true }): unknown;
}

function isDocument(value: unknown): value is YamlDocument {
  return isRecord(value) && Array.isArray(value["errors"]) && Array.isArray(value["warnings"]) &&
    typeof value["toJS"] === "function";
}

/**
 * Whether a value loses what it begins with, of which the package does not warn: the tag `!`, and what
 * follows an `&` and is not the name of an anchor to PyYAML, or has no value.
 */
function hasLostStart(node: unknown): boolean {
  if (!isRecord(node)) return false;
  const { tag, anchor, source, items, key, value } = node;
  const isLost = typeof anchor === "string" && (source === "" || !/^[\w-]+$/.test(anchor));
  return tag === "!" || isLost || hasLostStart(key) || hasLostStart(value) ||
    Array.isArray(items) && items.some(hasLostStart);
}

/** Where the package is found: by Deno without any configuration, then by Node and Bun. */
const SPECIFIERS: readonly string[] = ["npm:yaml@2.9.1", "yaml"];

/**
 * The parser of this runtime.
 *
 * @throws {InvalidConfigurationValue} where there is none, with the ways to get one.
 */
export async function findYamlParser(
  load: (specifier: string) => Promise<unknown> = (specifier) => import(specifier),
): Promise<YamlParser> {
  for (const specifier of SPECIFIERS) {
    const parser = await load(specifier).then(parserIn, () => null);
    if (parser !== null) return parser;
  }
  throw new InvalidConfigurationValue(
    'Cannot read YAML: the npm package "yaml" is not installed; install it, give its parseDocument as "parseYaml", or write the file as JSON (clouds.json)',
  );
}

function parserIn(module: unknown): YamlParser | null {
  const { parseDocument } = module as { readonly parseDocument?: unknown };
  // The function of a package with this name is trusted to have this type.
  return typeof parseDocument === "function" ? parseDocument as YamlParser : null;
}

/** Line and column, as the package `yaml` has them. */
function placeOf(error: unknown): string {
  const { linePos } = Object(error) as { linePos?: readonly { line?: unknown; col?: unknown }[] };
  const { line, col } = Object(linePos?.[0]) as { line?: unknown; col?: unknown };
  if (typeof line !== "number") return "";
  return ` at line ${line}${typeof col === "number" ? `, column ${col}` : ""}`;
}
