/** The names of the tests in a source, for the guarantees that cite them and the language that they use. */

/** A string or a template in the source. */
const LITERAL = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/.source;

/** What comes before the name of a test: a call, and possibly a condition or the key `name`. */
const TEST =
  /(?:\bDeno\.test|\bneeding|\btestOnLinux|\btestWithCurl)\(\s*(?:"\w+",\s*|\{\s*name:\s*)?/.source;

/** What comes before the name of a step or a check. */
const STEP = /(?:\.step|\bcheck)\(\s*/.source;

/** The name of a row of a bench or of a table of differences. */
const ROW = /\bname:\s*/.source;

/** The key of a check that every runtime runs. */
const RUNTIME_CHECK = /^ {2}(?=["`].*: async)/.source;

/** The names that a source declares, with `…` for each placeholder. */
export function declaredNames(source: string): string[] {
  return namesAfter(source, `${TEST}|${STEP}|${ROW}|${RUNTIME_CHECK}`);
}

/** The names of the tests that a source declares, without those of steps and checks. */
export function topLevelNames(source: string): string[] {
  return namesAfter(source, TEST);
}

/** The names of the tests and steps that a source declares. */
export function testNames(source: string): string[] {
  return namesAfter(source, `${TEST}|${STEP}`);
}

function namesAfter(source: string, start: string): string[] {
  const declaration = new RegExp(`(?:${start})(${LITERAL})`, "gm");
  return [...source.matchAll(declaration)].map(([, literal = ""]) => nameOf(literal));
}

function nameOf(literal: string): string {
  return literal.slice(1, -1)
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…")
    .replaceAll(/\\(.)/g, "$1");
}
