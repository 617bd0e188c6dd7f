import { assertEquals } from "@std/assert";
import { atIntervals } from "../../lib/transfer/progress_interval.ts";
import type { Progress } from "../../lib/transfer/types.ts";

/** A report of `transferred` bytes at `time`. */
type Report = readonly [time: number, transferred: number, total?: number | null];

/** The bytes of the calls that follow from reports. */
function called(reports: readonly Report[], progressInterval?: number): number[] {
  const seen: number[] = [];
  let time = 0;
  const onProgress = ({ transferred }: Progress) => void seen.push(transferred);
  const report = atIntervals({ onProgress, progressInterval }, { now: () => time });
  for (const [at, transferred, total = 100] of reports) {
    time = at;
    report({ transferred, total, server: "", resumes: 0 });
  }
  return seen;
}

Deno.test("atIntervals() calls for the first and the last progress, and every 100 ms in between", () => {
  const reports: Report[] = [[0, 1], [10, 2], [99, 3], [100, 4], [150, 5], [160, 100]];
  assertEquals(called(reports), [1, 4, 100]);
});

Deno.test("atIntervals() calls at most ten times a second, and once at the end", () => {
  const reports = Array.from({ length: 10_000 }, (_, i): Report => [i, i + 1, 10_000]);
  const seen = called(reports);
  assertEquals([seen.length, seen.at(-1)], [101, 10_000]);
});

Deno.test("atIntervals() calls each time with an interval of 0, and once for the end", () => {
  assertEquals(called([[0, 1], [0, 2], [0, 100], [0, 100]], 0), [1, 2, 100]);
});

Deno.test("atIntervals() calls once with the total when it becomes known at the end", () => {
  const reports: Report[] = [[0, 1, null], [1, 2, null], [2, 3, null], [3, 3, 3], [4, 3, 3]];
  assertEquals(called(reports), [1, 3]);
});

Deno.test("atIntervals() calls for the end of each attempt of an upload", () => {
  assertEquals(called([[0, 99], [1, 100], [2, 10], [3, 100]]), [99, 100, 100]);
});
