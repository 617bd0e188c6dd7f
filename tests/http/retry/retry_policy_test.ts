/** Whether a request may be retried, and after which delay. */
import { assert, assertEquals } from "@std/assert";
import {
  backoff,
  isAmbiguousStatus,
  isRetryableStatus,
  parseRetryAfter,
} from "../../../lib/http/retry/retry_policy.ts";
import { seededRandom } from "../../support/seed.ts";

Deno.test("isRetryableStatus() accepts only 429, 502, 503 and 504", () => {
  const all = Array.from({ length: 500 }, (_, i) => i + 100);
  assertEquals(all.filter(isRetryableStatus), [429, 502, 503, 504]);
});

Deno.test("isAmbiguousStatus() accepts only a gateway's 502 and 504", () => {
  const all = Array.from({ length: 500 }, (_, i) => i + 100);
  assertEquals(all.filter(isAmbiguousStatus), [502, 504]);
});

const NOW = Date.parse("2026-03-01T12:00:00Z");

/** A Retry-After header -> milliseconds. */
const RETRY_AFTER: readonly (readonly [header: string | null, ms: number | null])[] = [
  [null, null],
  ["0", 0],
  ["1", 1_000],
  [" 7 ", 7_000],
  ["007", 7_000],
  ["60", 60_000],
  ["61", 60_000],
  ["86400", 60_000],
  ["9".repeat(400), 60_000],
  ["Sun, 01 Mar 2026 12:00:05 GMT", 5_000],
  ["Sunday, 01-Mar-26 12:00:05 GMT", 5_000],
  ["Sun Mar  1 12:00:05 2026", 5_000],
  ["Sun, 01 Mar 2026 12:00:00 GMT", 0],
  ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
  ["Mon, 01 Mar 2027 12:00:00 GMT", 60_000],
  ["", null],
  ["soon", null],
  ["-5", null],
  ["1.5", null],
  ["1e3", null],
  ["0x10", null],
  ["5 seconds", null],
  ["120, 120", null],
  ["Infinity", null],
  ["NaN", null],
  ["Sun, 99 Mar 2026 12:00:00 GMT", null],
];

for (const [header, ms] of RETRY_AFTER) {
  const shown = header !== null && header.length > 40 ? `${header.length} nines` : header;
  Deno.test(`parseRetryAfter() reads ${JSON.stringify(shown)} as ${ms}`, () => {
    assertEquals(parseRetryAfter(header, NOW), ms);
  });
}

Deno.test("backoff() doubles its limit with each round, up to 20 seconds", () => {
  const limits = [0, 1, 2, 3, 4, 5, 6, 7, 40, 2_000].map((round) => backoff(round, () => 1));
  assertEquals(limits, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000, 20000]);
  assertEquals(backoff(5, () => 0), 0);
});

Deno.test("backoff() returns delays between zero and its limit", () => {
  const random = seededRandom(3);
  const waits = Array.from({ length: 1_000 }, () => backoff(1, random));
  assert(waits.every((ms) => ms >= 0 && ms < 1_000));
  for (let low = 0; low < 1_000; low += 100) {
    const share = waits.filter((ms) => ms >= low && ms < low + 100).length;
    assert(share > 60 && share < 140, `${share} of 1000 waits from ${low}`);
  }
});
