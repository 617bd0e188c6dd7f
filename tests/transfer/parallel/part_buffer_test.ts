/** Parts of a parallel download: which of their bytes can be delivered. */
import { assertEquals } from "@std/assert";
import { concat } from "../../../lib/concat.ts";
import { PartBuffer } from "../../../lib/transfer/parallel/part_buffer.ts";
import { PartProgress } from "../../../lib/transfer/parallel/part_progress.ts";
import { seededBytes } from "../../support/seed.ts";

const BYTES = seededBytes(5, 100);

/** All bytes that can be delivered now. */
function taken(part: PartBuffer): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = part.take(); chunk !== null; chunk = part.take()) chunks.push(chunk);
  return concat(chunks);
}

Deno.test("PartBuffer delivers bytes as they arrive, and the last ones after the response has ended", () => {
  const part = new PartBuffer(1_000, 1_099, 0, new PartProgress(0));
  assertEquals(part.take(), null);
  part.put(BYTES.slice(0, 40), 1);
  assertEquals([taken(part), part.left, part.position], [BYTES.slice(0, 40), 60, 1_040]);
  part.put(BYTES.slice(40, 40), 2);
  part.put(BYTES.slice(40), 3);
  assertEquals([taken(part).byteLength, part.left, part.missing], [0, 60, 0]);
  part.isComplete = true;
  assertEquals([taken(part), part.left], [BYTES.slice(40), 0]);
});

Deno.test("PartBuffer drops the bytes that it gave up, also in the middle of a chunk", () => {
  const part = new PartBuffer(1_000, 1_099, 0, new PartProgress(0));
  part.put(BYTES.slice(0, 40), 1);
  assertEquals([part.giveUp(30), part.size, part.missing], [1_070, 70, 30]);
  part.put(BYTES.slice(40, 90), 2);
  part.put(BYTES.slice(90), 3);
  part.isComplete = true;
  assertEquals([taken(part), part.left], [BYTES.slice(0, 70), 0]);
});

Deno.test("PartBuffer is empty when it releases all bytes before the first one", () => {
  const part = new PartBuffer(1_000, 1_099, 0, new PartProgress(0));
  assertEquals([part.giveUp(100), part.left, part.missing], [1_000, 0, 0]);
});

Deno.test("PartBuffer joins copies while they wait, and delivers them at once when they do not", () => {
  const part = new PartBuffer(1_000, 1_099, 0, new PartProgress(0));
  let allocated = 0;
  const allocate = () => {
    allocated++;
    return new Uint8Array(40);
  };
  for (let at = 0; at < 90; at += 10) part.put(BYTES.slice(at, at + 10), at, allocate);
  const sizes = Array.from({ length: 4 }, () => part.take()?.byteLength);
  assertEquals([sizes, allocated], [[40, 40, 10, undefined], 3]);
  part.put(BYTES.slice(90), 100, allocate);
  part.isComplete = true;
  // The memory of the ten bytes before is used again.
  assertEquals([part.take(), allocated, part.left], [BYTES.slice(90), 3, 0]);
});

Deno.test("PartBuffer keeps copies apart from the memory that they came in", () => {
  const part = new PartBuffer(1_000, 1_099, 0, new PartProgress(0));
  const memory = BYTES.slice(0, 10);
  part.put(memory, 1, () => new Uint8Array(100));
  memory.fill(0);
  part.put(BYTES.slice(10, 60), 2);
  part.put(BYTES.slice(60), 3, () => new Uint8Array(100));
  part.isComplete = true;
  assertEquals([taken(part), part.left], [BYTES, 0]);
});
