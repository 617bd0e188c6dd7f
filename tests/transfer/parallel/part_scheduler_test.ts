/** Which parts connections fetch, for every order of their outcomes. */
import { assert, assertEquals } from "@std/assert";
import type { ResumingReader } from "../../../lib/transfer/download/resuming_reader.ts";
import { Attempt, type PartBuffer } from "../../../lib/transfer/parallel/part_buffer.ts";
import { PartScheduler } from "../../../lib/transfer/parallel/part_scheduler.ts";
import { fc, forAll } from "../../support/properties.ts";

/** The scheduler only passes the reader on. */
const NO_READER = {} as ResumingReader;

function begin(part: PartBuffer, now: number): Attempt {
  const attempt = new Attempt(NO_READER, now);
  part.attempts.push(attempt);
  return attempt;
}

function claimed(schedule: PartScheduler, connection: number): PartBuffer {
  const part = schedule.claim(connection, 0);
  if (part === null) throw new Error("The schedule has no part");
  return part;
}

Deno.test("PartScheduler claims one part per connection and two more, in order", () => {
  const schedule = new PartScheduler({
    start: 0,
    endExclusive: 1_000,
    partSize: 100,
    connections: 2,
  });
  const claims = Array.from({ length: 5 }, (_, i) => schedule.claim(i % 2, 0)?.start);
  assertEquals(claims, [0, 100, 200, 300, undefined]);
});

Deno.test("PartScheduler claims the next part when bytes of the first were delivered", () => {
  const schedule = new PartScheduler({
    start: 0,
    endExclusive: 1_000,
    partSize: 100,
    connections: 2,
  });
  const first = claimed(schedule, 0);
  for (let i = 0; i < 3; i++) claimed(schedule, 1);
  first.put(begin(first, 0), new Uint8Array(100));
  assertEquals([first.take(), schedule.claim(0, 0)], [null, null]);
  first.isComplete = true;
  assertEquals(first.take()?.byteLength, 100);
  assertEquals(schedule.claim(0, 0)?.start, 400);
});

Deno.test("PartScheduler assigns a late part to a connection that would finish it earlier", () => {
  const schedule = new PartScheduler({
    start: 0,
    endExclusive: 200,
    partSize: 100,
    connections: 2,
  });
  const [slow, fast] = [claimed(schedule, 0), claimed(schedule, 1)];
  const attempt = begin(slow, 0);
  slow.put(attempt, new Uint8Array(1));
  assertEquals(schedule.claim(1, 1_000), null, "its speed is not known yet");
  schedule.fetched(1, fast, 10);
  assertEquals(schedule.claim(1, 9), null, "the part is not late yet");
  assertEquals(schedule.claim(1, 20), slow);
  begin(slow, 20);
  assertEquals(schedule.claim(1, 30), null, "two connections fetch it already");
  slow.attempts.pop();
  slow.hasFailed = true;
  assertEquals(schedule.claim(1, 30), null, "an attempt has failed");
});

/** The next event: the attempt `pick` reads `bytes`, or fails, or a connection claims a part. */
const EVENT = fc.record({
  kind: fc.constantFrom("claim", "claim", "read", "read", "read", "fail", "deliver"),
  pick: fc.nat(100),
  bytes: fc.integer({ min: 1, max: 40 }),
  isOrdered: fc.boolean(),
});

const RUN = fc.record({
  start: fc.nat(50),
  size: fc.integer({ min: 1, max: 400 }),
  partSize: fc.integer({ min: 1, max: 60 }),
  connections: fc.integer({ min: 1, max: 5 }),
  events: fc.array(EVENT, { maxLength: 200 }),
});

Deno.test("PartScheduler delivers every byte once for any order of reads, failures and deliveries", async () => {
  await forAll(RUN, ({ start, size, partSize, connections, events }) => {
    const stop = start + size;
    const schedule = new PartScheduler({ start, endExclusive: stop, partSize, connections });
    const delivered = new Uint8Array(stop);
    const busy = new Map<number, { readonly part: PartBuffer; readonly attempt: Attempt }>();
    let now = 0;

    const claim = (connection: number) => {
      if (busy.has(connection)) return;
      const part = schedule.claim(connection, now);
      if (part !== null) busy.set(connection, { part, attempt: begin(part, now) });
    };
    const read = (connection: number, most: number) => {
      const fetch = busy.get(connection);
      if (fetch === undefined) return;
      const { part, attempt } = fetch;
      const from = part.start + attempt.filled;
      const count = Math.min(most, part.end + 1 - from);
      part.put(attempt, Uint8Array.from({ length: count }, (_, i) => (from + i) % 251));
      if (attempt.filled < part.size) return;
      for (const [other, { part: same }] of [...busy]) if (same === part) busy.delete(other);
      part.attempts = [attempt];
      part.isComplete = true;
      schedule.fetched(connection, part, now - attempt.since);
    };
    // An attempt without another one continues at its byte, so only one of two can be lost.
    const fail = (connection: number) => {
      const fetch = busy.get(connection);
      if (fetch === undefined || fetch.part.attempts.length < 2) return;
      fetch.part.hasFailed = true;
      fetch.part.attempts = fetch.part.attempts.filter((attempt) => attempt !== fetch.attempt);
      busy.delete(connection);
    };
    const deliver = (isOrdered: boolean) => {
      const parts = isOrdered ? schedule.claimed.slice(0, 1) : schedule.claimed;
      for (const part of parts) {
        const { position } = part;
        const chunk = part.take();
        if (chunk === null) continue;
        chunk.forEach((byte, i) => {
          assertEquals(byte, (position + i) % 251);
          delivered[position + i]!++;
        });
        return;
      }
    };
    const hasRoom = () => {
      const held = schedule.claimed.reduce((sum, { left }) => sum + left, 0);
      assert(held <= (connections + 2) * partSize, `${held} bytes are claimed`);
    };

    for (const { kind, pick, bytes, isOrdered } of events) {
      now += bytes;
      const connection = pick % connections;
      if (kind === "claim") claim(connection);
      if (kind === "read") read(connection, bytes);
      if (kind === "fail") fail(connection);
      if (kind === "deliver") deliver(isOrdered);
      hasRoom();
    }
    for (let round = 0; !schedule.isDone; round++) {
      assert(round < 10 * size, "the download does not end");
      now++;
      for (let connection = 0; connection < connections; connection++) {
        claim(connection);
        read(connection, 7);
      }
      for (let i = 0; i < connections; i++) deliver(true);
    }
    assertEquals(delivered.subarray(start), new Uint8Array(size).fill(1));
    assertEquals(delivered.subarray(0, start), new Uint8Array(start));
  });
});
