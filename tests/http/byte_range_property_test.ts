/** Byte ranges: what holds for every request and every response. */
import { assert, assertEquals } from "@std/assert";
import {
  checkPartial,
  formatRange,
  isUsable,
  lengthOf,
  parseContentRange,
  type RangeResponseFacts,
  type RequestedRange,
} from "../../lib/http/byte_range.ts";
import { fc, forAll } from "../support/properties.ts";

const OFFSET = fc.oneof(fc.nat(20), fc.nat({ max: 2 ** 31 - 1 }), fc.maxSafeNat());

/** Bytes of an image whose size may be unknown. */
const REQUESTED: fc.Arbitrary<RequestedRange> = fc.tuple(OFFSET, OFFSET, OFFSET, fc.boolean()).map(
  (offsets) => {
    const [start, end, last] = offsets.slice(0, 3).map(Number).sort((a, b) => a - b);
    return { start: start!, end: end!, size: offsets[3] ? Math.min(last!, 2 ** 50) + 1 : null };
  },
).filter(({ end, size }) => size === null || end < size);

/** Small numbers, so that requests and responses often meet at an edge. */
const SMALL = fc.nat(6);

const SMALL_REQUESTED: fc.Arbitrary<RequestedRange> = fc.tuple(SMALL, SMALL, SMALL).map(
  ([start, more, rest]) => ({ start, end: start + more, size: start + more + 1 + rest }),
);

const ANSWER: fc.Arbitrary<RangeResponseFacts> = fc.record({
  status: fc.constantFrom(200, 206, 204, 416),
  contentRange: fc.oneof(
    fc.constant(null),
    fc.tuple(SMALL, SMALL, fc.option(fc.nat(20))).map(([start, more, total]) =>
      `bytes ${start}-${start + more}/${total ?? "*"}`
    ),
  ),
  contentLength: fc.option(fc.nat(20).map(String)),
  contentEncoding: fc.constantFrom(null, "identity", "gzip"),
  contentType: fc.constantFrom(null, "multipart/byteranges; boundary=x"),
});

Deno.test("parseContentRange() reads every range of an image", async () => {
  await forAll(REQUESTED, ({ start, end, size }) => {
    const header = `bytes ${start}-${end}/${size ?? "*"}`;
    assertEquals(parseContentRange(header), { start, end, total: size });
  });
});

Deno.test("parseContentRange() returns null or an ordered range for any text", async () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^bytes [-\d*/ ]*$/));
  await forAll(text, (header) => {
    const range = parseContentRange(header);
    if (range === null) return;
    assert(range.start <= range.end);
    assert(range.total === null || range.end < range.total);
  });
});

Deno.test("formatRange() writes what parseContentRange() reads", async () => {
  await forAll(REQUESTED, ({ start, end }) => {
    const header = formatRange({ start, end }).replace("bytes=", "bytes ");
    assertEquals(parseContentRange(`${header}/*`), { start, end, total: null });
  });
});

Deno.test("lengthOf() returns null or an integer for any text", async () => {
  await forAll(fc.oneof(fc.string(), OFFSET.map(String)), (header) => {
    const length = lengthOf(header);
    assert(length === null || Number.isInteger(length) && length >= 0);
  });
});

Deno.test("checkPartial() accepts the exact response to every range", async () => {
  await forAll(REQUESTED, (request) => {
    const { start, end, size } = request;
    const verdict = checkPartial({
      status: 206,
      contentRange: `bytes ${start}-${end}/${size ?? "*"}`,
      contentLength: String(end - start + 1),
      contentEncoding: null,
    }, request);
    assertEquals(verdict, { kind: "part" });
  });
});

Deno.test("checkPartial() accepts only responses that can have the requested byte", async () => {
  await forAll(fc.tuple(ANSWER, SMALL_REQUESTED), ([response, request]) => {
    const { start, end, size } = request;
    const verdict = checkPartial(response, request);
    const length = lengthOf(response.contentLength);
    const range = parseContentRange(response.contentRange);
    if (verdict.kind !== "mismatch") {
      assert(response.status === 200 || response.status === 206);
      assert(response.contentEncoding !== "gzip");
    }
    if (verdict.kind === "part") {
      assertEquals([range?.start, range?.end], [start, end]);
      assert(length === null || length === end - start + 1);
    }
    if (verdict.kind === "overlap") {
      assert(
        verdict.bodyStart <= start && start < verdict.endExclusive && verdict.endExclusive <= size!,
      );
      assert(length === null || length === verdict.endExclusive - verdict.bodyStart);
    }
    if (verdict.kind === "whole") assert(length === null || length === size);
    if (verdict.kind === "unlabeled") assertEquals(length, end - start + 1);
  });
});

Deno.test("isUsable() trusts no more bytes without proof than with it", async () => {
  await forAll(fc.tuple(ANSWER, SMALL_REQUESTED), ([response, request]) => {
    const verdict = checkPartial(response, request);
    const length = lengthOf(response.contentLength);
    const use = (isHashed: boolean, canCompare: boolean) =>
      isUsable(verdict, request.start, length, { isHashed, canCompare });
    assert(use(true, true) || !use(false, false));
    assert(!use(true, true) || verdict.kind !== "mismatch" && verdict.kind !== "unproven");
  });
});
