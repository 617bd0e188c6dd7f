import { assertEquals } from "@std/assert";
import type { ByteRange } from "../../../lib/http/byte_range.ts";
import { earlyRangeOf, type FilePlan, planOf } from "../../../lib/router/file/conditions.ts";

const IMAGE = { etag: '"abc"', size: 1000 };
const WHOLE: FilePlan = { kind: "whole" };
const UNMODIFIED: FilePlan = { kind: "unmodified" };
const FAILED: FilePlan = { kind: "failed" };
const TOO_LATE: FilePlan = { kind: "unsatisfiable", reason: "start" };
const NO_RANGE: FilePlan = { kind: "unsatisfiable", reason: "syntax" };

Deno.test("planOf() parses Range as RFC 9110 and clips it to the image", () => {
  const cases: readonly (readonly [string, FilePlan])[] = [
    ["bytes=0-0", part(0, 0)],
    ["bytes=0-499", part(0, 499)],
    ["bytes=500-", part(500, 999)],
    ["bytes=0-", part(0, 999)],
    ["bytes=999-", part(999, 999)],
    ["bytes=900-5000", part(900, 999)],
    ["bytes=-1", part(999, 999)],
    ["bytes=-5000", part(0, 999)],
    ["bytes= 1-2 ", part(1, 2)],
    ["bytes = 1 - 2", part(1, 2)],
    ["BYTES=1-2", part(1, 2)],
    ["bytes=1000-", TOO_LATE],
    ["bytes=1000-1001", TOO_LATE],
    ["bytes=-0", TOO_LATE],
    ["bytes=99999999999999999-", TOO_LATE],
    // The largest numbers of 64 bits: how some clients write "to the end".
    ["bytes=10-9223372036854775807", part(10, 999)],
    ["bytes=0-18446744073709551615", part(0, 999)],
    ["bytes=-18446744073709551615", part(0, 999)],
    ["bytes=00000000000000000001-2", part(1, 2)],
    [`bytes=0-${"9".repeat(400)}`, part(0, 999)],
    ["bytes=5-4", NO_RANGE],
    ["bytes=", NO_RANGE],
    ["bytes=-", NO_RANGE],
    ["bytes=a-b", NO_RANGE],
    ["bytes=1-2-3", NO_RANGE],
    ["bytes", WHOLE],
    ["lines=0-1", WHOLE],
    ["bytes=0-1,5-6", WHOLE],
  ];
  for (const [range, expected] of cases) assertEquals(planFor({ range }), expected, range);
});

Deno.test("planOf() is unsatisfiable for every range of an empty image", () => {
  for (const range of ["bytes=0-0", "bytes=0-", "bytes=-1"]) {
    assertEquals(planOf("GET", new Headers({ range }), { etag: null, size: 0 }), TOO_LATE);
  }
});

Deno.test("planOf() ignores Range when the size is unknown or the method is HEAD", () => {
  const headers = new Headers({ range: "bytes=0-0" });
  assertEquals(planOf("GET", headers, { etag: '"abc"', size: null }), WHOLE);
  assertEquals(planOf("HEAD", headers, IMAGE), WHOLE);
});

Deno.test("planOf() evaluates preconditions in the order and with the comparisons of RFC 9110", () => {
  const cases: readonly (readonly [Record<string, string>, FilePlan])[] = [
    [{ "if-none-match": '"abc"' }, UNMODIFIED],
    [{ "if-none-match": 'W/"abc"' }, UNMODIFIED],
    [{ "if-none-match": '"x", W/"abc" , "y"' }, UNMODIFIED],
    [{ "if-none-match": "*" }, UNMODIFIED],
    [{ "if-none-match": '"ABC"' }, WHOLE],
    [{ "if-none-match": "abc" }, WHOLE],
    [{ "if-none-match": "" }, WHOLE],
    [{ "if-none-match": '"abc"', "range": "bytes=0-0" }, UNMODIFIED],
    [{ "if-match": '"abc"' }, WHOLE],
    [{ "if-match": "*" }, WHOLE],
    [{ "if-match": '"x", "abc"' }, WHOLE],
    [{ "if-match": 'W/"abc"' }, FAILED],
    [{ "if-match": '"x"' }, FAILED],
    [{ "if-match": '"x"', "if-none-match": '"abc"' }, FAILED],
    [{ "if-range": '"abc"', "range": "bytes=0-0" }, part(0, 0)],
    [{ "if-range": 'W/"abc"', "range": "bytes=0-0" }, WHOLE],
    [{ "if-range": '"x"', "range": "bytes=0-0" }, WHOLE],
    [{ "if-range": "Sun, 06 Nov 1994 08:49:37 GMT", "range": "bytes=0-0" }, WHOLE],
    [{ "if-range": '"x"', "range": "bytes=5000-" }, WHOLE],
    [{ "if-modified-since": "Sun, 06 Nov 2094 08:49:37 GMT" }, WHOLE],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(planFor(headers), expected, JSON.stringify(headers));
  }
});

Deno.test("planOf() matches no entity tag when the image has no hash", () => {
  const image = { etag: null, size: 1000 };
  const plan = (headers: Record<string, string>) => planOf("GET", new Headers(headers), image);
  assertEquals(plan({ "if-none-match": '"null"' }), WHOLE);
  assertEquals(plan({ "if-match": '"null"' }), FAILED);
  assertEquals(plan({ "if-range": "null", "range": "bytes=0-0" }), WHOLE);
});

Deno.test("earlyRangeOf() returns the range when it is the same for an image of any size, else null", () => {
  const cases: readonly (readonly [Record<string, string>, ByteRange | null])[] = [
    [{}, { start: 0 }],
    [{ range: "bytes=0-" }, { start: 0, end: undefined }],
    [{ range: "bytes=0-0" }, { start: 0, end: 0 }],
    [{ range: "bytes=5-" }, { start: 5, end: undefined }],
    [{ range: "bytes=5-18446744073709551615" }, { start: 5, end: undefined }],
    [{ range: "bytes=1-2,4-5" }, { start: 0 }],
    [{ range: "lines=1-2" }, { start: 0 }],
    [{ range: "bytes=-5" }, null],
    [{ range: "bytes=5-4" }, null],
    [{ range: "bytes=99999999999999999-" }, null],
    [{ "range": "bytes=0-0", "if-range": '"abc"' }, null],
    [{ "if-match": "*" }, null],
    [{ "if-none-match": '"abc"' }, null],
    [{ "content-range": "bytes 0-1/*" }, null],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(earlyRangeOf(new Headers(headers)), expected, JSON.stringify(headers));
  }
});

function planFor(headers: Record<string, string>): FilePlan {
  return planOf("GET", new Headers(headers), IMAGE);
}

function part(start: number, end: number): FilePlan {
  return { kind: "part", start, end };
}
