import { assert, assertEquals } from "@std/assert";
import { PipelineTurns } from "../../../../lib/cli/http_server/turns/pipeline_turns.ts";

/** An event loop whose turns the test starts. Each response takes 1 ms of its clock. */
function eventLoop() {
  const loop = { time: 0, work: [] as (() => void)[] };
  const turns = new PipelineTurns({
    now: () => loop.time,
    after: (_, work) => {
      loop.work.push(work);
      return () => {};
    },
  });
  return {
    turns,
    /** Runs one turn until all connections wait. Returns its duration in milliseconds. */
    async turn(): Promise<number> {
      const start = loop.time;
      for (const work of loop.work.splice(0)) work();
      // A macrotask follows when no microtask is left.
      await new Promise((resolve) => setTimeout(resolve, 0));
      return loop.time - start;
    },
    respond: () => void loop.time++,
  };
}

Deno.test("PipelineTurns.next() bounds the time of a turn when 30 connections pipeline requests", async () => {
  const { turns, turn, respond } = eventLoop();
  const answered = Array.from({ length: 30 }, () => 0);
  let isOpen = true;
  const connections = answered.map(async (_, i) => {
    while (isOpen) {
      await turns.next();
      respond();
      answered[i] = (answered[i] ?? 0) + 1;
    }
  });
  for (let i = 0; i < 60; i++) {
    const ms = await turn();
    assert(ms <= 5, `a turn took ${ms} ms`);
  }
  assertEquals(Math.max(...answered), Math.min(...answered));
  isOpen = false;
  turns.close();
  await Promise.all(connections);
});

Deno.test("PipelineTurns.next() resolves at once when the slice has time left", async () => {
  const { turns, turn, respond } = eventLoop();
  let answered = 0;
  const connection = (async () => {
    for (; answered < 3; answered++) {
      await turns.next();
      respond();
    }
  })();
  await turn();
  await connection;
  assertEquals(answered, 3);
});

Deno.test("PipelineTurns.close() releases all connections when they wait", async () => {
  const { turns, turn } = eventLoop();
  const connections = [turns.next(), turns.next()];
  turns.close();
  await Promise.all([...connections, turns.next()]);
  assertEquals(await turn(), 0);
});
