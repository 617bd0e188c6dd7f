/** Lists of the command line in pages. */
import { assertEquals } from "@std/assert";
import { allPages } from "../../../../lib/cli/commands/shared/pages.ts";

Deno.test("allPages() ends when a page ends with a marker that was requested before", async () => {
  for (const around of [1, 2, 3, 7]) {
    let pages = 0;
    const all = await allPages((marker) => {
      pages++;
      return Promise.resolve([marker === null ? 0 : (Number(marker) + 1) % around]);
    }, String);
    assertEquals(all, Array.from({ length: around }, (_, i) => i));
    assertEquals(pages, around + 1);
  }
});
