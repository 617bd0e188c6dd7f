import { assertEquals } from "@std/assert";
import { Meter, progressText } from "../../../../lib/page/browser/transfer/meter.ts";

const MIB = 2 ** 20;

/** A meter after a number of bytes at each time in milliseconds. */
function meterAfter(...samples: readonly (readonly [time: number, bytes: number])[]): Meter {
  const meter = new Meter();
  for (const [time, bytes] of samples) meter.add(bytes, time);
  return meter;
}

Deno.test("Meter.rate is that of the last five seconds", () => {
  assertEquals(meterAfter().rate, 0);
  assertEquals(meterAfter([0, 5 * MIB]).rate, 0);
  assertEquals(meterAfter([0, 0], [1_000, 2 * MIB]).rate, 2 * MIB);
  assertEquals(meterAfter([0, 0], [10_000, 90 * MIB], [12_000, 94 * MIB]).rate, 2 * MIB);
  // An upload that is sent again begins at 0.
  assertEquals(meterAfter([0, 90 * MIB], [1_000, 0]).rate, 0);
});

Deno.test("progressText() has a percentage, a rate and the remaining time as far as they are known", () => {
  const cases: readonly (readonly [Meter, number | null, string])[] = [
    [meterAfter(), 10 * MIB, "0 % · 0 B of 10.0 MiB"],
    [meterAfter([0, 5 * MIB]), 10 * MIB, "50 % · 5.0 MiB of 10.0 MiB"],
    [
      meterAfter([0, 0], [1_000, MIB]),
      10 * MIB,
      "10 % · 1.0 MiB of 10.0 MiB · 1.0 MiB/s · 9 s left",
    ],
    [
      meterAfter([0, 0], [1_000, MIB]),
      601 * MIB,
      "0 % · 1.0 MiB of 601 MiB · 1.0 MiB/s · 10 min left",
    ],
    [
      meterAfter([0, 0], [1_000, MIB]),
      2 ** 34 + MIB,
      "0 % · 1.0 MiB of 16.0 GiB · 1.0 MiB/s · 4 h 33 min left",
    ],
    [
      meterAfter([0, 0], [1_000, 10 * MIB]),
      10 * MIB,
      "100 % · 10.0 MiB of 10.0 MiB · 10.0 MiB/s",
    ],
    [meterAfter([0, 0], [1_000, MIB]), null, "1.0 MiB · 1.0 MiB/s"],
    [meterAfter(), 0, "0 % · 0 B of 0 B"],
  ];
  for (const [meter, total, text] of cases) assertEquals(progressText(meter, total), text);
});
