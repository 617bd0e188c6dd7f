/**
 * A YAML parser, found at run time: the core imports nothing that is not its own, and whoever has no
 * YAML file needs none.
 *
 * @module
 */
import { InvalidConfigurationValue } from "../errors.ts";

/**
 * Parses YAML; the `parse` of the npm package `yaml` is one. Version 1.1 is what openstacksdk reads:
 * `no` is false there, and `<<` merges.
 */
export type YamlParser = (text: string, options: YamlOptions) => unknown;

/** What a {@linkcode YamlParser} is told. */
export interface YamlOptions {
  /** The version of YAML that is meant. */
  readonly version: "1.1";
  /** False: the last of equal keys wins, as in openstacksdk. */
  readonly uniqueKeys: false;
}

/** What every file is parsed with. */
export const YAML_OPTIONS: YamlOptions = { version: "1.1", uniqueKeys: false };

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
    'Cannot read YAML: the npm package "yaml" is not there; install it, give its parse as "parseYaml", or write the file as JSON (clouds.json)',
  );
}

function parserIn(module: unknown): YamlParser | null {
  const { parse } = module as { readonly parse?: unknown };
  // A package of that name with a `parse` is taken at its word.
  return typeof parse === "function" ? parse as YamlParser : null;
}
