import { assertEquals, assertThrows } from "@std/assert";
import { parse } from "yaml";
import {
  chosenColumns,
  type DataFormat,
  formatList,
  formatRecord,
} from "../../../lib/cli/output/formats.ts";

const CELLS = {
  headings: ["ID", "Name", "Size", "Stores"],
  rows: [["1", 'a "b", c', 5, ["x", "y"]], ["2", null, 0, []], ["3", "yes", true, { k: "v" }]],
};

Deno.test("formatList() formats a list as openstack does", () => {
  const cases: Readonly<Record<Exclude<DataFormat, "json" | "yaml">, string>> = {
    csv: [
      '"ID","Name","Size","Stores"',
      '"1","a ""b"", c",5,"[""x"",""y""]"',
      '"2","",0,"[]"',
      '"3","yes",True,"{""k"":""v""}"',
    ].join("\n"),
    value: '1 a "b", c 5 ["x","y"]\n2 None 0 []\n3 yes True {"k":"v"}',
  };
  for (const [format, text] of Object.entries(cases)) {
    assertEquals(formatList(format as DataFormat, CELLS), text);
  }
});

Deno.test("formatList() writes CSV in which every value can be read again", () => {
  const texts = ["a\nb", "a\\nb", 'a"\r\n,b', "True", "None", "5", " ", "\t\x1b[31m", "=1+1"];
  const csv = formatList("csv", { headings: ["Name"], rows: texts.map((text) => [text]) });
  // RFC 4180, section 2: a quote in a quoted field is written twice.
  const read = [...csv.matchAll(/"((?:[^"]|"")*)"(?:\n|$)/g)]
    .map(([, quoted = ""]) => quoted.replaceAll('""', '"'));
  assertEquals(read, ["Name", ...texts]);
  const kinds = { headings: ["a", "b", "c", "d"], rows: [["5", 5, "True", true]] };
  assertEquals(formatList("csv", kinds).split("\n")[1], '"5",5,"True",True');
});

Deno.test("formatList() writes a line of values for each row", () => {
  const rows = [["a\nb", 1], ["c\rd\x1b", null]];
  assertEquals(
    formatList("value", { headings: ["a", "b"], rows }),
    "a\\nb 1\nc\\x0dd\\x1b None",
  );
});

Deno.test("formatList() and formatRecord() keep every value in JSON and YAML", () => {
  const texts = [
    "",
    " ",
    "null",
    "No",
    "1",
    "1e3",
    "2026-01-01",
    "a: b",
    "- a",
    "#",
    "é",
    "\u202e",
    "a\nb",
    "~",
    "0x1f",
    ".5",
    "a b",
    // A number for some parsers of YAML 1.1.
    "e3",
    "\u{e0001}tag",
  ];
  const members = texts.map((text, i) => [`k${i}`, text] as const);
  const expected = Object.fromEntries(members);
  const readers = { json: (text: string) => JSON.parse(text), yaml: (text: string) => parse(text) };
  for (const format of ["json", "yaml"] as const) {
    const read = readers[format];
    assertEquals(read(formatRecord(format, members)), expected);
    const rows = texts.map((text) => [text, 1.5, null, [text, { a: false }]]);
    const objects = texts.map((text) => ({
      a: text,
      "b c": 1.5,
      d: null,
      e: [text, { a: false }],
    }));
    const headings = ["a", "b c", "d", "e"];
    assertEquals(read(formatList(format, { headings, rows })), objects);
    assertEquals(read(formatList(format, { headings, rows: [] })), []);
  }
});

Deno.test("formatRecord() writes YAML that parsers of YAML 1.1 read, too", () => {
  const long = "\u200b".repeat(255);
  const members = [["e3", "e3"], ["tag", "\u{e0001}"], [long, "a"]] as const;
  const text = formatRecord("yaml", members);
  assertEquals(parse(text, { version: "1.1" }), Object.fromEntries(members));
  // A pair of escapes is not one character there.
  assertEquals(text.includes("\\ud"), false);
  assertEquals(text.split("\n")[1], 'tag: "\\U000e0001"');
});

Deno.test("formatRecord() prints a value per line, or lines of two cells", () => {
  const members = [["id", "1"], ["tags", []], ["protected", false], ["owner", null]] as const;
  assertEquals(formatRecord("value", members), "1\n[]\nFalse\nNone");
  const lines = ['"Property","Value"', '"id","1"', '"tags","[]"', '"protected",False'];
  assertEquals(formatRecord("csv", members), [...lines, '"owner",""'].join("\n"));
});

Deno.test("chosenColumns() ignores case, and keeps the order of the table", () => {
  const headings = ["ID", "Name", "Disk_format"];
  assertEquals(chosenColumns(headings, []), [0, 1, 2]);
  assertEquals(chosenColumns(headings, ["disk format", "id"]), [0, 2]);
  assertThrows(
    () => chosenColumns(headings, ["Nmae"]),
    Error,
    'Cannot show the column "Nmae": the columns are ID, Name, and Disk_format',
  );
});
