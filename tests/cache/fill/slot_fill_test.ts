import { assertEquals } from "@std/assert";
import { SlotFill } from "../../../lib/cache/fill/slot_fill.ts";
import { slotOf } from "../../../lib/cache/image_slots.ts";
import { BLOCK_SIZE } from "../../../lib/cache/slot_format.ts";
import { simulatedImage } from "../simulated_cache.ts";

Deno.test("SlotFill.drop() releases the memory of the slot when a reader keeps the fill", async () => {
  const size = 4 * BLOCK_SIZE;
  const image = simulatedImage(1, size);
  const fill = new SlotFill(slotOf(image, size, 0), {
    now: () => 0,
    mayRequest: () => true,
    mayOverlap: () => false,
    onSettled: () => {},
  });
  const segment = fill.claim();
  if (segment === null) throw new Error("The slot is claimed");
  fill.receive(segment, new Uint8Array(size).fill(7));
  const origin = { supportsRanges: () => Promise.reject(new Error("not used")) };
  const read = () => fill.read(5, size, origin as never, true);
  const chunk = await read();
  fill.end(segment);
  fill.drop();
  // What the reader has is unchanged, and it looks up the rest in the store.
  assertEquals(chunk, new Uint8Array(BLOCK_SIZE - 5).fill(7));
  assertEquals([fill.blocks, await read()], [[], null]);
});
