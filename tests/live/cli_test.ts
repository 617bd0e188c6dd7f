/**
 * Compares python-glanceclient's `glance` with our command line, as processes with the same
 * arguments on the same cloud: the same tables, bytes, and exit codes, except for the differences
 * in the table. `command_line_test.ts` compares the flags.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomBytes, RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";

const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).pathname;

/** The region of the second Glance server. */
const OTHER_REGION = "Elsewhere";

/** One of the two programs. */
type Program = readonly [command: string, ...args: string[]];

const THEIRS: Program = ["glance"];
const OURS: Program = [Deno.execPath(), "run", "--allow-all", MAIN];

/** The outcome of a command. */
interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An intended difference. */
interface Difference {
  readonly args: string;
  /** The exit code, or text that only this program prints. */
  readonly theirs: number | string;
  readonly ours: number | string;
  readonly reason: string;
}

/** All intended differences, with their reasons. */
const DIFFERENCES: readonly Difference[] = [
  {
    args: "image-show large",
    theirs: 1,
    ours: 0,
    reason: "an image may be named: glanceclient takes ids only",
  },
  {
    args: "image-tag-update <one> second",
    theirs: "['second']",
    ours: '["second"]',
    reason: "a list is written in one way: glanceclient has JSON for images and Python for tags",
  },
  {
    args: "image-create --id <empty> --name empty --disk-format raw --container-format bare",
    theirs: "| status | active |",
    ours: "| status | queued |",
    reason: "no data is no image of no bytes: glanceclient uploads what /dev/null holds",
  },
];

/** Commands that change nothing. `<name>` is an image. */
const READING: readonly string[] = [
  "image-list",
  "--verbose image-list --include-stores --hidden False",
  "image-show <small>",
  "image-show large",
  "image-show <unknown>",
  "member-list --image-id <shared>",
  "member-list --image-id <community>",
  "image-download <large>",
  "image-download <queued>",
  "image-delete <protected>",
  "image-upload --file /no/such/file <queued>",
  "no-such-command",
];

/** Commands on images of the program's own. `<file>` is a file with data. */
const WRITING: readonly string[] = [
  "image-create --id <one> --name one --disk-format raw --container-format bare " +
  "--visibility shared --property color=red --property keep=yes --tag first --min-disk 1 " +
  "--min-ram 64 --protected True --hidden True --file <file>",
  "image-update <one> --name other --property color=blue --property size_class=big " +
  "--remove-property keep --min-ram 128 --protected False --hidden False",
  "image-tag-delete <one> first",
  "image-tag-update <one> second",
  "member-create <one> <project>",
  "member-update <one> <project> accepted",
  "member-delete <one> <project>",
  "image-create --id <empty> --name empty --disk-format raw --container-format bare",
  "image-upload <two> --file <file> --size 3000",
  "image-upload <two> --file <file>",
  "image-deactivate <two>",
  "image-delete <one> <two>",
  "image-delete <one>",
];

Deno.test("runGlance() prints and changes what python-glanceclient does", async (t) => {
  await using stack = await startStack({
    moreServices: ([, second]) => [{ region: OTHER_REGION, type: "image", url: second }],
  });
  const folder = `${stack.directory}/cli`;
  await Deno.mkdir(folder);
  const file = `${folder}/data`;
  await Deno.writeFile(file, randomBytes(3000));
  const words = { "<file>": file, "<project>": (await stack.token("bob")).projectId };
  const images = await createImages(stack);
  for (const { args } of DIFFERENCES) assert([...READING, ...WRITING].includes(args), args);

  await t.step("reading commands", async () => {
    const play = (program: Program) => playAll(stack, program, READING, { ...images, ...words });
    const [theirs, ours] = await Promise.all([play(THEIRS), play(OURS)]);
    assertSame(READING, theirs, ours);
  });

  await t.step("changing commands", async () => {
    const alice = await RawGlance.as(stack, "alice");
    const play = async (program: Program) => {
      const own = {
        "<one>": crypto.randomUUID(),
        "<two>": await alice.create({ name: "two" }),
        "<empty>": crypto.randomUUID(),
      };
      const runs = await playAll(stack, program, WRITING, { ...own, ...words });
      return runs.map((run) => ({ ...run, stdout: comparable(run.stdout, { ...own, ...words }) }));
    };
    const [theirs, ours] = await Promise.all([play(THEIRS), play(OURS)]);
    assertSame(WRITING, theirs, ours);
  });

  await t.step("downloads to a file", async () => {
    for (const program of [THEIRS, OURS]) {
      const path = `${folder}/${program.length}`;
      const args = ["image-download", images["<large>"] ?? "", "--file", path];
      assertEquals(await run(stack, program, args), { code: 0, stdout: "", stderr: "" });
    }
    const paths = [THEIRS, OURS].map((program) => `${folder}/${program.length}`);
    const [theirs, ours] = await Promise.all(paths.map((path) => Deno.readFile(path)));
    assertEquals(ours, theirs);
    const left = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    assertEquals(left, ["data", ...paths.map((path) => path.slice(folder.length + 1))].sort());
  });

  await t.step("copies between regions", () => copyBetweenRegions(stack, file));
});

/** Copies an image to another region: downloaded by Glance itself, and through this machine. */
async function copyBetweenRegions(stack: LiveStack, file: string): Promise<void> {
  const formats = "--disk-format raw --container-format bare";
  const ours = async (args: string) => {
    const { code, stdout, stderr } = await run(stack, OURS, `${args} --json`.split(" "));
    assertEquals([code, stderr], [0, ""], args);
    return JSON.parse(stdout);
  };
  const { id, os_hash_value } = await ours(`image-create --name across ${formats} --file ${file}`);
  // The servers share their images; the log shows which one received the request.
  const readLog = async () => await Deno.readTextFile(`${stack.directory}/logs/glance-b.log`);
  assert(!(await readLog()).includes(`/v2/images/${id}/file`));
  const method =
    `--import-method glance-download --remote-region ${OTHER_REGION} --remote-image-id ${id} --wait`;
  const fetched = await ours(`image-create-via-import --name fetched ${formats} ${method}`);
  assertEquals([fetched.status, fetched.os_hash_value], ["active", os_hash_value]);
  assert((await readLog()).includes(`GET /v2/images/${id}/file`));
  const record = await ours(`image-create --name filled ${formats}`);
  const filled = await ours(`image-import ${record.id} ${method}`);
  assertEquals([filled.status, filled.os_hash_value], ["active", os_hash_value]);
  const copy = await ours(`image-copy ${id} --to-region ${OTHER_REGION}`);
  assertEquals([copy.name, copy.status, copy.os_hash_value], ["across", "active", os_hash_value]);
  assert((await readLog()).includes(`PUT /v2/images/${copy.id}/file`));
}

/** Creates images that both programs read; returns ids by placeholder. */
async function createImages(stack: LiveStack): Promise<Record<string, string>> {
  const [alice, admin] = await Promise.all([
    RawGlance.as(stack, "alice"),
    RawGlance.as(stack, "admin"),
  ]);
  const shared = await alice.create({ name: "shared", visibility: "shared" });
  const { projectId } = await stack.token("bob");
  await alice.json("POST", `images/${shared}/members`, { member: projectId });
  await admin.create({ name: "public", visibility: "public" }, randomBytes(10));
  return {
    "<shared>": shared,
    "<small>": await alice.create({
      name: "kleines größeres Bild ☃ 图像",
      color: "red",
      "a property": 'with "quotes", a comma and a very long text that goes on and on for a while',
      tags: ["first"],
    }, randomBytes(1)),
    "<large>": await alice.create({ name: "large", min_disk: 20 }, randomBytes(3_000_000)),
    "<queued>": await alice.create({ name: "queued" }),
    "<community>": await alice.create({ name: "community", visibility: "community" }),
    "<protected>": await alice.create({ name: "protected", protected: true, os_hidden: true }),
    "<unknown>": crypto.randomUUID(),
  };
}

/** Runs commands in sequence. */
async function playAll(
  stack: LiveStack,
  program: Program,
  commands: readonly string[],
  words: Readonly<Record<string, string>>,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const args of commands) runs.push(await run(stack, program, argvOf(args, words)));
  return runs;
}

/** Asserts that the outcomes are equal or differ as in the table, and that errors have one line. */
function assertSame(
  commands: readonly string[],
  theirs: readonly Run[],
  ours: readonly Run[],
): void {
  const outcomes = commands.map((args, i) => {
    const [their, our] = [theirs[i], ours[i]];
    if (their === undefined || our === undefined) throw new Error(`"${args}" was not run`);
    assertMatch(our.stderr, our.code === 0 ? /^$/ : /^Cannot [^\n]+\n$/, args);
    return { args, theirs: their, ours: our };
  });
  const intended = DIFFERENCES.filter(({ args }) => commands.includes(args));
  for (const { args, theirs, ours } of outcomes) {
    const difference = intended.find((one) => one.args === args);
    if (difference === undefined) {
      assertEquals([ours.code, ours.stdout], [theirs.code, theirs.stdout], args);
    } else {
      assertShows(theirs, difference.theirs, difference.ours, args);
      assertShows(ours, difference.ours, difference.theirs, args);
    }
  }
}

/** Asserts that one program has the exit code or text and the other does not. */
function assertShows(
  { code, stdout }: Run,
  own: number | string,
  others: number | string,
  args: string,
): void {
  const shows = (what: number | string) =>
    typeof what === "number" ? code === what : stdout.includes(what);
  assertEquals([shows(own), shows(others)], [true, false], `${args}\n${code}\n${stdout}`);
}

function argvOf(args: string, words: Readonly<Record<string, string>>): string[] {
  return args.split(" ").map((word) => words[word] ?? word);
}

async function run(stack: LiveStack, program: Program, args: readonly string[]): Promise<Run> {
  const [command, ...first] = program;
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: Deno.env.get("HOME") ?? "",
      LANG: "C.UTF-8",
      NO_COLOR: "1",
      ...stack.environment("alice"),
    },
    stdin: "null",
  }).output();
  // Latin-1 keeps the bytes of a download.
  const text = new TextDecoder("latin1");
  return { code, stdout: text.decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/**
 * Removes what differs between runs: ids, times, and line breaks that a long id causes, which may
 * replace a space in a list.
 */
function comparable(stdout: string, words: Readonly<Record<string, string>>): string {
  const joined = stdout.replaceAll(/ *\|\n\| +\| /g, "").replaceAll(/ +|-{3,}/g, " ")
    .replaceAll(/([,:]) (?=["{[])/g, "$1");
  const named = Object.entries(words).reduce(
    (text, [name, value]) => text.replaceAll(value, name),
    joined,
  );
  return named.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<date>");
}
