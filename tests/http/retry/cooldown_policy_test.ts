/** How long a failing server is skipped. */
import { assert, assertEquals } from "@std/assert";
import { cooldownAfter } from "../../../lib/http/retry/cooldown_policy.ts";

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
