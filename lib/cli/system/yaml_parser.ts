/** The YAML parser, loaded with the first file. */
import type { Document, LineCounter } from "yaml";
import { missingPackage } from "../../platform.ts";
import type { YamlParser } from "../../auth/clouds/mod.ts";

/** Does what `parseDocument` of the package `yaml` does, for `clouds.yaml`. */
export const parseYaml: YamlParser = async (text, options) =>
  (await loadYaml("read clouds.yaml")).parseDocument(text, options);

/** A document with the places of its parts. */
export interface PlacedYaml {
  readonly yaml: YamlPackage;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Parses YAML 1.2, in which `off` is a text. */
export async function parsePlacedYaml(text: string, purpose: string): Promise<PlacedYaml> {
  const yaml = await loadYaml(purpose);
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, {
    version: "1.2",
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "error",
  });
  return { yaml, document, lines };
}

type YamlPackage = typeof import("yaml");

/** A CommonJS package: a bundle has only its default export. */
async function loadYaml(purpose: string): Promise<YamlPackage> {
  const { default: yaml } = await import("yaml").catch(missingPackage("yaml", purpose));
  return yaml;
}
