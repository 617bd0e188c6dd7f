/** The words of the code, the documents, the help and the tests. */
import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../lib/cli/command_table.ts";
import { CliHarness } from "./cli/harness.ts";
import { documents, librarySources, testFiles } from "./support/sources.ts";
import { testNames, topLevelNames } from "./support/test_names.ts";

/**
 * Words and phrases that the text of the project avoids; CONTRIBUTING describes how it is written.
 * "There is no X", "is no longer" and "stands for" are plain English.
 */
const BANNED = new RegExp(
  [
    /\b(newcomers?|anew|whoever|for ever|ways? out|at the most|patien(t|ce)|he|she|his|him)\b/,
    /\b(no|some|any|every)body\b/,
    /\b(is|are) told\b/,
    /(?<!\bthere )\b(is|are|was|were) no (?!longer\b|more\b)/,
    /\bstands?\b(?! for\b)/,
    /\bbeside\b/,
    /\bso many (bytes|polls|looks|times)\b/,
    /\b(goes|went|gone) on\b(?! and on)/,
    // The value of an option by default.
    /\b(\d+|all|none|every one) without (it|one)\b/,
    // British spelling.
    /\b(cancell(ed|ing)|catalogues?|(behavi|col|hon|fav)our\w*|licence|centre)\b/,
  ].map(({ source }) => source).join("|"),
  "i",
);

/** The banned words of a text, with their lines. */
function bannedIn(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    const word = BANNED.exec(line)?.[0];
    return word === undefined ? [] : [`${path}:${i + 1}: "${word}" in "${line.trim()}"`];
  });
}

Deno.test("every banned phrase matches BANNED, and no plain English does", () => {
  for (
    const text of ["it is told so", "An id is no name.", "beside it", "patience", "(3 without it)"]
  ) {
    assert(BANNED.test(text), text);
  }
  for (const text of ["there is no name", "is no longer", "It stands for", "besides", "the"]) {
    assert(!BANNED.test(text), text);
  }
});

Deno.test("no text of lib, the README or the documents uses a banned word", async () => {
  // In Base64, any word can occur.
  const sources = (await librarySources()).filter(({ path }) => path !== "lib/page/assets.ts");
  const files = [...sources, ...await documents()];
  assertEquals(files.flatMap(({ path, text }) => bannedIn(path, text)), []);
});

Deno.test("no help of the command line uses a banned word", async () => {
  const harness = new CliHarness();
  const { stdout: commands } = await harness.run(["bash-completion"]);
  const names = commands.split(/\s+/).filter((word) => /^[a-z]/.test(word));
  assert(names.length > 50);
  const found: string[] = [];
  for (const args of [["help"], ...names.map((name) => ["help", name])]) {
    found.push(...bannedIn(args.join(" "), (await harness.run(args)).stdout));
  }
  assertEquals(found, []);
});

Deno.test("no name of a test and no comment of a test uses a banned word", async () => {
  const found = (await testFiles()).flatMap(({ path, text }) => [
    ...bannedIn(path, commentsOf(text)),
    ...testNames(text).flatMap((name) => bannedIn(path, name)),
  ]);
  assertEquals(found, []);
});

/** The comments of a source, each line in its place. */
function commentsOf(text: string): string {
  return text.split("\n").map((line) => /^\s*(?:\/\*\*|\*|\/\/)(.*)/.exec(line)?.[1] ?? "")
    .join("\n");
}

/** Names in code that say less than a term of HTTP, Streams or OpenStack. */
const VAGUE_NAMES =
  /\b(told|remed(y|ies)|wayOut|waysOut|endOf|heeding|believed|wanted|withdraw|patien(t|ce)\w*|newcomer|quietly|askFor|lookBefore)\b/;

Deno.test("no code of lib and the tests uses a vague name", async () => {
  const files = [...await librarySources(), ...await testFiles()]
    .filter(({ path }) => path !== "tests/language_test.ts");
  const found = files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) => {
      const name = VAGUE_NAMES.exec(line)?.[0];
      return name === undefined ? [] : [`${path}:${i + 1}: ${name}`];
    })
  );
  assertEquals(found, []);
});

/**
 * How the name of a test begins: a call, a request line, a flag, or a name of lib; `…` is a
 * placeholder of a template. A present-tense verb follows.
 */
const SUBJECTS = [
  /^(?:new )?(?:[\w.…]+\([^()]*\)|…)/,
  /^(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)(?:(?:,| and) )?)+(?: \/\S*)?/,
  /^--[a-z][\w-]*/,
];

/** Files whose tests state what holds for the project, such as "lib has no import cycle". */
const STATEMENTS = [
  "tests/api/operation_table_test.ts",
  "tests/architecture_test.ts",
  "tests/cli/start/documented_commands_test.ts",
  "tests/cli/start/operations_files_test.ts",
  "tests/guarantees_test.ts",
  "tests/language_test.ts",
  "tests/live/contract_test.ts",
  "tests/live/operations_guide_test.ts",
  "tests/packages/deno_install_test.ts",
  "tests/packages/node_command_test.ts",
  "tests/packages/node_tls_test.ts",
  "tests/packages/packages_test.ts",
  "tests/public_face_test.ts",
  "tests/readme_test.ts",
  "tests/runtimes/bundle_size_test.ts",
  "tests/runtimes/matrix_test.ts",
];

const STATEMENT =
  /^(?:every|no|only|the|lib|lib\/\w+|basenames|deno|`deno [^`]+`|…|[\w./]+\.(?:ts|md)) /;

Deno.test("every name of a test begins with what it tests", async () => {
  const names = await subjectsOfLib();
  const wrong = (await testFiles()).flatMap(({ path, text }) =>
    topLevelNames(text)
      .filter((name) => !(STATEMENTS.includes(path) && STATEMENT.test(name)))
      .filter((name) => !SUBJECTS.some((shape) => shape.test(name)))
      .filter((name) => !names.has(/^[\w.-]+/.exec(name)?.[0].split(".")[0] ?? ""))
      .map((name) => `${path}: ${name}`)
  );
  assertEquals(wrong, []);
});

Deno.test("no name of a step continues the sentence of another name", async () => {
  const wrong = (await testFiles()).flatMap(({ path, text }) =>
    testNames(text).filter((name) => /^(?:and|but|when|with|so) /.test(name))
      .map((name) => `${path}: ${name}`)
  );
  assertEquals(wrong, []);
});

/** The commands, and the names that lib declares: classes, constants and options. */
async function subjectsOfLib(): Promise<ReadonlySet<string>> {
  const declared = (await librarySources()).flatMap(({ code }) =>
    [...code.matchAll(/\b(?:class|const|interface|readonly) (\w+)/g)].map(([, name = ""]) => name)
  );
  return new Set([...declared, ...COMMANDS.map(({ name }) => name), "start"]);
}
