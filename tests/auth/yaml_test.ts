import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { parse } from "yaml";
import { findYamlParser, YAML_OPTIONS, type YamlParser } from "../../lib/auth/yaml.ts";
import { InvalidConfigurationValue } from "../../lib/errors.ts";

Deno.test("findYamlParser asks Deno's way first, then Node's", async () => {
  const asked: string[] = [];
  const load = (specifier: string) => {
    asked.push(specifier);
    return specifier === "yaml" ? Promise.resolve({ parse }) : Promise.reject(new TypeError());
  };
  assertStrictEquals<unknown>(await findYamlParser(load), parse);
  assertEquals(asked, ["npm:yaml@2.9.1", "yaml"]);
});

Deno.test("findYamlParser says how to get a parser where there is none", async () => {
  for (const load of [() => Promise.reject(new TypeError()), () => Promise.resolve({})]) {
    await assertRejects(() => findYamlParser(load), InvalidConfigurationValue, "clouds.json");
  }
});

Deno.test("findYamlParser finds the package that the tests are run with", async () => {
  const found = await findYamlParser();
  assertEquals(found("a: [1, 2]", YAML_OPTIONS), { a: [1, 2] });
});

Deno.test("the parser reads YAML 1.1, as openstacksdk does", () => {
  const parser: YamlParser = parse;
  const text = "a: no\nb: &b {c: 1}\nd: {<<: *b, e: 010}\nf: 1\nf: 2";
  assertEquals(parser(text, YAML_OPTIONS), { a: false, b: { c: 1 }, d: { c: 1, e: 8 }, f: 2 });
});
