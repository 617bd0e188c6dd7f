/** Parts of a parallel download: their boundaries, and which of their bytes can be delivered. */
import { assert, assertEquals } from "@std/assert";
import { Attempt, PartBuffer } from "../../../lib/transfer/parallel/part_buffer.ts";
import { cut } from "../../../lib/transfer/parallel/part_scheduler.ts";
import type { ResumingReader } from "../../../lib/transfer/download/resuming_reader.ts";
import { concat } from "../../../lib/concat.ts";
import { seededBytes } from "../../support/seed.ts";

const MIB = 2 ** 20;

const SHAPES: readonly (readonly [start: number, stop: number, partSize: number, n: number])[] = [
  [0, 250_000_000, 8 * MIB, 4],
  [12_345, 250_000_001, 8 * MIB, 4],
  [0, 10 * 2 ** 30, 8 * MIB, 64],
  [0, 9 * MIB, 8 * MIB, 4],
  [0, 10_000, 999, 3],
  [5, 6, 1, 2],
];

for (const [start, stop, partSize, connections] of SHAPES) {
  Deno.test(`cut() into parts of ${partSize} bytes for ${connections} connections covers ${start} to ${stop} once`, () => {
    const parts = cut({ start, endExclusive: stop, partSize, connections });
    let at = start;
    for (const part of parts) {
      assertEquals(part.start, at);
      assert(part.size >= 1 && part.size <= partSize);
      at = part.end + 1;
    }
    assertEquals(at, stop);
    const sizes = parts.slice(0, -1).map(({ size }) => size);
    assertEquals(sizes, sizes.toSorted((a, b) => b - a), "a part is larger than one before");
    assert(sizes.every((size) => size >= Math.min(MIB, partSize)), "a part is too small");
  });
}

Deno.test("cut() makes the last parts so small that all connections end at about the same time", () => {
  const parts = cut({ start: 0, endExclusive: 250_000_000, partSize: 8 * MIB, connections: 4 });
  assertEquals(parts[0]?.size, 8 * MIB);
  assertEquals(parts.slice(-8).every(({ size }) => size <= MIB), true);
});

const BYTES = seededBytes(5, 100);

function attemptOf(part: PartBuffer): Attempt {
  // Nothing here reads from it.
  const attempt = new Attempt({} as ResumingReader, 0);
  part.attempts.push(attempt);
  return attempt;
}

/** All that can be handed over now. */
function taken(part: PartBuffer): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = part.take(); chunk !== null; chunk = part.take()) chunks.push(chunk);
  return concat(chunks);
}

Deno.test("PartBuffer delivers bytes as they arrive, and the last ones after the response has ended", () => {
  const part = new PartBuffer(1_000, 1_099);
  const attempt = attemptOf(part);
  assertEquals(part.take(), null);
  part.put(attempt, BYTES.slice(0, 40));
  assertEquals([taken(part), part.left], [BYTES.slice(0, 40), 60]);
  part.put(attempt, BYTES.slice(40, 40));
  part.put(attempt, BYTES.slice(40));
  assertEquals([taken(part).byteLength, part.isDelivered], [0, false]);
  part.isComplete = true;
  assertEquals([taken(part), part.isDelivered], [BYTES.slice(40), true]);
});

Deno.test("PartBuffer delivers each byte of two attempts once, whichever is ahead", () => {
  const part = new PartBuffer(0, 99);
  const [first, second] = [attemptOf(part), attemptOf(part)];
  part.put(first, BYTES.slice(0, 30));
  part.put(second, BYTES.slice(0, 20));
  assertEquals(taken(part), BYTES.slice(0, 30));
  part.put(second, BYTES.slice(20, 70));
  assertEquals(taken(part), BYTES.slice(30, 70));
  part.put(first, BYTES.slice(30, 60));
  assertEquals(taken(part).byteLength, 0);
  part.put(first, BYTES.slice(60, 80));
  assertEquals(taken(part), BYTES.slice(70, 80));
  part.attempts = [second];
  part.put(second, BYTES.slice(70));
  part.isComplete = true;
  assertEquals([taken(part), part.isDelivered], [BYTES.slice(80), true]);
});
