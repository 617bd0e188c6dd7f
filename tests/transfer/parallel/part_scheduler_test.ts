/** Which parts connections fetch, for every order of their outcomes. */
import { assert, assertEquals } from "@std/assert";
import type { PartBuffer } from "../../../lib/transfer/parallel/part_buffer.ts";
import { PartScheduler } from "../../../lib/transfer/parallel/part_scheduler.ts";
import { fc, forAll } from "../../support/properties.ts";

/** Milliseconds without bytes after which a part is fetched by another connection. */
const SILENCE = 3_000;

const MIB = 2 ** 20;

/** A schedule with one connection per server. */
function scheduleOf(size: number, partSize: number | undefined, servers: readonly string[]) {
  const layout = { start: 0, endExclusive: size, partSize };
  const schedule = new PartScheduler(layout);
  schedule.use(servers.length, (connection) => servers[connection] ?? "");
  return schedule;
}

function claimed(schedule: PartScheduler, connection: number, now = 0): PartBuffer {
  const claim = schedule.claim(connection, now);
  if (claim === null) throw new Error("The schedule has no part");
  return claim.part;
}

/** Receives all of a part between two times. */
function fetch(schedule: PartScheduler, part: PartBuffer, from: number, until: number): void {
  const half = Math.floor(part.missing / 2);
  part.put(new Uint8Array(half), from);
  part.put(new Uint8Array(part.missing), until);
  part.isComplete = true;
  schedule.fetched(part);
}

Deno.test("PartScheduler claims one part per connection and two more, in order", () => {
  const schedule = scheduleOf(1_000, 100, ["a", "a"]);
  const claims = Array.from({ length: 5 }, (_, i) => schedule.claim(i % 2, 0)?.part.start);
  assertEquals(claims, [0, 100, 200, 300, undefined]);
});

Deno.test("PartScheduler claims the next part when bytes of the first were delivered", () => {
  const schedule = scheduleOf(1_000, 100, ["a", "a"]);
  const first = claimed(schedule, 0);
  for (let i = 0; i < 3; i++) claimed(schedule, 1);
  first.put(new Uint8Array(100), 1);
  assertEquals([first.take(), schedule.claim(0, 1)], [null, null]);
  first.isComplete = true;
  assertEquals([first.take()?.byteLength, schedule.position], [100, 100]);
  assertEquals(claimed(schedule, 0).start, 400);
});

Deno.test("PartScheduler claims a whole number of bytes after a connection received only bytes that were moved", () => {
  const schedule = scheduleOf(100 * MIB, undefined, ["a", "a"]);
  const part = claimed(schedule, 0);
  part.put(new Uint8Array(MIB), 10);
  part.giveUp(part.missing);
  part.put(new Uint8Array(MIB), 20);
  part.isComplete = true;
  schedule.fetched(part);
  assertEquals(claimed(schedule, 0, 20).size % 1, 0);
});

Deno.test("PartScheduler gives the missing bytes of a silent connection to another one, which keeps its server", () => {
  const schedule = scheduleOf(1_000, 500, ["a", "b"]);
  const [silent, other] = [claimed(schedule, 0), claimed(schedule, 1)];
  silent.put(new Uint8Array(200), 10);
  fetch(schedule, other, 10, 20);
  assertEquals(schedule.claim(1, SILENCE), null, "it is not silent yet");
  const claim = schedule.claim(1, SILENCE + 10);
  assertEquals(claim?.from, silent);
  assertEquals([claim?.part.start, claim?.part.end], [200, 499]);
  assertEquals([silent.size, silent.missing], [200, 0]);
  assertEquals([schedule.serverOf(0), schedule.serverOf(1)], ["b", "b"]);
  // Two silent connections do not pass bytes on without end.
  assertEquals(schedule.claim(0, 3 * SILENCE), null);
});

Deno.test("PartScheduler takes the part of a silent connection before it claims more", () => {
  const schedule = scheduleOf(10_000, 500, ["a", "b"]);
  const silent = claimed(schedule, 0);
  assertEquals(schedule.claim(1, SILENCE)?.from, silent);
});

/** Size of the image in MiB, the second server, and whether it helps the first, which is ten times slower. */
const UNEQUAL = [[64, "a", true], [1_000, "a", false], [1_000, "b", true]] as const;

for (const [size, server, helps] of UNEQUAL) {
  Deno.test(`PartScheduler ${helps ? "moves" : "keeps"} a slow part of ${size} MiB from server a when a connection to ${server} would wait`, () => {
    const schedule = scheduleOf(size * MIB, 16 * MIB, ["a", server]);
    const [slow, fast] = [claimed(schedule, 0), claimed(schedule, 1)];
    slow.put(new Uint8Array(MIB), 1_000);
    fetch(schedule, fast, 10, 1_000);
    let claim = schedule.claim(1, 1_000);
    while (claim?.from === null) claim = schedule.claim(1, 1_000);
    if (!helps) return assertEquals(claim, null);
    assertEquals([claim?.from, claim?.part.end], [slow, 16 * MIB - 1]);
    assert(slow.missing > MIB && slow.missing < 3 * MIB, `${slow.missing}`);
  });
}

/** A schedule whose first connection leads, and three others that may claim what it releases. */
function scheduleWithLead(size: number, partSize?: number) {
  const layout = { start: 0, endExclusive: size, partSize };
  const schedule = new PartScheduler(layout);
  const lead = schedule.lead(0);
  assertEquals([lead.start, lead.end, schedule.claim(1, 0)], [0, size - 1, null]);
  schedule.use(4, () => "a");
  return { schedule, lead };
}

Deno.test("PartScheduler.spread() leaves the lead its part, and the others the rest", () => {
  const { schedule, lead } = scheduleWithLead(1_000, 100);
  schedule.spread(lead, 0);
  assertEquals([lead.end, claimed(schedule, 1).start], [99, 100]);
  schedule.spread(lead, 0);
  assertEquals(lead.end, 99, "it has given up its bytes before");
});

Deno.test("PartScheduler.spread() gives the lead more than the others when the first byte takes long", () => {
  const { schedule, lead } = scheduleWithLead(160 * MIB);
  schedule.spread(lead, 150);
  const part = claimed(schedule, 1);
  const largest = Math.ceil(128 * MIB / 3);
  assertEquals([lead.size, part.start, part.size], [largest, largest, 150 * 80 * 1024]);
});

Deno.test("PartScheduler.spread() does nothing when the lead has received all bytes", () => {
  const { schedule, lead } = scheduleWithLead(1_000, 100);
  lead.pass(new Uint8Array(1_000), 1);
  schedule.spread(lead, 0);
  assertEquals([schedule.claim(1, 1), schedule.isDone], [null, true]);
});

Deno.test("PartScheduler.gather() gives the lead all bytes, also those that others have received", () => {
  const { schedule, lead } = scheduleWithLead(1_000, 100);
  schedule.spread(lead, 0);
  fetch(schedule, claimed(schedule, 1), 0, 1);
  lead.pass(new Uint8Array(50), 1);
  schedule.gather(lead);
  assertEquals([schedule.claimed, lead.position, lead.left], [[lead], 50, 950]);
  assertEquals([schedule.claim(1, 1), schedule.needsLead], [null, false]);
});

Deno.test("PartScheduler.gather() lets a new lead read from the first undelivered byte when there is none", () => {
  const { schedule, lead } = scheduleWithLead(1_000, 100);
  schedule.spread(lead, 0);
  const parts = [claimed(schedule, 1), claimed(schedule, 2)];
  lead.pass(new Uint8Array(100), 1);
  for (const part of parts) fetch(schedule, part, 0, 1);
  parts[0]?.take();
  const { position } = schedule;
  assert(position > 100 && position < 300, `${position}`);
  schedule.gather(null);
  assertEquals([schedule.needsLead, schedule.claimed, schedule.isDone], [true, [], false]);
  const next = schedule.lead(2);
  assertEquals([next.start, next.end, schedule.needsLead], [position, 999, false]);
});

/**
 * The next event: a connection claims, reads, is silent, a chunk is delivered, the number of connections changes, or the
 * lead reads all of the rest.
 */
const EVENT = fc.record({
  kind: fc.oneof(
    { arbitrary: fc.constantFrom("claim", "read", "silence", "deliver", "use"), weight: 100 },
    { arbitrary: fc.constant("gather"), weight: 1 },
  ),
  pick: fc.nat(100),
  bytes: fc.integer({ min: 1, max: 40 }),
});

const RUN = fc.record({
  start: fc.nat(50),
  size: fc.integer({ min: 1, max: 400 }),
  partSize: fc.integer({ min: 1, max: 120 }),
  isOrdered: fc.boolean(),
  /** With a lead, the number of connections is 1 at first. */
  hasLead: fc.boolean(),
  connections: fc.integer({ min: 2, max: 5 }),
  events: fc.array(EVENT, { maxLength: 200, size: "max" }),
});

Deno.test("PartScheduler delivers every byte once for any order of reads, silences, deliveries and numbers of connections", async () => {
  await forAll(RUN, ({ start, size, partSize, isOrdered, hasLead, connections, events }) => {
    const stop = start + size;
    const schedule = new PartScheduler({ start, endExclusive: stop, partSize });
    const delivered = new Uint8Array(stop);
    const busy = new Map<number, { readonly part: PartBuffer; position: number }>();
    let [now, count, isGathered] = [0, 0, false];
    let lead: { readonly part: PartBuffer; position: number } | null = null;

    const startLead = () => {
      const part = schedule.lead(now);
      lead = { part, position: part.start };
    };
    const use = (next: number) => {
      if (isGathered) return;
      count = next;
      schedule.use(count, (i) => `server ${i}`);
      if (lead !== null && count > 1) schedule.spread(lead.part, 0);
    };
    const gather = () => {
      // What was delivered out of order would be delivered again.
      if (!isOrdered || !hasLead) return;
      use(1);
      isGathered = true;
      busy.clear();
      if (lead?.part.left === 0) lead = null;
      schedule.gather(lead?.part ?? null);
    };
    const finish = (connection: number, part: PartBuffer) => {
      if (part === lead?.part) return;
      busy.delete(connection);
      part.isComplete = true;
      schedule.fetched(part);
    };
    const claim = (connection: number) => {
      if (busy.has(connection) || connection >= count || count === 1) return;
      if (connection === 0 && lead !== null) return;
      const next = schedule.claim(connection, now);
      if (next === null) return;
      const { part, from } = next;
      assertEquals(part.connection, connection);
      busy.set(connection, { part, position: part.start });
      if (from?.missing === 0) finish(from.connection, from);
    };
    // A response also has the bytes that were given to another connection in the meantime.
    const receive = (fetch: { position: number }, most: number) => {
      const { position } = fetch;
      const length = Math.min(most, stop - position);
      fetch.position += length;
      return Uint8Array.from({ length }, (_, i) => (position + i) % 251);
    };
    const read = (connection: number, most: number) => {
      const fetch = busy.get(connection);
      if (fetch === undefined) return;
      fetch.part.put(receive(fetch, most), now);
      if (fetch.part.missing === 0) finish(connection, fetch.part);
    };
    const accept = (position: number, chunk: Uint8Array) =>
      chunk.forEach((byte, i) => {
        assertEquals(byte, (position + i) % 251);
        delivered[position + i]!++;
      });
    const deliver = (most: number) => {
      for (const part of isOrdered ? schedule.claimed.slice(0, 1) : schedule.claimed) {
        const { position } = part;
        const chunk = part.take();
        if (chunk !== null) return accept(position, chunk);
      }
      if (schedule.needsLead) startLead();
      if (lead === null) return;
      const { part, part: { position } } = lead;
      if (part.left > 0) accept(position, part.pass(receive(lead, most), now));
      if (part.left === 0) lead = null;
    };
    const hasRoom = () => {
      const held = schedule.claimed.reduce((sum, { left }) => sum + left, 0);
      assert(hasLead || held <= (connections + 2) * partSize, `${held} bytes are claimed`);
    };

    if (hasLead) startLead();
    use(hasLead ? 1 : connections);
    for (const { kind, pick, bytes } of events) {
      now += kind === "silence" ? SILENCE : bytes;
      const connection = pick % connections;
      if (kind === "claim") claim(connection);
      if (kind === "read") read(connection, bytes);
      if (kind === "deliver") deliver(bytes);
      if (kind === "use" && hasLead) use(connection + 1);
      if (kind === "gather") gather();
      hasRoom();
    }
    for (let round = 0; !schedule.isDone; round++) {
      assert(round < 10 * size, "the download does not end");
      now++;
      for (let connection = 0; connection < connections; connection++) {
        claim(connection);
        read(connection, 7);
      }
      for (let i = 0; i < connections; i++) deliver(7);
    }
    assertEquals(delivered.subarray(start), new Uint8Array(size).fill(1));
    assertEquals(delivered.subarray(0, start), new Uint8Array(start));
  });
});
