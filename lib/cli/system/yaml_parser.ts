/** The parser of `clouds.yaml`, loaded with the first file. */
import type { YamlParser } from "../../auth/clouds/mod.ts";

/** Does what `parseDocument` of the package `yaml` does. */
export const parseYaml: YamlParser = async (text, options) => {
  const { parseDocument } = await import("yaml");
  return parseDocument(text, options);
};
