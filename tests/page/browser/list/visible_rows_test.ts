import { assert } from "@std/assert";
import * as fc from "fast-check";
import { visibleRows } from "../../../../lib/page/browser/list/visible_rows.ts";

Deno.test("visibleRows() covers the view with at most 97 rows", () => {
  const view = fc.record({
    count: fc.nat(100_000),
    rowHeight: fc.constantFrom(41, 57),
    top: fc.nat(5_000_000),
    height: fc.nat(3_840),
  });
  fc.assert(fc.property(view, ({ count, rowHeight, top, height }) => {
    const { start, end } = visibleRows(count, rowHeight, top, height);
    assert(0 <= start && start <= end && end <= count && end - start <= 97);
    // The browser never scrolls further than this.
    const reached = Math.min(top, Math.max(0, count * rowHeight - height));
    const last = Math.min(count, Math.ceil((reached + height) / rowHeight));
    assert(start <= Math.floor(reached / rowHeight), "the first visible row is missing");
    assert(last <= end || end - start === 97, "the last visible row is missing");
  }));
});
