/** When a request is hedged, and when the slower server has failed. */
import { assertEquals } from "@std/assert";
import { isMuchSlower } from "../../../lib/http/on_demand/hedge_rules.ts";
import { hedgeDelayOf, isSafe } from "../../../lib/http/retry/hedge_policy.ts";

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

Deno.test("isMuchSlower() is true when a server was silent for twice the time of the other one", () => {
  for (
    const [silent, winner, expected] of [
      [2_520, 20, true],
      [4_000, 2_000, true],
      [3_999, 2_000, false],
      [8_000, 5_500, false],
      [2_500, 0, true],
    ] as const
  ) assertEquals(isMuchSlower(silent, winner), expected, `${silent} ${winner}`);
});
