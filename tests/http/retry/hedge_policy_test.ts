/** When a request is hedged, how often, and how long a failing server is skipped. */
import { assert, assertEquals } from "@std/assert";
import { isOutrun } from "../../../lib/http/on_demand/hedge_rules.ts";
import { cooldownAfter, hedgeDelayOf, isSafe } from "../../../lib/http/retry/hedge_policy.ts";

Deno.test("isSafe() accepts only reads", () => {
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
  assertEquals(methods.filter(isSafe), ["GET", "HEAD"]);
});

Deno.test("hedgeDelayOf() is half a second when the request is a probe, unless the option is shorter", () => {
  for (
    const [option, isProbe, expected] of [
      [2_500, false, 2_500],
      [2_500, true, 500],
      [100, true, 100],
      [Infinity, false, Infinity],
      [Infinity, true, Infinity],
    ] as const
  ) assertEquals(hedgeDelayOf(option, isProbe), expected);
});

Deno.test("isOutrun() is true when a server was silent for twice the time of the other one", () => {
  for (
    const [silent, winner, expected] of [
      [2_520, 20, true],
      [4_000, 2_000, true],
      [3_999, 2_000, false],
      [8_000, 5_500, false],
      [2_500, 0, true],
    ] as const
  ) assertEquals(isOutrun(silent, winner), expected, `${silent} ${winner}`);
});

Deno.test("cooldownAfter() doubles, takes at least four times the cost, and has a limit", () => {
  for (
    const [previous, cost, expected] of [
      [0, 0, 1_000],
      [1_000, 0, 2_000],
      [16_000, 0, 30_000],
      [30_000, 0, 30_000],
      [0, 200, 1_000],
      [0, 2_500, 10_000],
      [10_000, 500, 20_000],
      [80_000, 500, 150_000],
      [150_000, 500, 150_000],
      [200_000, 2_500, 400_000],
      [0, 60_000, 240_000],
      [240_000, 60_000, 480_000],
      [480_000, 60_000, 600_000],
      // After a slow failure, a fast one is limited to half a minute again.
      [600_000, 0, 30_000],
    ] as const
  ) assertEquals(cooldownAfter(previous, cost), expected, `${previous} ${cost}`);
});

Deno.test("cooldownAfter() keeps the cost of a server that is always silent below 2 % of 330 s", () => {
  const [hedgeDelay, probeDelay, end] = [2_500, 500, 330_000];
  let [now, lost, cooldown] = [hedgeDelay, hedgeDelay, cooldownAfter(0, hedgeDelay)];
  while (now + cooldown < end) {
    now += cooldown + probeDelay;
    lost += probeDelay;
    cooldown = cooldownAfter(cooldown, probeDelay);
  }
  assert(lost / end < 0.02, `${lost} ms of ${end} ms`);
});
