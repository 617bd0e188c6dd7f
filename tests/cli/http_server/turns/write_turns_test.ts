import { assert, assertEquals } from "@std/assert";
import { WriteTurns } from "../../../../lib/cli/http_server/turns/write_turns.ts";

const MIB = 1024 ** 2;

/** An event loop whose turns the test starts. It counts the bytes that are written in each. */
function eventLoop() {
  const loop = { written: 0, work: [] as (() => void)[] };
  const turns = new WriteTurns({
    after: (_, work) => {
      loop.work.push(work);
      return () => {};
    },
  });
  return {
    loop,
    turns,
    /** Runs one turn until all writes wait. Returns the bytes that it has written. */
    async turn(): Promise<number> {
      loop.written = 0;
      for (const work of loop.work.splice(0)) work();
      // A macrotask follows when no microtask is left.
      await new Promise((resolve) => setTimeout(resolve, 0));
      return loop.written;
    },
    write: (bytes: number) =>
      turns.run(bytes, () => {
        loop.written += bytes;
        return Promise.resolve(bytes);
      }),
  };
}

Deno.test("WriteTurns.run() bounds the bytes of a turn when 30 connections write without an end", async () => {
  const { turns, turn, write } = eventLoop();
  const written = Array.from({ length: 30 }, () => 0);
  let isOpen = true;
  const connections = written.map(async (_, i) => {
    while (isOpen) {
      await write(MIB);
      written[i] = (written[i] ?? 0) + 1;
    }
  });
  for (let i = 0; i < 60; i++) {
    const bytes = await turn();
    assert(bytes <= 8 * MIB, `a turn wrote ${bytes} bytes`);
  }
  // The first turn began before the loop.
  assertEquals(written.reduce((sum, count) => sum + count), 61 * 8);
  assert(Math.max(...written) - Math.min(...written) <= 1);
  isOpen = false;
  turns.close();
  await Promise.all(connections);
});

Deno.test("WriteTurns.run() writes at once, and seldom waits for a turn, when turns write little", async () => {
  const { loop, turn, write } = eventLoop();
  let timers = 0;
  for (let i = 0; i < 64; i++) {
    const before = loop.written;
    write(MIB);
    assertEquals(loop.written - before, MIB);
    timers += loop.work.length;
    await turn();
  }
  assertEquals(timers, 16);
});

Deno.test("WriteTurns.run() rejects with the error of the write, and close() calls the writes that wait", async () => {
  const { turns, write } = eventLoop();
  const fail = () => turns.run(MIB, () => Promise.reject<number>(new Error("closed")));
  const failed = await fail().catch(({ message }) => message);
  const writes = [write(32 * MIB), write(1), fail()];
  turns.close();
  const outcomes = await Promise.allSettled(writes);
  assertEquals([failed, ...outcomes.map(({ status }) => status)], [
    "closed",
    "fulfilled",
    "fulfilled",
    "rejected",
  ]);
});
