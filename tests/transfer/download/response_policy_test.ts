/** Decisions about responses with image data. */
import { assertEquals } from "@std/assert";
import type { Proof, RangeResponseFacts } from "../../../lib/http/byte_range.ts";
import {
  checkMd5,
  rangeAction,
  wholeAction,
} from "../../../lib/transfer/download/response_policy.ts";

const FACTS: RangeResponseFacts = {
  status: 206,
  contentRange: "bytes 100-999/1000",
  contentLength: "900",
  contentEncoding: null,
  contentType: null,
};
const WHOLE: Partial<RangeResponseFacts> = {
  status: 200,
  contentRange: null,
  contentLength: "1000",
};
const PROOF: Proof = { isHashed: true, canCompare: true };
const NO_PROOF: Proof = { isHashed: false, canCompare: false };

/** A response to a request for bytes 100 to 999 of 1000 -> what to do with it. */
const RANGES: readonly (readonly [
  what: string,
  facts: Partial<RangeResponseFacts>,
  options: { readonly proof?: Proof; readonly rangesOnly?: boolean },
  use: string,
  ignoresRange: boolean,
])[] = [
  ["the requested bytes", {}, {}, "read 100+0 to 1000", false],
  [
    "an earlier start",
    {
      contentRange: "bytes 50-999/1000",
      contentLength: "950",
    },
    {},
    "read 50+50 to 1000",
    false,
  ],
  [
    "an earlier end",
    {
      contentRange: "bytes 100-199/1000",
      contentLength: "100",
    },
    {},
    "read 100+0 to 200",
    false,
  ],
  ["the whole image", WHOLE, {}, "read 0+100 to 1000", true],
  ["the whole image for a part", WHOLE, { rangesOnly: true }, "request whole", true],
  [
    "as many bytes, unlabeled",
    {
      ...WHOLE,
      contentLength: "900",
    },
    {},
    "read 100+0 to 1000",
    false,
  ],
  [
    "as many bytes, unlabeled and unproven",
    {
      ...WHOLE,
      contentLength: "900",
    },
    { proof: NO_PROOF },
    "request whole",
    false,
  ],
  ["bytes of unknown number", { contentLength: null }, {}, "request whole", true],
  [
    "parts",
    {
      contentRange: null,
      contentType: "multipart/byteranges; boundary=x",
    },
    {},
    "find part x",
    false,
  ],
  [
    "another size",
    {
      contentRange: "bytes 100-999/1001",
    },
    {},
    "refuse: it belongs to an image of 1001 bytes instead of 1000",
    false,
  ],
];

for (const [what, facts, { proof = PROOF, rangesOnly = false }, expected, ignores] of RANGES) {
  Deno.test(`rangeAction() is "${expected}" when the response has ${what}`, () => {
    const requested = { start: 100, end: 999, size: 1000 };
    const { use, ignoresRange } = rangeAction({ ...FACTS, ...facts }, requested, {
      proof,
      rangesOnly,
    });
    assertEquals([describe(use), ignoresRange], [expected, ignores]);
  });
}

/** A response to a request for an image, the first offset of use, its size -> what to do with it. */
const WHOLES: readonly (readonly [
  what: string,
  facts: Partial<RangeResponseFacts>,
  start: number,
  size: number | null,
  use: string,
])[] = [
  ["the image", WHOLE, 0, 1000, "read 0+0 to 1000"],
  ["the image again", WHOLE, 100, 1000, "read 0+100 to 1000"],
  ["an image of unknown size", WHOLE, 0, null, "read 0+0 to 1000"],
  [
    "an image of unknown size and length",
    {
      ...WHOLE,
      contentLength: null,
    },
    0,
    null,
    "read 0+0 to null",
  ],
  [
    "all bytes with status 206",
    {
      contentRange: "bytes 0-999/1000",
      contentLength: "1000",
    },
    0,
    1000,
    "read 0+0 to 1000",
  ],
  [
    "the first bytes",
    {
      contentRange: "bytes 0-499/1000",
      contentLength: "500",
    },
    100,
    1000,
    "read 0+100 to 500",
  ],
  [
    "the first bytes, which were delivered",
    {
      contentRange: "bytes 0-499/1000",
      contentLength: "500",
    },
    500,
    1000,
    "refuse: its status is 206",
  ],
  [
    "a part of an image of unknown size",
    {
      contentRange: "bytes 0-499/1000",
      contentLength: "500",
    },
    0,
    null,
    "refuse: its status is 206",
  ],
  [
    "another length",
    {
      ...WHOLE,
      contentLength: "999",
    },
    0,
    1000,
    "refuse: it has 999 bytes instead of 1000",
  ],
];

for (const [what, facts, start, size, expected] of WHOLES) {
  Deno.test(`wholeAction() is "${expected}" when the response has ${what}`, () => {
    assertEquals(describe(wholeAction({ ...FACTS, ...facts }, start, size)), expected);
  });
}

const MD5 = "0123456789abcdef0123456789abcdef";

Deno.test("checkMd5() compares an MD5 with the record, and nothing else", () => {
  assertEquals(checkMd5(MD5.toUpperCase(), { checksum: MD5 }), "same");
  assertEquals(checkMd5("f".repeat(32), { checksum: MD5 }), "other");
  for (const header of [null, "", "None", "ASNFZ4mrze8BI0VniavN7w=="]) {
    assertEquals(checkMd5(header, { checksum: MD5 }), "unknown");
  }
  assertEquals(checkMd5(MD5, { checksum: null }), "unknown");
});

function describe(use: ReturnType<typeof rangeAction>["use"]): string {
  if (use.kind === "refuse") return `refuse: ${use.reason}`;
  if (use.kind === "find part") return `find part ${use.boundary}`;
  if (use.kind === "request whole") return use.kind;
  const { bodyStart: from, skipBytes: skip, endExclusive: stop } = use.span;
  return `read ${from}+${skip} to ${stop}`;
}
