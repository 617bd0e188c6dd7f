import { assertEquals, assertStringIncludes } from "@std/assert";
import { conclude } from "../../lib/formats/conclusion.ts";
import { FormatRun } from "../../lib/formats/format_run.ts";
import { type FormatSteps, HEAD_BYTES, RECOGNIZED } from "../../lib/formats/format_steps.ts";
import type { ImageInspection } from "../../lib/formats/types.ts";

const MATCH = { offset: 0, length: 1, finding: RECOGNIZED };
const NONE = new Uint8Array(0);

/** The inspection by one inspector of an image of zeros. */
function inspectionBy(inspect: () => FormatSteps, length: number): ImageInspection {
  const run = new FormatRun({ name: "x", inspect });
  const head = new Uint8Array(Math.min(length, HEAD_BYTES));
  run.feed(head, new Uint8Array(Math.max(0, length - HEAD_BYTES)), HEAD_BYTES);
  run.end(head, head);
  return conclude([run], length, length);
}

/** Inspectors that go wrong, and the reason that is reported. */
const FAULTS: Readonly<Record<string, readonly [() => FormatSteps, string]>> = {
  "an exception before the format is recognized": [
    // deno-lint-ignore require-yield
    function* () {
      throw new TypeError("broken");
    },
    "broken",
  ],
  "an exception afterwards": [
    function* () {
      yield MATCH;
      throw new TypeError("broken");
    },
    "broken",
  ],
  "a thrown text": [
    function* () {
      yield MATCH;
      throw "broken";
    },
    "broken",
  ],
  "a region after the head before the format is recognized": [
    function* () {
      yield { offset: HEAD_BYTES, length: 1 };
      return RECOGNIZED;
    },
    "no data",
  ],
  "a region that was already passed": [
    function* () {
      yield { offset: HEAD_BYTES + 100, length: 1, finding: RECOGNIZED };
      yield { offset: HEAD_BYTES, length: 1, finding: RECOGNIZED };
      return RECOGNIZED;
    },
    "already read",
  ],
  "a region that is too long": [
    function* () {
      yield { ...MATCH, length: 2 ** 20 };
      return RECOGNIZED;
    },
    "too long",
  ],
  "an offset that is not a safe integer": [
    function* () {
      yield { ...MATCH, offset: 2 ** 60 };
      return RECOGNIZED;
    },
    "no data",
  ],
  "an offset that is not a number": [
    function* () {
      yield { ...MATCH, offset: NaN };
      return RECOGNIZED;
    },
    "no data",
  ],
  "more than the end of the image": [
    function* () {
      yield { offset: -2000, length: 2000, finding: RECOGNIZED };
      return RECOGNIZED;
    },
    "no data",
  ],
};

Deno.test("FormatRun makes whatever goes wrong in an inspector a failure", async (t) => {
  for (const [name, [inspect, reason]] of Object.entries(FAULTS)) {
    await t.step(name, () => {
      const { isSafe, failures } = inspectionBy(inspect, HEAD_BYTES + 1000);
      assertEquals([isSafe, failures[0]?.check], [false, "x"]);
      assertStringIncludes(failures[0]?.reason ?? "", reason);
    });
  }
});

Deno.test("FormatRun delivers short regions if the image ends, and none for what is after it", () => {
  const lengths: number[] = [];
  inspectionBy(function* () {
    lengths.push((yield { offset: 90, length: 20 }).byteLength);
    lengths.push((yield { ...MATCH, offset: 200, length: 20 }).byteLength);
    lengths.push((yield { ...MATCH, offset: HEAD_BYTES + 50, length: 20 }).byteLength);
    lengths.push((yield { ...MATCH, offset: -30, length: 20 }).byteLength);
    lengths.push((yield { ...MATCH, offset: -200, length: 200 }).byteLength);
    return RECOGNIZED;
  }, 100);
  assertEquals(lengths, [10, 0, 0, 20, 100]);
});

Deno.test("FormatRun delivers regions in the head again after others", () => {
  const read: number[] = [];
  const head = Uint8Array.from({ length: HEAD_BYTES }, (_, index) => index % 251);
  const after = new Uint8Array([1, 2, 3, 4, 5, 6]);
  const run = new FormatRun({
    name: "x",
    inspect: function* () {
      for (const [offset, length] of [[HEAD_BYTES - 1, 3], [1, 1], [HEAD_BYTES + 3, 2]] as const) {
        read.push(...yield { offset, length, finding: RECOGNIZED });
      }
      return RECOGNIZED;
    },
  });
  run.feed(head.subarray(0, 10), NONE, 10);
  run.feed(head, after.subarray(0, 4), HEAD_BYTES);
  run.feed(head, after.subarray(4), HEAD_BYTES + 4);
  assertEquals(read, [(HEAD_BYTES - 1) % 251, 1, 2, 1, 4, 5]);
  assertEquals([run.isDone, run.captured], [true, 0]);
});

Deno.test("isSafe is false if the disk begins after the end of the image", () => {
  const inspect = function* () {
    yield MATCH;
    return { virtualSize: { from: 11n }, failures: [] };
  };
  assertEquals(inspectionBy(inspect, 11).virtualSize, 0);
  const { virtualSize, failures } = inspectionBy(inspect, 10);
  assertEquals([virtualSize, failures.map(({ check }) => check)], [null, ["virtual_size"]]);
});
