import { assertEquals } from "@std/assert";
import { integer, python } from "../../../lib/embedded/http/python_format.ts";

const VALUES: readonly (readonly [value: unknown, repr: string])[] = [
  [null, "None"],
  [[true, false, 1.5], "[True, False, 1.5]"],
  [{ a: "b" }, "{'a': 'b'}"],
  ["it's", `"it's"`],
  [`it's "it"`, `'it\\'s "it"'`],
  ["a\\b\n\r\t", "'a\\\\b\\n\\r\\t'"],
  ["\0\x1b\x7f\x85\xa0", "'\\x00\\x1b\\x7f\\x85\\xa0'"],
  ["\u2028\ud800 \u{e0001}", "'\\u2028\\ud800 \\U000e0001'"],
  ["größer 中文", "'größer 中文'"],
];

for (const [value, repr] of VALUES) {
  Deno.test(`python() formats ${JSON.stringify(value)} as repr does`, () => {
    assertEquals(python(value), repr);
  });
}

const INTEGERS: readonly (readonly [text: string, value: number | null])[] = [
  ["42", 42],
  [" -1_000 ", -1000],
  ["٤٢", 42],
  ["𝟎𝟗𝟘𝟙𝟡𝟶𝟿", 901909],
  ["1__0", null],
  ["½", null],
];

for (const [text, value] of INTEGERS) {
  Deno.test(`integer() reads "${text}" as int does`, () => {
    assertEquals(integer(text), value);
  });
}
