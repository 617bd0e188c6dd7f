/** The parser of `clouds.yaml`, loaded with the first file. */
import { missingPackage } from "../../platform.ts";
import type { YamlParser } from "../../auth/clouds/mod.ts";

/** Does what `parseDocument` of the package `yaml` does, a CommonJS package: a bundle has only its default export. */
export const parseYaml: YamlParser = async (text, options) => {
  const { default: yaml } = await import("yaml")
    .catch(missingPackage("yaml", "read clouds.yaml"));
  return yaml.parseDocument(text, options);
};
