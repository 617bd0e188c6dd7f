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

Deno.test("PartBuffer has nothing left when it gives up all bytes before the first one", () => {
  const part = new PartBuffer(1_000, 1_099, 0, new PartProgress(0));
  assertEquals([part.giveUp(100), part.left, part.missing], [1_000, 0, 0]);
});
