/** The sizes of parts, as a table of networks. */
import { assertEquals } from "@std/assert";
import type { Pace } from "../../../lib/transfer/parallel/part_progress.ts";
import { leadSize, nextPartSize, shareOfHelper } from "../../../lib/transfer/parallel/part_size.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A pace in MiB per second and milliseconds. */
function pace(rate: number, wait: number): Pace {
  return { rate: rate * MIB / 1_000, wait };
}

/** Paces of the connections, of which the first requests a part; sizes are in MiB. */
const SIZES: readonly (readonly [
  what: string,
  paces: readonly (Pace | null)[],
  unclaimed: number,
  partSize: number | undefined,
  bytes: number,
  window: number,
])[] = [
  ["4 MiB while its pace is unknown", [null, null, null, null], 1_000, undefined, 4, 48],
  ["4 MiB while only those of others are known", [null, pace(50, 1)], 1_000, undefined, 4, 32],
  ["8 MiB on loopback", [pace(900, 2), pace(900, 2)], 1_000, undefined, 8, 32],
  ["8 MiB at 50 ms and 50 Mbit/s", [pace(6, 50), pace(6, 50)], 1_000, undefined, 8, 32],
  ["more at 60 ms and 160 Mbit/s", [pace(20, 60), pace(20, 60)], 1_000, undefined, 16, 64],
  ["a share of 64 MiB for two at most", [pace(30, 210), pace(30, 210)], 1_000, undefined, 16, 64],
  [
    "a share of 256 MiB for all at most",
    Array.from({ length: 14 }, () => pace(30, 210)),
    1_000,
    undefined,
    16,
    256,
  ],
  ["less when it is slower", [pace(18, 1), pace(24, 1)], 1_000, undefined, 6, 32],
  ["1 MiB when it is far slower", [pace(1, 1), pace(24, 1)], 1_000, undefined, 1, 32],
  ["less near the end", [pace(9, 1), pace(9, 1), null, null], 24, undefined, 3, 48],
  ["1 MiB at the end", [pace(9, 1), pace(9, 1), null, null], 1.5, undefined, 1, 48],
  ["what is left", [pace(9, 1), pace(9, 1)], 0.5, undefined, 0.5, 32],
  ["partSize", [pace(1, 100), pace(24, 100)], 1_000, 16, 16, 64],
  ["partSize when it is small", [pace(1, 100), pace(24, 100)], 1, 0.25, 0.25, 1],
];

for (const [what, paces, unclaimed, partSize, bytes, window] of SIZES) {
  Deno.test(`nextPartSize() is ${what}`, () => {
    const sizes = { unclaimed: unclaimed * MIB, partSize: partSize && partSize * MIB };
    const load = { ...sizes, missing: sizes.unclaimed, paces, wait: 0 };
    const size = nextPartSize(paces[0] ?? null, load);
    const rounded = { bytes: size.bytes / MIB, window: size.window / MIB };
    assertEquals([Math.round(rounded.bytes * 100), Math.round(rounded.window)], [
      bytes * 100,
      window,
    ]);
  });
}

Deno.test("nextPartSize() counts what others have not received, since all should end together", () => {
  const sizes = [10, 40].map((missing) => {
    const load = { unclaimed: 10 * MIB, missing: missing * MIB, partSize: undefined, wait: 50 };
    return nextPartSize(null, { ...load, paces: [null, null, null, null] }).bytes / MIB;
  });
  assertEquals(sizes, [1.25, 4]);
});

/** The first parts of eight connections; sizes are in MiB. */
const FIRST_PARTS: readonly (readonly [
  what: string,
  wait: number,
  unclaimed: number,
  bytes: number,
])[] = [
  ["4 MiB when the first byte takes 10 ms", 10, 320, 4],
  ["4 MiB when it takes 50 ms", 50, 320, 4],
  ["more when it takes 150 ms", 150, 320, 11.72],
  ["half a share of a small image when it takes 150 ms", 150, 80, 5],
  ["a tenth of 256 MiB at most when it takes 400 ms", 400, 1_600, 25.6],
  ["1 MiB near the end when it takes 150 ms", 150, 8, 1],
  ["what is left when it takes 150 ms", 150, 0.5, 0.5],
];

for (const [what, wait, unclaimed, bytes] of FIRST_PARTS) {
  Deno.test(`nextPartSize() is ${what}`, () => {
    const left = { unclaimed: unclaimed * MIB, missing: unclaimed * MIB };
    const paces = Array.from({ length: 8 }, () => null);
    const size = nextPartSize(null, { ...left, partSize: undefined, wait, paces });
    assertEquals(Math.round(size.bytes / MIB * 100), bytes * 100);
  });
}

/** The part of the lead, in MiB. */
const LEADS: readonly (readonly [
  what: string,
  connections: number,
  wait: number,
  missing: number,
  partSize: number | undefined,
  bytes: number,
])[] = [
  ["4 MiB when the first byte takes 10 ms", 4, 10, 1_000, undefined, 4],
  ["half of a small image over two connections", 2, 50, 60, undefined, 30],
  ["two shares of a small image", 8, 50, 100, undefined, 25],
  ["what others can fill the window in meanwhile", 4, 50, 1_000, undefined, 42.67],
  ["partSize", 4, 50, 1_000, 16, 16],
  ["what is left", 4, 50, 3, undefined, 3],
];

for (const [what, connections, wait, missing, partSize, bytes] of LEADS) {
  Deno.test(`leadSize() is ${what}`, () => {
    const size = leadSize({
      unclaimed: 0,
      missing: missing * MIB,
      partSize: partSize && partSize * MIB,
      wait,
      paces: Array.from({ length: connections }, () => null),
    });
    assertEquals(Math.round(size / MIB * 100), bytes * 100);
  });
}

Deno.test("nextPartSize() claims every byte of any size once", () => {
  for (const size of [1, 999, MIB + 1, 250_000_000, 10 * GIB + 7]) {
    for (const connections of [1, 2, 7, 64]) {
      let unclaimed = size;
      const paces = Array.from({ length: connections }, (_, i) => pace(i + 1, 100));
      for (let i = 0; unclaimed > 0; i++) {
        const { bytes } = nextPartSize(paces[i % connections] ?? null, {
          unclaimed,
          missing: unclaimed,
          paces,
          partSize: undefined,
          wait: 100,
        });
        assertEquals(Number.isInteger(bytes) && bytes >= 1 && bytes <= unclaimed, true);
        unclaimed -= bytes;
      }
    }
  }
});

/** Missing MiB and MiB per second of a slow connection; the helper reads 10 MiB per second. */
const HELP: readonly (readonly [
  what: string,
  missing: number,
  rate: number,
  wait: number,
  isMoreLeft: boolean,
  isSameServer: boolean,
  share: number,
  age?: number,
  isLead?: boolean,
])[] = [
  ["half of an equal connection", 20, 10, 0, false, true, 10],
  ["less when it must wait for the first byte", 20, 10, 50, false, true, 9.75],
  ["nine tenths of a connection with a ninth of its rate", 20, 10 / 9, 0, false, true, 18],
  ["none when less than 1 MiB would move", 1.5, 10, 0, false, true, 0],
  ["none when the time saved is less than 4 waits", 20, 10, 240, false, true, 0],
  ["none when both use one server and more is left", 20, 10 / 9, 0, true, true, 0],
  ["as much of another server when more is left", 20, 10 / 9, 0, true, false, 18],
  ["none when both use one server and its part is 7 waits old", 20, 5, 50, false, true, 0, 350],
  ["as much when its part is 8 waits old", 20, 5, 50, false, true, 13.17, 400],
  ["as much when its part is new and leads", 20, 5, 50, false, true, 13.17, 0, true],
  ["none when the slower one leads and more is left", 20, 5, 50, true, true, 0, 0, true],
  ["as much of another server when its part is new", 20, 5, 50, false, false, 13.17, 0],
];

for (const [what, missing, rate, wait, ...rest] of HELP) {
  const [isMoreLeft, isSameServer, share, age = 1_000, isLead = false] = rest;
  Deno.test(`shareOfHelper() is ${what}`, () => {
    const slow = { missing: missing * MIB, rate: rate * MIB / 1_000, age, isLead };
    const help = { ...slow, helper: pace(10, wait), wait, isMoreLeft, isSameServer };
    assertEquals(Math.round(shareOfHelper(help) / MIB * 100), Math.round(share * 100));
  });
}
