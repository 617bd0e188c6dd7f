import { assertEquals } from "@std/assert";
import { TransferRate } from "../../../lib/cli/output/transfer_rate.ts";

/** A rate after `bytes` per millisecond from `from` to `to`. */
function rateAfter(...phases: readonly (readonly [from: number, to: number, bytes: number])[]) {
  const rate = new TransferRate();
  let sent = 0;
  for (const [from, to, bytes] of phases) {
    for (let time = from; time <= to; time += 50) rate.add(time, sent += 50 * bytes);
  }
  return { rate, sent };
}

Deno.test("TransferRate is that of the last three seconds", () => {
  assertEquals(rateAfter([0, 10_000, 5]).rate.at(10_000), 5_000);
  assertEquals(rateAfter([0, 10_000, 100], [10_050, 14_000, 1]).rate.at(14_000), 1_000);
});

Deno.test("TransferRate is unknown before the second sample, and a remaining time before one second", () => {
  const rate = new TransferRate();
  assertEquals([rate.at(0), rate.secondsFor(1, 0)], [null, null]);
  rate.add(5_000, 1_000);
  assertEquals(rate.at(5_000), null);
  rate.add(5_500, 2_000);
  assertEquals([rate.at(5_500), rate.secondsFor(1_000, 5_500)], [2_000, null]);
  rate.add(6_000, 3_000);
  assertEquals(rate.secondsFor(1_000, 6_000), 0.5);
});

Deno.test("TransferRate falls to 0 when nothing arrives for three seconds, and has no remaining time then", () => {
  const { rate } = rateAfter([0, 5_000, 10]);
  const rates = [5_000, 6_000, 7_000, 8_000, 60_000].map((time) => Math.round(rate.at(time) ?? -1));
  assertEquals(rates, [10_000, 6_667, 3_333, 0, 0]);
  assertEquals(rate.secondsFor(1, 60_000), null);
});

Deno.test("TransferRate is not distorted by a long pause before the first bytes or between two", () => {
  const { rate, sent } = rateAfter([0, 1_000, 10]);
  rate.add(11_000, sent + 10_000);
  assertEquals(rate.at(11_000), 1_000);
});

Deno.test("TransferRate begins again when an upload is repeated", () => {
  const { rate } = rateAfter([0, 5_000, 10]);
  rate.add(5_100, 0);
  assertEquals(rate.at(5_100), null);
  rate.add(6_200, 1_100);
  assertEquals(rate.at(6_200), 1_000);
});

Deno.test("TransferRate keeps at most one sample per 100 ms", () => {
  const rate = new TransferRate();
  for (let time = 0; time <= 100_000; time++) rate.add(time, time);
  assertEquals(rate.at(100_000), 1_000);
});
