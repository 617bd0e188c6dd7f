/** Lists of the command line in pages. */
import { assertEquals } from "@std/assert";
import { allPages } from "../../../../lib/cli/commands/shared/pages.ts";

Deno.test("allPages() ends when a page ends with a marker that was requested before", async () => {
  for (const around of [1, 2, 3, 7]) {
    let pages = 0;
    const all = await allPages((marker) => {
      pages++;
      const entries = [marker === null ? 0 : (Number(marker) + 1) % around];
      return Promise.resolve({ entries, isLast: false });
    }, String);
    assertEquals(all, Array.from({ length: around }, (_, i) => i));
    assertEquals(pages, around + 1);
  }
});

Deno.test("allPages() requests no page after the last one", async () => {
  const markers: (string | null)[] = [];
  const all = await allPages((marker) => {
    markers.push(marker);
    return Promise.resolve({ entries: [markers.length], isLast: markers.length === 2 });
  }, String);
  assertEquals([all, markers], [[1, 2], [null, "1"]]);
});
