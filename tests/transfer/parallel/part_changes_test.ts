/** Which changes wake the consumer of a parallel download, and which its idle connections. */
import { assertEquals } from "@std/assert";
import { PartChanges } from "../../../lib/transfer/parallel/part_changes.ts";

const MIB = 1024 * 1024;

/** Changes, with a timer that fires on request. */
function changesWithTimer(): { changes: PartChanges; fire: (ms: number) => void } {
  const timers = new Map<number, () => void>();
  const timer = (ms: number, work: () => void) => {
    timers.set(ms, work);
    return () => void timers.delete(ms);
  };
  return { changes: new PartChanges({ timer }), fire: (ms) => timers.get(ms)?.() };
}

/** Whether a promise resolves without another change. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  promise.then(() => resolved = true);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  return resolved;
}

const CASES: readonly (readonly [
  what: string,
  change: (changes: PartChanges, fire: (ms: number) => void) => void,
  wakesConsumer: boolean,
  wakesIdle: boolean,
])[] = [
  ["a chunk is received", (changes) => changes.received(), true, false],
  ["a part is complete", (changes) => changes.notify(), true, true],
  ["a small chunk is delivered", (changes) => changes.delivered(1, MIB), false, false],
  ["1 MiB is delivered", (changes) => changes.delivered(MIB, MIB), false, true],
  ["the last chunk of a part is delivered", (changes) => changes.delivered(1, 0), false, true],
  ["50 ms have passed", (_, fire) => fire(50), false, true],
];

for (const [what, change, wakesConsumer, wakesIdle] of CASES) {
  const woken = [wakesConsumer && "the consumer", wakesIdle && "idle connections"].filter(Boolean);
  Deno.test(`PartChanges wakes ${woken.join(" and ") || "none"} when ${what}`, async () => {
    const { changes, fire } = changesWithTimer();
    const [next, work] = [changes.next, changes.work()];
    change(changes, fire);
    assertEquals([await isResolved(next), await isResolved(work)], [wakesConsumer, wakesIdle]);
  });
}

Deno.test("PartChanges.delivered() counts small chunks together", async () => {
  const { changes } = changesWithTimer();
  for (const wakes of [false, true, false, true]) {
    const work = changes.work();
    changes.delivered(MIB / 2, MIB);
    assertEquals(await isResolved(work), wakes);
  }
});

Deno.test("PartChanges.pause() resolves after its time, also when a change comes before it", async () => {
  const { changes, fire } = changesWithTimer();
  const pause = changes.pause(2, () => false);
  changes.notify();
  assertEquals(await isResolved(pause), false);
  fire(2);
  assertEquals(await isResolved(pause), true);
});

Deno.test("PartChanges.pause() resolves early when the download has ended", async () => {
  const { changes } = changesWithTimer();
  let hasEnded = false;
  const pause = changes.pause(2, () => hasEnded);
  hasEnded = true;
  changes.notify();
  assertEquals(await isResolved(pause), true);
});
