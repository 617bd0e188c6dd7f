import { assertEquals } from "@std/assert";
import { drawTable, widthOf, wrap } from "../../lib/cli/text_table.ts";

Deno.test("widthOf counts the columns that a terminal needs", () => {
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

Deno.test("wrap breaks where Python's textwrap does", () => {
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

Deno.test("drawTable lines up columns of any script", () => {
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
