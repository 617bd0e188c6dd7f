import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { valueOfYaml } from "../lib/auth/clouds/yaml.ts";
import { InvalidConfigurationValue } from "../mod.ts";
import { missingPackage } from "../lib/platform.ts";

Deno.test("missingPackage() names the package, its purpose, and how to install it", () => {
  const cause = new Error("Cannot find package 'yaml'");
  const error = assertThrows(
    () => missingPackage("yaml", "read clouds.yaml")(cause),
    InvalidConfigurationValue,
    `Cannot read clouds.yaml: the package "yaml" cannot be loaded (Cannot find package 'yaml'); install it with "npm install yaml" or "deno add npm:yaml"`,
  );
  assertEquals(error.cause, cause);
});

Deno.test("valueOfYaml() does not call a text invalid when its parser cannot be loaded", async () => {
  const parse = () =>
    Promise.reject(new Error("no such package")).catch(missingPackage("yaml", "x"));
  await assertRejects(() => valueOfYaml(parse, "a: 1"), InvalidConfigurationValue, "npm install");
});
