/**
 * Tries every operation once with success and once with failure: at a real Glance, or at the
 * embedded one if Debian's Glance is too old. Prints the results as a table.
 */
import { assertEquals } from "@std/assert";
import { type OperationDescription, type OperationName, OPERATIONS } from "../../lib/api/mod.ts";
import type { OperationHarness } from "./operations/case.ts";
import {
  type CaseResult,
  harnessAt,
  runCase,
  serveEmbedded,
  tableOf,
} from "./operations/run_cases.ts";
import { startStack } from "./stack.ts";

Deno.test("call() succeeds and fails as every operation defines, at a Glance", async (t) => {
  await using stack = await startStack({ imageCache: true });
  const [alice, bob, admin] = await Promise.all([
    stack.token("alice"),
    stack.token("bob"),
    stack.token("admin"),
  ]);
  const tokens = { alice: alice.token, bob: bob.token, admin: admin.token };
  const real = harnessAt(stack.glanceUrls[0], tokens, bob.projectId, "25.1");
  await using embedded = serveEmbedded();
  const newest = await newestVersion(real);
  const results: CaseResult[] = [];
  for (const [name, row] of Object.entries(OPERATIONS) as [OperationName, OperationDescription][]) {
    const isNew = isNewer(row.since, newest);
    await t.step(isNew ? `${name} (since ${row.since}, embedded)` : name, async () => {
      results.push(await runCase(isNew ? embedded.harness : real, name, row));
    });
  }
  console.log(tableOf(results));
  assertEquals(results.map(({ name }) => name), Object.keys(OPERATIONS));
});

async function newestVersion({ client }: OperationHarness): Promise<string> {
  const versions = await client.call({}, "versions.list");
  return versions[0]?.id.slice(1) ?? "2.0";
}

function isNewer(version: string, than: string): boolean {
  return Number(version.split(".")[1]) > Number(than.split(".")[1]);
}
