import { assertEquals, assertRejects } from "@std/assert";
import { eachConcurrently } from "../../../../lib/cli/commands/inspection/concurrency.ts";

/** A list that counts what was taken from it. */
function listOf(length: number) {
  const state = { taken: 0, isClosed: false };
  async function* entries(): AsyncGenerator<number, void> {
    try {
      for (let i = 0; i < length; i++) {
        state.taken++;
        yield await Promise.resolve(i);
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { entries: entries(), state };
}

Deno.test("eachConcurrently() takes an entry only when a call has ended", async () => {
  const { entries, state } = listOf(10_000);
  let [running, most, ended, ahead] = [0, 0, 0, 0];
  await eachConcurrently(entries, 8, async () => {
    most = Math.max(most, ++running);
    ahead = Math.max(ahead, state.taken - ended);
    for (let i = 0; i < 30; i++) await Promise.resolve();
    running--;
    ended++;
  });
  assertEquals([ended, most, ahead <= 16], [10_000, 8, true]);
});

Deno.test("eachConcurrently() passes the position of each entry", async () => {
  const seen: number[] = [];
  await eachConcurrently(listOf(20).entries, 3, (entry, position) => {
    assertEquals(entry, position);
    seen.push(entry);
    return Promise.resolve();
  });
  assertEquals(seen.sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("eachConcurrently() ends the list and waits for all calls after an error", async () => {
  const { entries, state } = listOf(100);
  let running = 0;
  const work = async (entry: number) => {
    running++;
    for (let i = 0; i < 10; i++) await Promise.resolve();
    running--;
    if (entry === 2) throw new Error("no");
  };
  await assertRejects(() => eachConcurrently(entries, 4, work), Error, "no");
  assertEquals([running, state.isClosed, state.taken < 20], [0, true, true]);
});
