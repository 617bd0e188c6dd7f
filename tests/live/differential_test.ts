/**
 * Random requests to the real Glance, to the gateway in front of another one, and to the embedded Glance:
 * status, headers and body must be the same, except for the differences in `differential/differences.ts`.
 *
 * By hand:
 *
 *     FUZZ_REQUESTS=20000 FUZZ_SEED=7 deno test -A tests/live/differential_test.ts
 *     FUZZ_TARGETS=embedded FUZZ_FINDINGS=50 deno test -A tests/live/differential_test.ts
 *
 * - `FUZZ_SEED`: first seed (default: 1); each sequence of about 20 requests has the next one.
 * - `FUZZ_REQUESTS`: requests of a run (default: 2000).
 * - `FUZZ_TARGETS`: `gateway`, `embedded`, or both with a comma (default: both).
 * - `FUZZ_FINDINGS`: kinds of difference after which a run ends (default: 10).
 *
 * It needs the packages and the rights of the other live tests; the servers start in about 30 seconds.
 */
import { assertEquals } from "@std/assert";
import { type Finding, runCampaign } from "./differential/campaign.ts";
import { DIFFERENCES } from "./differential/differences.ts";
import { describeStep } from "./differential/step.ts";
import { type TargetName, Targets } from "./differential/targets.ts";

/** Number of requests after which an unused entry of the table is obsolete. */
const ENOUGH_REQUESTS = 20_000;

const variable = (name: string) => Deno.env.get(name);
const SEED = Number(variable("FUZZ_SEED") ?? 1);
const REQUESTS = Number(variable("FUZZ_REQUESTS") ?? 2000);
const MAX_FINDINGS = Number(variable("FUZZ_FINDINGS") ?? 10);
const NAMES = (variable("FUZZ_TARGETS") ?? "gateway,embedded").split(",") as TargetName[];

Deno.test("createImageRouter() and createEmbeddedGlance() respond to random requests as a real Glance does", async () => {
  console.log(`seed ${SEED}`);
  await using targets = await Targets.start(NAMES);
  const { requests, findings, explained } = await runCampaign(targets, {
    seed: SEED,
    requests: REQUESTS,
    maxFindings: MAX_FINDINGS,
    onFinding: (finding) => console.log(`\n${describeFinding(finding)}`),
  });
  const table = NAMES.flatMap((name) => DIFFERENCES[name].map((row) => ({ row, target: name })));
  for (const { row, target } of table) {
    console.log(`${target}: ${row.name}: ${explained.get(row) ?? 0}`);
  }
  const places = findings.map(({ target, step, mismatch: { what } }) =>
    `${target}, ${what}: ${describeStep(step)}`
  );
  assertEquals(places, [], `seed ${SEED}, ${requests} requests`);
  if (requests < ENOUGH_REQUESTS) return;
  const stale = table.filter(({ row }) => !explained.has(row)).map(({ row }) => row.name);
  assertEquals(stale, [], "these differences no longer occur");
});

function describeFinding({ target, steps, mismatch }: Finding): string {
  return [
    ...steps.map((step) => `  ${describeStep(step)}`),
    `${target}, ${mismatch.what}:`,
    `  Glance: ${mismatch.expected.slice(0, 600)}`,
    `  here:   ${mismatch.actual.slice(0, 600)}`,
  ].join("\n");
}
