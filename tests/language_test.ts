/** The words of the code, the documents, the help and the tests. */
import { assert, assertEquals } from "@std/assert";
import { CliHarness } from "./cli/harness.ts";
import { documents, librarySources, testFiles } from "./support/sources.ts";
import { testNames } from "./support/test_names.ts";

/**
 * Words and phrases that the text of the project avoids; CONTRIBUTING says how it is written.
 * "There is no X", "is no longer" and "stands for" are plain English.
 */
const BANNED = new RegExp(
  [
    /\b(newcomers?|anew|whoever|nobody|somebody|for ever|ways? out|at the most|he|his|him)\b/,
    /\b(is|are) told\b/,
    /(?<!\bthere )\b(is|are|was|were) no (?!longer\b|more\b)/,
    /\bstands?\b(?! for\b)/,
    /\bbeside\b/,
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

Deno.test("BANNED knows the phrases from plain English", () => {
  for (const text of ["it is told so", "An id is no name.", "stands in front", "beside it"]) {
    assert(BANNED.test(text), text);
  }
  for (const text of ["there is no name", "is no longer", "It stands for", "besides", "the"]) {
    assert(!BANNED.test(text), text);
  }
});

Deno.test("no text of lib, the README or the documents uses a banned word", async () => {
  const files = [...await librarySources(), ...await documents()];
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
