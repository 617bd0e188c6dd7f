/** Dates as Glance writes them. */
import { assertEquals } from "@std/assert";
import { dateOf } from "../../lib/api/date.ts";
import { between, seededRandom } from "../support/seed.ts";

/** The first and the last second that four digits of a year can name, in seconds since 1970. */
const [FIRST, LAST] = [
  Date.parse("0000-01-01T00:00:00Z") / 1000,
  Date.parse("9999-12-31T23:59:59Z") / 1000,
];

Deno.test("dateOf() reads any second that Glance can write (seed 2026)", () => {
  const random = seededRandom(2026);
  for (let i = 0; i < 20_000; i++) {
    const instant = between(random, Math.ceil(FIRST / 1000) + 86_400, Math.floor(LAST / 1000)) *
      1000;
    const text = new Date(instant).toISOString().replace(".000Z", "Z");
    assertEquals(dateOf(text)?.getTime(), instant, text);
  }
});

Deno.test("dateOf() reads every day around the ends of months and centuries", () => {
  for (const year of ["0000", "0001", "1600", "1900", "1970", "2000", "2024", "2026", "2100"]) {
    for (let month = 1; month <= 12; month++) {
      for (const day of [1, 28, 29, 30, 31]) {
        const text = `${year}-${twoDigits(month)}-${twoDigits(day)}T23:59:59Z`;
        assertEquals(dateOf(text)?.getTime(), Date.parse(text), text);
      }
    }
  }
});

Deno.test("dateOf() reads other formats like Date, as UTC if they have no time zone", () => {
  const cases: Readonly<Record<string, string | null>> = {
    "2026-01-02T03:04:05.678901": "2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05": "2026-01-02T03:04:05.000Z",
    "2026-01-02T03:04:05+02:00": "2026-01-02T01:04:05.000Z",
    "2026-01-02T24:00:00Z": "2026-01-03T00:00:00.000Z",
    "2026-00-02T03:04:05Z": null,
    "2026-13-02T03:04:05Z": null,
    "2026-01-32T03:04:05Z": null,
    "2026-01-02T25:04:05Z": null,
    "2026-01-02T03:60:05Z": null,
    "2026-01-02T03:04:60Z": null,
    "2o26-01-02T03:04:05Z": null,
    "yesterday": null,
    "": null,
  };
  for (const [text, date] of Object.entries(cases)) {
    assertEquals(dateOf(text)?.toISOString() ?? null, date, text);
  }
});

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
