/** Every proof that `guarantees.ts` names is there. */
import { assert, assertEquals } from "@std/assert";
import { GUARANTEES } from "./guarantees.ts";

const TESTS = new URL("./", import.meta.url);

/** A string or a template in the source. */
const LITERAL = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/.source;

/** A call that declares a test, with what comes before its name. */
const CALL = /(?:\bDeno\.test|\.step|\bcheck|\bneeding|\btestOnLinux)\(\s*(?:"\w+",\s*)?/.source;

/** What names a row of a bench or of a table of differences. */
const ROW = /\bname:\s*/.source;

/** The key of a check that every runtime runs. */
const RUNTIME_CHECK = /^ {2}(?=["`].*: async)/.source;

/** The names that a source declares, with `…` for each placeholder. */
function declaredNames(source: string): string[] {
  const declaration = new RegExp(`(?:${CALL}|${ROW}|${RUNTIME_CHECK})(${LITERAL})`, "gm");
  return [...source.matchAll(declaration)].map(([, literal = ""]) => nameOf(literal));
}

function nameOf(literal: string): string {
  return literal.slice(1, -1)
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…")
    .replaceAll(/\\(.)/g, "$1");
}

Deno.test("declaredNames() finds plain names, templates and names in tables", () => {
  const source = [
    'Deno.test("plain", () => {});',
    'Deno.test(\n  "on its own line",\n  () => {});',
    "Deno.test(`of ${JSON.stringify({ a: 1 })} and ${b}`, () => {});",
    'Deno.test({ name: "\\"quoted\\"", fn });',
    'await t.step("a step", run);',
    'check("a check", run);',
    'needing("nginx", "with nginx");',
    '  "on a runtime": async () => {},',
    '// only a comment that says "not a test"',
    'assertEquals(a, "not a test");',
  ].join("\n");
  assertEquals(declaredNames(source), [
    "plain",
    "on its own line",
    "of … and …",
    '"quoted"',
    "a step",
    "a check",
    "with nginx",
    "on a runtime",
  ]);
});

Deno.test("Each guarantee names proofs that exist", async () => {
  const missing: string[] = [];
  const sources = new Map<string, readonly string[]>();
  for (const [holds, ...proofs] of Object.values(GUARANTEES).flat()) {
    if (proofs.length === 0) missing.push(`"${holds}" has no proof`);
    for (const proof of proofs) {
      const [, file = "", name = ""] = /^([\w/]+\.ts): (.+)$/.exec(proof) ?? [];
      const names = sources.get(file) ??
        declaredNames(await Deno.readTextFile(new URL(file, TESTS)).catch(() => ""));
      sources.set(file, names);
      if (!names.includes(name)) missing.push(proof);
    }
  }
  assertEquals(missing, []);
});

Deno.test("No guarantee is stated twice", () => {
  const stated = Object.values(GUARANTEES).flat().map(([holds]) => holds);
  assertEquals(stated.length, new Set(stated).size);
  for (const holds of stated) assert(/^[A-Z`].*\.$/.test(holds), holds);
});
