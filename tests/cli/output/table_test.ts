import { assertEquals } from "@std/assert";
import { drawTable, widthOf, wrap } from "../../../lib/cli/output/table.ts";

Deno.test("widthOf() counts the columns that a terminal needs", () => {
  const cases: readonly (readonly [text: string, width: number])[] = [
    ["", 0],
    ["disk", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["日本", 4],
    ["ｆ", 2],
    ["한국", 4],
    ["👍🏽", 2],
    ["👨‍👩‍👧", 2],
    ["a\u200bb", 2],
  ];
  for (const [text, width] of cases) assertEquals(widthOf(text), width, text);
});

Deno.test("wrap() breaks lines as Python's textwrap does", () => {
  const cases: readonly (readonly [text: string, lines: readonly string[]])[] = [
    ["", [""]],
    ["short", ["short"]],
    ["ten letters", ["ten", "letters"]],
    ["one two three", ["one two", "three"]],
    ["one  two   three", ["one  two", "three"]],
    ["abcdefghijklmnopqrstuvw", ["abcdefghij", "klmnopqrst", "uvw"]],
    ["a bcdefghijklmno p", ["a bcdefghi", "jklmno p"]],
    ["some live-stack", ["some live-", "stack"]],
    ["live-stack-0123456789", ["live-stack", "-012345678", "9"]],
    ["0123-4567-89ab-cdef", ["0123-4567-", "89ab-cdef"]],
    ["日本日本日本", ["日本日本日", "本"]],
  ];
  for (const [text, lines] of cases) assertEquals(wrap(text, 10), lines, text);
});

Deno.test("drawTable() aligns columns of any script", () => {
  assertEquals(
    drawTable(["ID", "Name"], [["1", "日本"], ["22", "é"], ["3", ""]]),
    `\
+----+------+
| ID | Name |
+----+------+
| 1  | 日本 |
| 22 | é    |
| 3  |      |
+----+------+`,
  );
});

Deno.test("drawTable() breaks a cell at its line breaks and at the column width", () => {
  assertEquals(
    drawTable(["A", "Description"], [["1", "one two three\n\n four"], ["2", "five"]], {
      maxWidths: [undefined, 8],
    }),
    `\
+---+-------------+
| A | Description |
+---+-------------+
| 1 | one two     |
|   | three       |
|   |             |
|   |  four       |
| 2 | five        |
+---+-------------+`,
  );
});

Deno.test("drawTable() centers texts on request, as PrettyTable does", () => {
  assertEquals(
    drawTable(["ID", "State"], [["1", "cached"], ["22", "a"], ["333", "no"]], { align: "center" }),
    `\
+-----+--------+
|  ID | State  |
+-----+--------+
|  1  | cached |
|  22 |   a    |
| 333 |   no   |
+-----+--------+`,
  );
});

Deno.test("drawTable() draws lists of any length", () => {
  const rows = Array.from({ length: 300_000 }, (_, i) => [String(i)]);
  assertEquals(drawTable(["N"], rows).length, 300_004 * 11 - 1);
});
