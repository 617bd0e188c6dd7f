/** Byte ranges, and every way in which a partial response can be wrong. */
import { assertEquals } from "@std/assert";
import {
  checkPartial,
  formatRange,
  isUsable,
  lengthOf,
  parseContentRange,
} from "../../lib/http/byte_range.ts";

Deno.test("formatRange() writes a Range header", () => {
  assertEquals(formatRange({ start: 0 }), "bytes=0-");
  assertEquals(formatRange({ start: 5, end: 5 }), "bytes=5-5");
  assertEquals(formatRange({ start: 2 ** 40, end: 2 ** 41 }), "bytes=1099511627776-2199023255552");
});

/** A header -> start, end and total. */
const HEADERS: readonly (readonly [
  header: string | null,
  range: readonly [number, number, number | null] | null,
])[] = [
  ["bytes 0-0/1", [0, 0, 1]],
  ["bytes 5-9/10", [5, 9, 10]],
  ["bytes 5-9/*", [5, 9, null]],
  [" bytes 5-9/10 ", [5, 9, 10]],
  ["bytes 1099511627776-2199023255551/2199023255552", [2 ** 40, 2 ** 41 - 1, 2 ** 41]],
  [null, null],
  ["", null],
  ["5-9/10", null],
  ["bytes=5-9/10", null],
  ["bytes 5-9", null],
  ["bytes 5-/10", null],
  ["bytes -9/10", null],
  ["bytes */10", null],
  ["bytes */*", null],
  ["bytes 9-5/10", null],
  ["bytes 5-10/10", null],
  ["bytes 5-9/0", null],
  ["bytes 5-9/-1", null],
  ["bytes 5.0-9/10", null],
  ["bytes 0x5-9/10", null],
  ["bytes 5-9/10, bytes 20-29/30", null],
  ["items 5-9/10", null],
  ["Bytes 5-9/10", null],
  [`bytes ${"9".repeat(17)}-${"9".repeat(17)}/*`, null],
];

for (const [header, range] of HEADERS) {
  Deno.test(`parseContentRange() reads ${JSON.stringify(header)} as ${JSON.stringify(range)}`, () => {
    const read = parseContentRange(header);
    assertEquals(read === null ? null : [read.start, read.end, read.total], range);
  });
}

/** A header -> bytes. */
const LENGTHS: readonly (readonly [header: string | null, length: number | null])[] = [
  ["0", 0],
  ["42", 42],
  [" 42 ", 42],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
  [null, null],
  ["", null],
  ["None", null],
  ["-1", null],
  ["4.2", null],
  ["42, 42", null],
  ["1e3", null],
  ["9".repeat(17), null],
];

for (const [header, length] of LENGTHS) {
  Deno.test(`lengthOf() reads ${JSON.stringify(header)} as ${length}`, () => {
    assertEquals(lengthOf(header), length);
  });
}

interface ResponseFacts {
  readonly status: number;
  readonly contentRange: string | null;
  readonly contentLength: string | null;
  readonly contentEncoding: string | null;
  readonly contentType?: string;
}

/** A correct response to a request for bytes 40 to 99 of an image of 100 bytes. */
const CORRECT: ResponseFacts = {
  status: 206,
  contentRange: "bytes 40-99/100",
  contentLength: "60",
  contentEncoding: null,
};

/** The difference from the correct response -> the verdict. */
const VERDICTS: readonly (readonly [
  what: string,
  differs: Partial<ResponseFacts>,
  verdict: "part" | "whole" | "unproven" | "unlabeled" | "overlap" | "multipart" | RegExp,
])[] = [
  ["an earlier part", { contentRange: "bytes 32-99/100", contentLength: "68" }, "overlap"],
  ["a shorter part", { contentRange: "bytes 40-63/100", contentLength: "24" }, "overlap"],
  ["a block around the start", { contentRange: "bytes 32-63/100", contentLength: "32" }, "overlap"],
  ["the whole image, labeled", { contentRange: "bytes 0-99/100", contentLength: "100" }, "whole"],
  ["an earlier part without a length", {
    contentRange: "bytes 32-99/100",
    contentLength: null,
  }, "unproven"],
  ["a part that is called 200", { status: 200 }, "part"],
  ["an earlier part that is called 200", {
    status: 200,
    contentRange: "bytes 32-99/100",
    contentLength: "68",
  }, "overlap"],
  ["the rest that is called 200", { status: 200, contentRange: null }, "unlabeled"],
  ["one part of several", {
    contentRange: null,
    contentType: "multipart/byteranges; boundary=THIS_STRING",
  }, "multipart"],
  ["one part of several with a quoted boundary", {
    contentRange: null,
    contentType: 'Multipart/X-ByteRanges; charset=utf-8; boundary="a b"',
  }, "multipart"],
  ["several parts without a boundary", {
    contentRange: null,
    contentType: "multipart/byteranges",
  }, /Content-Range is ""/],
  ["an honest part", {}, "part"],
  ["a part of an image of unknown size", { contentRange: "bytes 40-99/*" }, "part"],
  ["a part labeled as not encoded", { contentEncoding: "identity" }, "part"],
  ["a part without a length, which may be the whole image", { contentLength: null }, "unproven"],
  ["a part whose length is Glance's None", { contentLength: "None" }, "unproven"],
  ["a part with the length of the whole image", { contentLength: "100" }, "whole"],
  ["the whole image", { status: 200, contentRange: null, contentLength: "100" }, "whole"],
  [
    "the whole image without a length",
    { status: 200, contentRange: null, contentLength: null },
    "whole",
  ],
  [
    "a whole image that is too short",
    { status: 200, contentLength: "99" },
    /99 bytes instead of 100/,
  ],
  [
    "a whole image that is too long",
    { status: 200, contentLength: "101" },
    /101 bytes instead of 100/,
  ],
  ["a compressed part", { contentEncoding: "gzip" }, /encoded as "gzip"/],
  ["a compressed whole image", { status: 200, contentEncoding: "br" }, /encoded as "br"/],
  ["no Content-Range", { contentRange: null }, /Content-Range is ""/],
  ["a Content-Range in other units", { contentRange: "items 40-99/100" }, /is "items 40-99\/100"/],
  ["a Content-Range without bytes", { contentRange: "bytes */100" }, /Content-Range is/],
  [
    "a part that starts too early",
    { contentRange: "bytes 39-99/100" },
    /60 bytes instead of 61/,
  ],
  ["a part that starts too late", { contentRange: "bytes 41-99/100" }, /byte 41 instead of 40/],
  ["a part that ends too early", { contentRange: "bytes 40-98/100" }, /60 bytes instead of 59/],
  ["a part that ends before it", { contentRange: "bytes 0-39/100", contentLength: "40" }, /before/],
  ["a part of a longer image", { contentRange: "bytes 40-99/101" }, /image of 101 bytes/],
  ["a part that ends too late", { contentRange: "bytes 40-100/*" }, /ends at byte 100/],
  ["a part that is shorter than its label", { contentLength: "59" }, /59 bytes instead of 60/],
  ["a part that is longer than its label", { contentLength: "61" }, /61 bytes instead of 60/],
  ["an empty part", { contentLength: "0" }, /0 bytes instead of 60/],
  ["no content", { status: 204, contentLength: null }, /status is 204/],
  ["another success", { status: 201 }, /status is 201/],
];

for (const [what, differs, expected] of VERDICTS) {
  const name = expected instanceof RegExp ? "a mismatch" : expected;
  Deno.test(`checkPartial() classifies ${what} as ${name}`, () => {
    const verdict = checkPartial({ ...CORRECT, ...differs }, { start: 40, end: 99, size: 100 });
    assertEquals(verdict.kind, expected instanceof RegExp ? "mismatch" : expected);
    if (verdict.kind !== "mismatch" || !(expected instanceof RegExp)) return;
    assertEquals(expected.test(verdict.reason), true, verdict.reason);
  });
}

Deno.test("checkPartial() accepts a range if the size of the image is unknown", () => {
  const judge = (differs: Partial<ResponseFacts>) =>
    checkPartial({ ...CORRECT, ...differs }, { start: 40, end: 99, size: null }).kind;
  assertEquals(judge({}), "part");
  assertEquals(judge({ contentRange: "bytes 40-99/12345" }), "part");
  assertEquals(judge({ status: 200, contentRange: null, contentLength: "7" }), "whole");
  assertEquals(judge({ contentLength: "100" }), "mismatch");
});

Deno.test("checkPartial() returns the position of a range that starts or ends early", () => {
  const response = { ...CORRECT, contentRange: "bytes 32-63/100", contentLength: "32" };
  const verdict = checkPartial(response, { start: 40, end: 99, size: 100 });
  assertEquals(verdict, { kind: "overlap", bodyStart: 32, endExclusive: 64 });
});

Deno.test("isUsable() accepts an unlabeled body if it is hashed, and a complete body of unknown length if it is compared", () => {
  const nothing = { isHashed: false, canCompare: false };
  const use = (
    kind: "part" | "unlabeled" | "whole" | "unproven",
    length: number | null,
    proof = {},
  ) => isUsable({ kind }, 40, length, { ...nothing, ...proof });
  assertEquals(use("part", 60), true);
  assertEquals([use("unlabeled", 60), use("unlabeled", 60, { isHashed: true })], [false, true]);
  assertEquals([use("whole", null), use("whole", null, { canCompare: true })], [false, true]);
  assertEquals([use("whole", 100), isUsable({ kind: "whole" }, 0, null, nothing)], [true, true]);
  assertEquals(use("unproven", null, { isHashed: true, canCompare: true }), false);
});

Deno.test("checkPartial() trusts the Content-Range of a body of unknown length that starts at the first byte", () => {
  const response = { ...CORRECT, contentRange: "bytes 0-9/100", contentLength: null };
  assertEquals(checkPartial(response, { start: 0, end: 9, size: 100 }).kind, "part");
});
