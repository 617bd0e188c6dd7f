/** When a server is slow or silent, and when a challenger wins. */
import { assertEquals } from "@std/assert";
import {
  type BodyPace,
  delayAfter,
  isAhead,
  isLate,
  isRecovered,
  paceAfter,
  problemOf,
  type RateWindow,
  type ServerProblem,
  UNKNOWN_PACE,
} from "../../../lib/transfer/race/rate_policy.ts";

/** A window of half a second in which the reader always waited. */
const window = (bytes: number, facts: Partial<RateWindow> = {}): RateWindow => ({
  elapsed: 500,
  waited: 500,
  bytes,
  pause: 10,
  ...facts,
});

const FAST = window(500_000);
const SLOW = window(50_000);
const EMPTY = window(0);
const BUSY = window(50_000, { waited: 200 });
const LATE = window(50_000, { elapsed: 3_000, waited: 3_000 });
const BURST = window(9_000_000, { waited: 300 });

function paceOf(windows: readonly RateWindow[]): BodyPace {
  return windows.reduce(paceAfter, UNKNOWN_PACE);
}

/** Windows, the silence after them -> the problem. */
const PROBLEMS: readonly (readonly [
  what: string,
  windows: readonly RateWindow[],
  silence: number,
  problem: ServerProblem | null,
])[] = [
  ["a steady server", [FAST, FAST, FAST, FAST], 0, null],
  ["a server that is slow for 1.5 s", [FAST, FAST, SLOW, SLOW, SLOW], 0, null],
  ["a server that is slow for 2 s", [FAST, FAST, SLOW, SLOW, SLOW, SLOW], 0, "slow"],
  ["a server at a third of its rate", [FAST, FAST, ...Array(9).fill(window(170_000))], 0, null],
  ["a server that was always slow", Array(20).fill(SLOW), 0, null],
  ["a server that recovers", [FAST, FAST, SLOW, SLOW, SLOW, SLOW, FAST], 0, null],
  ["a slow consumer", [FAST, FAST, BUSY, BUSY, BUSY, BUSY, BUSY], 0, null],
  ["a consumer that was busy meanwhile", [FAST, FAST, SLOW, SLOW, BUSY, SLOW, SLOW], 0, null],
  ["a suspended process", [FAST, FAST, LATE], 3_000, null],
  ["bytes that wait for the consumer", [FAST, FAST, BUSY, BURST, ...Array(5).fill(FAST)], 0, null],
  ["silence of 0.9 s", [FAST, FAST, EMPTY], 900, null],
  ["silence of 1 s", [FAST, FAST, EMPTY, EMPTY], 1_000, "silent"],
  [
    "silence of 2.4 s after pauses of 0.6 s",
    [
      window(FAST.bytes, { pause: 600 }),
      FAST,
      EMPTY,
    ],
    2_400,
    "silent",
  ],
  [
    "silence of 2.3 s after pauses of 0.6 s",
    [
      window(FAST.bytes, { pause: 600 }),
      FAST,
      EMPTY,
    ],
    2_300,
    null,
  ],
  [
    "silence of 3.9 s after long pauses",
    [
      window(FAST.bytes, { pause: 9_000 }),
      FAST,
      EMPTY,
    ],
    3_900,
    null,
  ],
  [
    "silence of 4 s after long pauses",
    [
      window(FAST.bytes, { pause: 9_000 }),
      FAST,
      EMPTY,
    ],
    4_000,
    "silent",
  ],
  ["silence of 3.9 s after the first bytes", [FAST, EMPTY], 3_900, null],
  ["silence of 4 s after the first bytes", [FAST, EMPTY], 4_000, "silent"],
  ["silence of 4 s from the start", [EMPTY], 4_000, "silent"],
];

for (const [what, windows, silence, problem] of PROBLEMS) {
  Deno.test(`problemOf() is ${problem} for ${what}`, () => {
    assertEquals(problemOf(paceOf(windows), silence, true), problem);
  });
}

Deno.test("problemOf() challenges the only server just for silence of 4 s", () => {
  const slow = paceOf([FAST, FAST, SLOW, SLOW, SLOW, SLOW, SLOW]);
  assertEquals(problemOf(slow, 0, false), null);
  assertEquals(problemOf(paceOf([FAST, FAST, EMPTY]), 3_900, false), null);
  assertEquals(problemOf(paceOf([FAST, FAST, EMPTY]), 4_000, false), "silent");
});

Deno.test("isRecovered() is true above a quarter of the best rate", () => {
  assertEquals(isRecovered(paceOf([FAST, SLOW])), false);
  assertEquals(isRecovered(paceOf([FAST, EMPTY])), false);
  assertEquals(isRecovered(paceOf([EMPTY])), false);
  assertEquals(isRecovered(paceOf([FAST, BUSY])), false);
  assertEquals(isRecovered(paceOf([FAST, SLOW, window(125_000)])), true);
});

/** Bytes of the challenger and of the reader, the reader's bytes per ms -> whether the challenger is ahead. */
const LEADS: readonly (readonly [
  received: number,
  delivered: number,
  rate: number,
  isWon: boolean,
])[] = [
  [0, 0, 0, false],
  [1, 0, 0, true],
  [999, 500, 0, false],
  [1_000, 500, 0, true],
  [500, 1_000, 0, false],
  [10_999, 1_000, 20, false],
  [11_000, 1_000, 20, true],
  [7_000_000, 6_000_000, 9_000, false],
  [7_100_000, 6_000_000, 9_000, true],
];

for (const [received, delivered, rate, isWon] of LEADS) {
  Deno.test(`isAhead() is ${isWon} for ${received} bytes when the reader got ${delivered} at ${rate}`, () => {
    assertEquals(isAhead(received, delivered, rate), isWon);
  });
}

Deno.test("isLate() is true two seconds after the first byte", () => {
  assertEquals([isLate(null, 9_000), isLate(1_000, 2_999), isLate(1_000, 3_000)], [
    false,
    false,
    true,
  ]);
});

Deno.test("delayAfter() doubles with each lost challenge up to a minute", () => {
  assertEquals([1, 2, 3, 4, 50].map(delayAfter), [10_000, 20_000, 40_000, 60_000, 60_000]);
});
