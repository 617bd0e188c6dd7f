import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/cli/system/errors.ts";
import { readCommandLine } from "../../../lib/cli/args/parse.ts";
import { GLOBAL_FLAGS } from "../../../lib/cli/args/global_flags.ts";
import { COMMANDS } from "../../../lib/cli/command_table.ts";

const TABLE = { commands: COMMANDS, globalFlags: GLOBAL_FLAGS };

/** The command line, and those of its values that were given. */
async function read(line: string, environment: Record<string, string> = {}): Promise<unknown> {
  const words = line.split(" ").filter((word) => word !== "");
  const result = await readCommandLine(words, TABLE, environment);
  if (result.kind !== "run") {
    return result.kind === "help" ? result.command?.name ?? "help" : "version";
  }
  const given = Object.entries(result.values)
    .filter(([, value]) => value !== undefined && value !== false)
    .filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return [result.command.name, result.positionals, Object.fromEntries(given)];
}

const GOOD: readonly (readonly [line: string, expected: unknown])[] = [
  ["", "help"],
  ["help", "help"],
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["help image-list", "image-list"],
  ["image-list --help", "image-list"],
  ["image-show -h", "image-show"],
  ["image-list", ["image-list", [], {}]],
  ["image_list", ["image-list", [], {}]],
  ["-v image-list", ["image-list", [], { verbose: true }]],
  ["image-list --verbose", ["image-list", [], { verbose: true }]],
  ["-vd image-list", ["image-list", [], { verbose: true, debug: true }]],
  ["--os-cloud x image-list --limit 5", ["image-list", [], { "os-cloud": "x", limit: 5 }]],
  ["--os-cloud=x image-list --limit=5", ["image-list", [], { "os-cloud": "x", limit: 5 }]],
  ["image-list --os_auth_url u", ["image-list", [], { "os-auth-url": "u" }]],
  ["image-list --os-tenant-name t", ["image-list", [], { "os-project-name": "t" }]],
  ["image-list --tag a --tag b", ["image-list", [], { tag: ["a", "b"] }]],
  ["image-list --hidden", ["image-list", [], { hidden: true }]],
  ["image-list --hidden True --limit 1", ["image-list", [], { hidden: true, limit: 1 }]],
  ["image-list --os-hidden=no", ["image-list", [], {}]],
  ["image-list --include", ["image-list", [], { "include-stores": true }]],
  ["image-create --name x --tags a b --min-disk 0", [
    "image-create",
    [],
    { name: "x", tags: ["a", "b"], "min-disk": 0 },
  ]],
  ["image-create --tag a --tag b --tags c", ["image-create", [], { tags: ["a", "b", "c"] }]],
  ["image-create --property a=b=c --property d=", [
    "image-create",
    [],
    { property: ["a=b=c", "d="] },
  ]],
  ["image-update --protected true ID", ["image-update", ["ID"], { protected: true }]],
  ["image-update --protected ID", ["image-update", ["ID"], { protected: true }]],
  ["image-update ID --name=--odd", ["image-update", ["ID"], { name: "--odd" }]],
  ["image-update --name x -- -ID", ["image-update", ["-ID"], { name: "x" }]],
  ["image-delete a b c", ["image-delete", ["a", "b", "c"], {}]],
  ["image-download ID --file -", ["image-download", ["ID"], { file: "-" }]],
  ["member-update ID P accepted", ["member-update", ["ID", "P", "accepted"], {}]],
  ["image-list --os-image-api-version 2", ["image-list", [], { "os-image-api-version": "2" }]],
];

Deno.test("readCommandLine() reads command lines of glanceclient", async (t) => {
  for (const [line, expected] of GOOD) {
    await t.step(line, async () => assertEquals(await read(line), expected));
  }
});

const BAD: readonly (readonly [line: string, message: string])[] = [
  ["image list", 'Cannot run "image list": unknown command; did you mean "image-list"?'],
  [
    "--debug image tag update a b",
    'Cannot run "image tag update": unknown command; did you mean "image-tag-update"?',
  ],
  ["image set x", 'Cannot run "image set": unknown command; did you mean "image-update"?'],
  [
    "image add project a b",
    'Cannot run "image add project": unknown command; did you mean "member-create"?',
  ],
  [
    "image",
    'Cannot run "image": it is ambiguous, because 20 commands begin with it; write more letters, or see "glance-edge help"',
  ],
  ["image-lst", 'Cannot run "image-lst": unknown command; did you mean "image-list"?'],
  [
    "md-resource-type",
    'Cannot run "md-resource-type": it is ambiguous between "md-resource-type-associate", "md-resource-type-deassociate", "md-resource-type-list"; write more letters',
  ],
  ["task-cr", 'Cannot run "task-cr": unknown command; did you mean "task-create"?'],
  ["frobnicate", 'Cannot run "frobnicate": unknown command; see "glance-edge help"'],
  [
    "help image-shwo",
    'Cannot run "image-shwo": unknown command; did you mean "image-show"?',
  ],
  ["--debug", 'Cannot run a command: none is given; see "glance-edge help"'],
  [
    "image-list --limt 5",
    'Cannot use "--limt": unknown flag; did you mean "--limit"?',
  ],
  [
    "--limit 5 image-list",
    'Cannot use "--limit": unknown flag; see "glance-edge help" and "glance-edge help COMMAND"',
  ],
  [
    "image-list -x",
    'Cannot use "-x": unknown flag; see "glance-edge help" and "glance-edge help COMMAND"',
  ],
  [
    "image-list --sort-",
    'Cannot use "--sort-": it is ambiguous between --sort-key, --sort-dir; write more letters',
  ],
  ["image-list --limit", 'Cannot use "--limit": its value is missing; add it'],
  [
    "image-list --owner --limit 5",
    'Cannot use "--owner": its value is missing; write a value that starts with a dash as "--owner=-…"',
  ],
  [
    "image-list --owner -dash",
    'Cannot use "--owner": its value is missing; write a value that starts with a dash as "--owner=-dash"',
  ],
  [
    "image-list --owner --zzz=1",
    'Cannot use "--owner": its value is missing; write a value that starts with a dash as "--owner=--zzz=1"',
  ],
  [
    "image-list --owner --limti 5",
    'Cannot use "--limti": unknown flag; did you mean "--limit"?',
  ],
  ["image-list --limit -1", 'Cannot use "--limit -1": it must be an integer of at least 0'],
  ["image-list --limit 1.5", 'Cannot use "--limit 1.5": it must be an integer of at least 0'],
  ["image-list --limit 1e99", 'Cannot use "--limit 1e99": it must be an integer of at least 0'],
  [
    "image-list --page-size 0",
    'Cannot use "--page-size 0": it must be an integer of at least 1',
  ],
  ["image-list --sort-dir up", 'Cannot use "--sort-dir up": it must be "asc" or "desc"'],
  ["image-list --json=yes", 'Cannot use "--json=yes": the flag takes no value; leave it out'],
  ["image-list --hidden=maybe", 'Cannot use "--hidden=maybe": it must be True or False'],
  ["image-list --hidden maybe", 'Cannot use "--hidden maybe": it must be True or False'],
  [
    "image-update ID --protected maybe",
    'Cannot use "--protected maybe": it must be True or False',
  ],
  ["image-update --protected ID False", 'Cannot use "--protected ID": it must be True or False'],
  [
    "image-list more",
    'Cannot run "image-list": unexpected argument "more"; quote values with spaces, or see "glance-edge help image-list"',
  ],
  ["image-show", 'Cannot run "image-show": <IMAGE> is missing; see "glance-edge help image-show"'],
  [
    "image-show a b",
    'Cannot run "image-show": unexpected argument "b"; quote values with spaces, or see "glance-edge help image-show"',
  ],
  [
    "image-delete",
    'Cannot run "image-delete": <IMAGE> is missing; see "glance-edge help image-delete"',
  ],
  [
    "member-update ID P maybe",
    'Cannot use "maybe" for <MEMBER_STATUS>: it must be "pending", "accepted", or "rejected"',
  ],
  [
    "image-download ID --verify hard",
    'Cannot use "--verify hard": it must be "auto", "required", or "off"',
  ],
  ["image-download ID --file=", 'Cannot use "--file": the name is empty; check the shell variable'],
  [
    "image-list --os-image-api-version 1",
    'Cannot use "--os-image-api-version 1": it must be "2"',
  ],
];

Deno.test("readCommandLine() throws UsageError with a cause and a hint", async (t) => {
  for (const [line, message] of BAD) {
    await t.step(line, async () => {
      assertEquals((await assertRejects(() => read(line), UsageError)).message, message);
    });
  }
});

Deno.test("readCommandLine() treats an empty argument as absent", async () => {
  const error = await assertRejects(() => readCommandLine(["image-delete", ""], TABLE), UsageError);
  assertEquals(
    error.message,
    'Cannot run "image-delete": an argument is empty; check the shell variable',
  );
});

Deno.test("readCommandLine() reads flags from variables, and prefers the flag", async () => {
  const environment = { OS_IMAGE_STORE: "slow", GLANCECLIENT_DEBUG: "1" };
  assertEquals(await read("image-create", environment), [
    "image-create",
    [],
    { store: "slow", debug: true },
  ]);
  assertEquals(await read("image-create --store fast", { OS_IMAGE_STORE: "slow" }), [
    "image-create",
    [],
    { store: "fast" },
  ]);
  assertEquals(await read("image-create", { OS_IMAGE_STORE: "" }), ["image-create", [], {}]);
});
