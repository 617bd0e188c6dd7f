/** The pace of a connection, and when it counts as silent. */
import { assertEquals } from "@std/assert";
import { PartProgress } from "../../../lib/transfer/parallel/part_progress.ts";

/** Milliseconds without bytes after which a part is fetched by another connection. */
const SILENCE = 3_000;

Deno.test("PartProgress measures the wait for the first byte, and the rate after it", () => {
  const progress = new PartProgress(1_000);
  assertEquals([progress.pace, progress.averageRate(1_500)], [null, null]);
  progress.received(500, 1_050, 0);
  assertEquals(progress.pace, { wait: 50, rate: 10 });
  progress.received(2_000, 1_150, 0);
  assertEquals(progress.pace, { wait: 50, rate: 20 });
  assertEquals(progress.averageRate(1_250), 10);
});

/** A connection that has received bytes or not, has broken since, and has taken its part over. */
const SILENT: readonly (readonly [
  what: string,
  isTakenOver: boolean,
  hasBytes: boolean,
  breaks: number,
  isSilent: boolean,
])[] = [
  ["has received bytes", false, true, 0, true],
  ["waits for its first byte", false, false, 0, true],
  ["has broken since its last byte", false, true, 1, false],
  ["has broken before its first byte", false, false, 1, false],
  ["has received bytes that it took over", true, true, 0, true],
  ["waits for the first byte that it took over", true, false, 0, false],
];

for (const [what, isTakenOver, hasBytes, breaks, isSilent] of SILENT) {
  Deno.test(`PartProgress.isStuck() is ${isSilent} after ${SILENCE} ms when its connection ${what}`, () => {
    const progress = new PartProgress(0, isTakenOver);
    if (hasBytes) progress.received(1, 10, 0);
    assertEquals(progress.isStuck(SILENCE - 1, breaks), false);
    assertEquals(progress.isStuck(SILENCE + 10, breaks), isSilent);
  });
}
