/** The command line of python-glanceclient 4.13 next to ours: each difference, and its reason. */
import { assertEquals } from "@std/assert";
import type { Flags } from "../../../lib/cli/args/command.ts";
import { GLOBAL_FLAGS } from "../../../lib/cli/args/global_flags.ts";
import { allCommands } from "../../../lib/cli/command_table.ts";
import { namesOf } from "./flag_names.ts";
import { GLANCECLIENT_COMMANDS, GLANCECLIENT_GLOBAL_FLAGS } from "./glanceclient_commands.ts";

const COMMANDS = await allCommands();

/** Commands that glanceclient does not have. */
const OUR_COMMANDS: Readonly<Record<string, string>> = {
  "completion": "a script for each shell; bash-completion prints only words",
  "start": "serves the Image API v2",
  "image-audit": "inspects the data of images",
  "image-inspect": "shows what the bytes of an image are",
  "image-export": "saves an image with its properties and hashes",
  "image-restore": "creates an image from the files of image-export, and verifies it",
  "image-copy": "copies an image to another cloud or region without a file",
};

/** The same reason for several flags. */
const ALIAS = "a second spelling, which users try";
const PROGRESS = "the progress is shown by default, so it can be turned off";

const INSPECT = "glanceclient inspects nothing before an upload";
const READ_ONLY = "read-only: 4.1 had it if it had cached the schema; Glance refuses it";

/** Flags that glanceclient does not have, by command and flag. */
const OUR_FLAGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "image-create": {
    "inspect": INSPECT,
    "no-progress": PROGRESS,
    "os-hidden": ALIAS,
    "tag": ALIAS,
    "from": "glanceclient does not read URLs",
    "checksum": "glanceclient does not verify its source",
    "checksums": "glanceclient does not verify its source",
    "decompress": "glanceclient does not decompress",
    "allow-http-redirect": "glanceclient does not read URLs",
  },
  "image-create-via-import": {
    "no-progress": PROGRESS,
    "os-hidden": ALIAS,
    "tag": ALIAS,
    "wait": "waits until the import has ended",
  },
  "image-download": {
    "connections": "reads several ranges at once",
    "no-progress": PROGRESS,
    "no-verify": "the same as --verify off",
    "part-size": "the size of the ranges",
    "restart": "discards the part of an interrupted download",
    "verify": "requires a hash, or compares none",
  },
  "image-import": { "wait": "waits until the import has ended" },
  "image-list": {
    "id": "filters as openstackclient does with its own names",
    "name": "filters as openstackclient does",
    "os-hidden": ALIAS,
    "status": "filters as openstackclient does",
  },
  "image-stage": { "no-progress": PROGRESS },
  "image-update": { "os-hidden": ALIAS },
  "image-upload": { "inspect": INSPECT, "no-progress": PROGRESS },
  "md-namespace-create": {
    "created-at": READ_ONLY,
    "schema": READ_ONLY,
    "self": READ_ONLY,
    "updated-at": READ_ONLY,
  },
  "md-namespace-update": {
    "created-at": READ_ONLY,
    "self": READ_ONLY,
    "updated-at": READ_ONLY,
  },
  "md-resource-type-associate": { "created-at": READ_ONLY, "updated-at": READ_ONLY },
};

/** Flags for all commands that glanceclient does not have. */
const OUR_GLOBAL_FLAGS: Readonly<Record<string, string>> = {
  "column": "chooses columns, as openstackclient does",
  "format": "prints for programs, as openstackclient does; -f is not --force here",
  "json": "prints what Glance returned, for programs",
  "os-application-credential-id": "glanceclient has no application credentials",
  "os-application-credential-name": "glanceclient has no application credentials",
  "os-application-credential-secret": "glanceclient has no application credentials",
  "os-interface": ALIAS,
  "os-token": ALIAS,
  "os-cloud": "glanceclient does not read clouds.yaml",
  "stall-timeout": "limits the time without data, not the whole transfer",
  "outage-timeout": "glanceclient fails at once while no server is available",
  "hedge-delay": "glanceclient asks one server",
};

/** Flags that one of us requires and the other does not, by command. */
const REQUIRED_ELSEWHERE: Readonly<Record<string, string>> = {
  "md-property-create --type": "optional here: --schema can contain the type, and overrides it",
};

/** Flags that do not do what they do in glanceclient. */
const OTHER_EFFECT: Readonly<Record<string, string>> = {
  "--insecure": "not supported: certificates are always verified",
  "--allow-md5-fallback": "no effect: MD5 is used if the image has no other hash",
  "--force": "no effect: no command asks for confirmation",
  "--profile": "no effect: requests are not profiled",
  "--collect-timing": "no effect: requests are not timed",
  "--get-schema": "no effect: schemas are not cached",
};

Deno.test("COMMANDS has the commands of glanceclient, and those listed here", () => {
  assertEquals(
    COMMANDS.map(({ name }) => name),
    [...Object.keys(GLANCECLIENT_COMMANDS), ...Object.keys(OUR_COMMANDS)].sort(),
  );
});

Deno.test("COMMANDS has the flags of glanceclient, and those listed here", async (t) => {
  for (const [name, flags] of Object.entries(GLANCECLIENT_COMMANDS)) {
    await t.step(name, () => {
      const own = COMMANDS.find((row) => row.name === name)?.flags ?? {};
      assertFlags(own, flags, OUR_FLAGS[name] ?? {});
    });
  }
  const unknown = Object.keys(OUR_FLAGS).filter((name) => !(name in GLANCECLIENT_COMMANDS));
  assertEquals(unknown, []);
});

Deno.test("GLOBAL_FLAGS has the flags of glanceclient, and those listed here", () => {
  assertFlags(GLOBAL_FLAGS, GLANCECLIENT_GLOBAL_FLAGS, OUR_GLOBAL_FLAGS);
});

Deno.test("COMMANDS and GLOBAL_FLAGS have the flags that are listed here", () => {
  const flagsOf = (name: string): Flags => COMMANDS.find((row) => row.name === name)?.flags ?? {};
  for (const line of Object.keys(REQUIRED_ELSEWHERE)) {
    const [command = "", flag = ""] = line.split(" --");
    const row = flagsOf(command)[flag];
    assertEquals(row?.kind === "text" && row.required === undefined, true, line);
  }
  const all = Object.assign({}, GLOBAL_FLAGS, ...COMMANDS.map(({ flags }) => flags)) as Flags;
  for (const [flag, effect] of Object.entries(OTHER_EFFECT)) {
    const { summary = "" } = all[flag.slice(2)] ?? {};
    assertEquals(summary.toLowerCase().startsWith(effect.split(":")[0] ?? ""), true, summary);
  }
});

/** Checks that there are exactly the flags of glanceclient and `added`. */
function assertFlags(own: Flags, flags: string, added: Readonly<Record<string, string>>): void {
  const expected = [...flags.split(" ").filter(Boolean), ...Object.keys(added)];
  assertEquals([...namesOf(own)].sort(), expected.sort());
}
