/** Every proof that `guarantees.ts` names is there. */
import { assert, assertEquals } from "@std/assert";
import { GUARANTEES } from "./guarantees.ts";
import { declaredNames } from "./support/test_names.ts";

const TESTS = new URL("./", import.meta.url);

Deno.test("declaredNames() finds plain names, templates and names in tables", () => {
  const source = [
    'Deno.test("f() works", () => {});',
    'Deno.test(\n  "on its own line",\n  () => {});',
    "Deno.test(`of ${JSON.stringify({ a: 1 })} and ${b}`, () => {});",
    'Deno.test({ name: "f() reads \\"quotes\\"", fn });',
    'await t.step("a step", run);',
    'check("a check", run);',
    'needing("nginx", "f() works with nginx");',
    '  "on a runtime": async () => {},',
    '// only a comment that says "not a test"',
    'assertEquals(a, "not a test");',
  ].join("\n");
  assertEquals(declaredNames(source), [
    "f() works",
    "on its own line",
    "of … and …",
    'f() reads "quotes"',
    "a step",
    "a check",
    "f() works with nginx",
    "on a runtime",
  ]);
});

Deno.test("every proof of a guarantee exists", async () => {
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

Deno.test("no guarantee is stated twice", () => {
  const stated = Object.values(GUARANTEES).flat().map(([holds]) => holds);
  assertEquals(stated.length, new Set(stated).size);
  for (const holds of stated) assert(/^[A-Z`].*\.$/.test(holds), holds);
});
