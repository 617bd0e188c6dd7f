import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import process from "node:process";
import { parse, parseDocument } from "yaml";
import { type CloudConfig, readCloud } from "../../../lib/auth/clouds/mod.ts";
import { toSettings } from "../../../lib/auth/clouds/settings.ts";
import { findYamlParser, valueOfYaml, type YamlParser } from "../../../lib/auth/clouds/yaml.ts";
import { InvalidConfigurationValue } from "../../../lib/errors.ts";
import { SCALARS } from "../yaml_scalars.ts";

Deno.test("findYamlParser() tries Deno's specifier first, then Node's", async () => {
  const requested: string[] = [];
  const load = (specifier: string) => {
    requested.push(specifier);
    const module = Promise.resolve({ parseDocument });
    return specifier === "yaml" ? module : Promise.reject(new TypeError());
  };
  assertStrictEquals<unknown>(await findYamlParser(load), parseDocument);
  assertEquals(requested, ["npm:yaml@2.9.1", "yaml"]);
});

Deno.test("findYamlParser() gives hints when no parser is installed", async () => {
  for (const load of [() => Promise.reject(new TypeError()), () => Promise.resolve({})]) {
    await assertRejects(() => findYamlParser(load), InvalidConfigurationValue, "clouds.json");
  }
});

Deno.test("findYamlParser() finds the installed package", async () => {
  assertEquals(await settingsOf(await findYamlParser(), "a: [1, 2]"), { a: ["1", "2"] });
});

async function settingsOf(parser: YamlParser, text: string): Promise<unknown> {
  return toSettings(await valueOfYaml(parser, text));
}

for (const [name, parser] of Object.entries({ parse, parseDocument })) {
  Deno.test(`readCloud() reads YAML 1.1 as openstacksdk does, with ${name}`, async () => {
    const text =
      "\ufeff%YAML 1.2\n---\na: no\nb: &b {c: 1}\nd: {<<: *b, e: x}\nf: 1\nf: 2\ng: {<<: [*b, {c: 9, h: 8}]}";
    assertEquals(await settingsOf(parser, text), {
      ...{ a: false, b: { c: "1" }, d: { c: "1", e: "x" }, f: "2" },
      g: { c: "1", h: "8" },
    });
  });
}

/** Reads a cloud from one file. */
function readFile(path: string, text: string): Promise<CloudConfig | null> {
  return readCloud({
    environment: {},
    readTextFile: (name) => Promise.resolve(name === path ? text : null),
    parseYaml: parseDocument,
    homeDirectory: "/home",
    workingDirectory: "/here",
  });
}

function cloudWith(password: string): string {
  const auth = "{auth_url: 'http://k', username: u}";
  return `clouds:\n  one:\n    auth_type: password\n    auth: ${auth}\n    password: ${
    password.replaceAll("\n", "\n    ")
  }\n`;
}

Deno.test("readCloud() reads a password as written, or throws a hint to quote it", async () => {
  for (const [text, reading] of SCALARS) {
    const read = () => readFile("/here/clouds.yaml", cloudWith(text));
    if (typeof reading === "boolean" || reading === "rejected") {
      const { message } = await assertRejects(read, InvalidConfigurationValue, "", text);
      const isNotYaml = /^[*@`%]/.test(text);
      const says = isNotYaml ? /it is not valid YAML/ : /write it in quotes$/;
      assert(says.test(message), `${text}: ${message}`);
      continue;
    }
    const cloud = await read();
    assertEquals([text, cloud?.credentials?.password ?? null], [text, reading]);
  }
});

/** Other ways in which a value could be changed, and the message for each. */
const ELSEWHERE: readonly (readonly [text: string, says: RegExp])[] = [
  ["clouds:\n  no:\n    auth: {auth_url: 'http://k'}", /a key below "clouds".*write it in quotes$/],
  [
    "clouds:\n  0x1f:\n    auth: {auth_url: 'http://k'}",
    /a key below "clouds".*write it in quotes$/,
  ],
  ["? [clouds]\n: x", /a key .*write it in quotes$/],
  [`${cloudWith("p")}    regions: [no, North]`, /"regions" has an entry.*write it in quotes$/],
  [`${cloudWith("p")}    region_name: off`, /"region_name" is read as true or false/],
  [`${cloudWith("p")}    api_timeout: 1_0`, /"api_timeout" is read as a number/],
  ["clouds: x\n---\nclouds: y", /it is not valid YAML at line 2/],
  ["clouds:\n\tone: x", /it is not valid YAML at line 2/],
];

for (const [text, says] of ELSEWHERE) {
  Deno.test(`readCloud() rejects ${JSON.stringify(text)}`, async () => {
    const { message } = await assertRejects(
      () => readFile("/here/clouds.yaml", text),
      InvalidConfigurationValue,
    );
    assert(says.test(message), message);
  });
}

/** One line per level, each of which repeats the previous one nine times. */
function expanding(levels: number, open: string, item: string, close: string): string {
  const lines = Array.from({ length: levels }, (_, level) => {
    const items = Array.from({ length: 9 }, (_, i) => item.replace("I", `${i}`) + `*a${level}`);
    return `a${level + 1}: &a${level + 1} ${open}${items.join(", ")}${close}\n`;
  });
  return `a0: &a0 {x: y}\n${lines.join("")}`;
}

/** Files whose value is much larger than their text, or infinite. */
const ENDLESS: Readonly<Record<string, string>> = {
  "lists of aliases": expanding(30, "[", "", "]") + cloudWith("p"),
  "mappings of aliases": expanding(30, "{", "kI: ", "}") + cloudWith("p"),
  "merged aliases": expanding(30, "{<<: [", "", "]}") + cloudWith("p"),
  "an alias within its own list": `${cloudWith("p")}x: &x [*x]\n`,
  "a cloud that contains itself": "clouds: &x\n  one: *x\n",
  "deep nesting": `${cloudWith("p")}x: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`,
};

for (const [what, text] of Object.entries(ENDLESS)) {
  Deno.test(`readCloud() rejects ${what} in bounded time`, async () => {
    const started = process.cpuUsage();
    await assertRejects(() => readFile("/here/clouds.yaml", text), InvalidConfigurationValue);
    const { user } = process.cpuUsage(started);
    assert(user < 5_000_000, `${user} microseconds of the processor`);
  });
}

Deno.test("readCloud() rejects extremely deep nesting in clouds.json", async () => {
  for (const depth of [2_000, 20_000, 200_000]) {
    const json = `{"clouds": {"one": {"x": ${"[".repeat(depth)}${"]".repeat(depth)}}}}`;
    const read = readFile("/here/clouds.json", json);
    if (depth > 2_000) await assertRejects(() => read, InvalidConfigurationValue);
    else await read.catch((error) => assert(error instanceof InvalidConfigurationValue));
  }
});

Deno.test("readCloud() reads a cloud next to one with values that need quotes", async () => {
  const text = `${cloudWith("p")}    volume_api_version: 03\n    since: 2024-01-02\n    spare: ~\n`;
  assertEquals((await readFile("/here/clouds.yaml", text))?.credentials?.password, "p");
});

Deno.test("readCloud() reads a number in clouds.json as written, or throws a hint to quote it", async () => {
  for (
    const [text, reading] of [
      ['"x"', "x"],
      ["12", "12"],
      ["12345678901234567890", "12345678901234567890"],
      ["1.5", "1.5"],
      ["1e5", "rejected"],
      ["1.10", "rejected"],
      ["true", "rejected"],
      ["null", null],
    ] as const
  ) {
    const json = `{"clouds": {"one": {"auth_type": "password", "auth":
      {"auth_url": "http://k", "username": "u", "password": ${text}}}}}`;
    const read = () => readFile("/here/clouds.json", json);
    if (reading === "rejected") {
      await assertRejects(read, InvalidConfigurationValue, "write it in quotes");
    } else assertEquals((await read())?.credentials?.password ?? null, reading);
  }
});

Deno.test("readCloud() accepts settings named like members of Object", async () => {
  const text =
    "clouds:\n  __proto__:\n    auth: {auth_url: 'http://k', username: u, password: p}\n" +
    "    constructor: x\n    __proto__: {username: v}\n    toString: y\n";
  const cloud = await readFile("/here/clouds.yaml", text);
  assertEquals([cloud?.name, cloud?.credentials?.username], ["__proto__", "u"]);
  for (const type of ["constructor", "__proto__", "toString"]) {
    const other = text.replace("constructor: x", `auth_type: ${type}`);
    await assertRejects(
      () => readFile("/here/clouds.yaml", other),
      InvalidConfigurationValue,
      `"auth_type" is "${type}"`,
    );
  }
});

Deno.test("readCloud() prints nothing of a file with any parser", async () => {
  const printed: string[] = [];
  const { warn, error, log } = console;
  console.warn = console.error = console.log = (...words) => printed.push(words.join(" "));
  const { emitWarning } = process;
  process.emitWarning = (warning: unknown) => printed.push(String(warning));
  try {
    for (const parser of [parse, parseDocument]) {
      for (
        const password of [
          "!canary",
          "!<canary> x",
          "!!canary x",
          "*canary",
          "&canary",
          "{canary",
          "@canary",
          '"canary',
          "canary: canary",
          "|canary",
          "? canary",
          "%canary",
          "- canary",
          "canary\n  <<: canary",
          "!!binary canary",
          "[canary",
          "\tcanary: canary",
        ]
      ) {
        for (
          const text of [cloudWith(password), `clouds: {one: {auth: {password: ${password}}}}`]
        ) {
          const read = readCloud({
            environment: {},
            readTextFile: (name) => Promise.resolve(name === "/here/clouds.yaml" ? text : null),
            parseYaml: parser,
            homeDirectory: "/home",
            workingDirectory: "/here",
          });
          await read.catch((thrown) => {
            for (let one = thrown; one !== undefined; one = one.cause) {
              printed.push(`${one} ${one.stack}`);
            }
          });
        }
      }
    }
  } finally {
    Object.assign(console, { warn, error, log });
    process.emitWarning = emitWarning;
  }
  assertEquals(printed.filter((line) => line.includes("canary")), []);
});
