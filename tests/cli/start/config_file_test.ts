import { assertEquals, assertRejects } from "@std/assert";
import "../../../lib/cli/start/config_file.ts";
import { denoFiles } from "../../../lib/cli/system/deno_files.ts";
import { CommandFailed, UsageError } from "../../../lib/cli/system/errors.ts";
import { readSettings } from "../../../lib/cli/start/settings.ts";
import { SETTING_FLAGS } from "../../../lib/cli/start/start_flags.ts";
import { MemoryFiles } from "../memory_files.ts";

async function settingsOf(text: string, ...args: string[]) {
  const files = new MemoryFiles({ "/etc/edge/edge.yaml": text });
  return await readSettings(["--config", "/etc/edge/edge.yaml", ...args], files);
}

Deno.test("readSettings() reads every kind of setting from the file, and flags override it", async () => {
  const text = `
# A gateway.
host: 0.0.0.0
port: 8080
service-mode: true
verify: off
cors: [https://a.example, https://b.example]
allowed-hosts: images.example
cache: /var/cache/edge
cache-size: 50GiB
`;
  const { values } = await settingsOf(text);
  assertEquals(
    [values.host, values.port, values["service-mode"], values.verify, values.cors],
    ["0.0.0.0", 8080, true, "off", ["https://a.example", "https://b.example"]],
  );
  assertEquals(values["allowed-hosts"], ["images.example"]);
  const flags = ["--port", "1", "--service-mode", "False", "--cors", "https://c.example"];
  const { values: other } = await settingsOf(text, ...flags);
  assertEquals(
    [other.port, other["service-mode"], other.cors, other["cache-size"]],
    [1, false, ["https://c.example"], "50GiB"],
  );
});

Deno.test("readSettings() accepts an empty file, and false as a value of its own", async () => {
  for (const text of ["", "# nothing\n", "---\n", "{}"]) {
    assertEquals((await settingsOf(text)).values.port, undefined, text);
  }
  assertEquals((await settingsOf("resume: false\npage: no")).values.resume, false);
});

Deno.test("readSettings() reads paths relative to the directory of the file, and flags as they are", async () => {
  const text = "tls-cert: tls/edge.pem\ntls-key: /keys/edge.key\n";
  const { values } = await settingsOf(text);
  assertEquals(values["tls-cert"], "/etc/edge/tls/edge.pem");
  assertEquals(values["tls-key"], "/keys/edge.key");
  assertEquals((await settingsOf(text, "--tls-cert", "x.pem")).values["tls-cert"], "x.pem");
});

Deno.test("readSettings() names the key, the file and the line of what it cannot use", async (t) => {
  const file = '"/etc/edge/edge.yaml"';
  const cases: readonly (readonly [text: string, message: string])[] = [
    [
      "host: ::1\nprot: 1",
      `Cannot use "prot" in ${file}, line 2: unknown setting; did you mean "port"?`,
    ],
    [
      "tls_cert: a.pem",
      `Cannot use "tls_cert" in ${file}, line 1: unknown setting; did you mean "tls-cert"?`,
    ],
    [
      "\nsomething-else: 1",
      `Cannot use "something-else" in ${file}, line 2: unknown setting; see "glance-edge start --help"`,
    ],
    [
      "config: a.yaml",
      `Cannot use "config" in ${file}, line 1: unknown setting; see "glance-edge start --help"`,
    ],
    [
      "port: http",
      `Cannot use "port: http" in ${file}, line 1: it must be an integer of at least 0`,
    ],
    ["port: 70000", `Cannot use "port: 70000" in ${file}, line 1: it must be at most 65535`],
    ["port:", `Cannot use "port" in ${file}, line 1: it must be a number`],
    ["page: maybe", `Cannot use "page: maybe" in ${file}, line 1: it must be True or False`],
    ["host: [a]", `Cannot use "host" in ${file}, line 1: it must be a text`],
    ["cors: {a: b}", `Cannot use "cors" in ${file}, line 1: it must be a text or a list of texts`],
    [
      "inspect: maybe",
      `Cannot use "inspect: maybe" in ${file}, line 1: it must be "match", "safe", or "off"`,
    ],
    ["port: 1\nport: 2", `Cannot use ${file}, line 2: Map keys must be unique`],
    [
      "port: 1\n---\nport: 2",
      `Cannot use ${file}, line 2: it has several documents; write all settings in one`,
    ],
    [
      "- port: 1",
      `Cannot use ${file}, line 1: it must have one setting in each line: host: 0.0.0.0`,
    ],
  ];
  for (const [text, message] of cases) {
    await t.step(text, async () => {
      const error = await assertRejects(() => settingsOf(text), UsageError);
      assertEquals(error.message, message);
    });
  }
});

Deno.test("readSettings() names a file that it cannot read", async () => {
  const error = await assertRejects(() => readSettings(["--config", "/none/x.yaml"], denoFiles));
  assertEquals(
    (error as Error).message,
    'Cannot read "/none/x.yaml": no such file or directory; correct the path',
  );
});

Deno.test("readSettings() uses no part of a file for the whole, and no text that it cannot decode", async () => {
  const long = "host: 0.0.0.0\n" + "#".repeat(64 * 1024) + "\nallowed-hosts: images.example\n";
  const tooLong = await assertRejects(() => settingsOf(long), CommandFailed);
  assertEquals(
    tooLong.message,
    'Cannot use "/etc/edge/edge.yaml": it has more than 65536 bytes; name the right file',
  );
  const files = new MemoryFiles({});
  files.content.set("latin1.yaml", Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0xe9));
  const undecodable = await assertRejects(
    () => readSettings(["--config", "latin1.yaml"], files),
    CommandFailed,
  );
  assertEquals(undecodable.message, 'Cannot use "latin1.yaml": it is not UTF-8; save it as UTF-8');
});

Deno.test("SETTING_FLAGS has only kinds that a file can express", () => {
  const kinds = Object.values(SETTING_FLAGS).map(({ kind }) => kind);
  // A flag without a value could not be turned off by a flag, or by false in the file.
  assertEquals([...new Set<string>(kinds)].sort(), ["list", "number", "text", "truth"]);
});
