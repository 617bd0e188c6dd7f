import { assertEquals } from "@std/assert";
import { Removals } from "../../lib/cache/removals.ts";
import { simulatedImage } from "./simulated_cache.ts";

const IMAGE = simulatedImage(1, 10);
const OTHER = simulatedImage(2, 10);

const CASES: readonly {
  readonly when: string;
  readonly removed: string | null;
  readonly affected: readonly boolean[];
}[] = [
  { when: "their image is removed", removed: IMAGE.imageId, affected: [true, false, false] },
  { when: "another image is removed", removed: OTHER.imageId, affected: [false, true, false] },
  { when: "all images are removed", removed: null, affected: [true, true, false] },
];

for (const { when, removed, affected } of CASES) {
  Deno.test(`Removals.affect() is true for the reads before it when ${when}`, () => {
    const removals = new Removals();
    const before = [IMAGE, OTHER].map((image) => removals.opened(image));
    removals.removed(removed);
    const reads = [...before, removals.opened(IMAGE)];
    assertEquals(reads.map((read) => removals.affect(read)), affected);
  });
}

Deno.test("Removals.removed() forgets the oldest when there are more than 1,000", () => {
  const removals = new Removals();
  const images = Array.from({ length: 1_002 }, (_, n) => simulatedImage(n, 1));
  const reads = images.map((image) => removals.opened(image));
  for (const { imageId } of images) removals.removed(imageId);
  assertEquals(reads.filter((read) => removals.affect(read)).length, 1_000);
});
