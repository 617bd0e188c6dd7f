/**
 * Dates as Glance writes them. Pure.
 *
 * @module
 */

const ZERO = 48;

/** Days from the first of March of the year 0 to the first of January 1970. */
const EPOCH = 719_468;

/**
 * The date in a text of Glance: UTC, whether it says so or not; null where there is none, or what
 * stands there is no date.
 */
export function dateOf(text: string | null | undefined): Date | null {
  if (!text) return null;
  const instant = instantOf(text);
  if (!Number.isNaN(instant)) return new Date(instant);
  const isZoned = text.endsWith("Z") || /[+-]\d\d:?\d\d$/.test(text);
  const date = new Date(isZoned ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * Milliseconds since 1970 of `2026-01-31T23:59:59Z`, as Image API v2 writes every date; NaN for any other
 * text. `Date.parse` takes three times as long, and a long list has two dates an image.
 */
function instantOf(text: string): number {
  const isWritten = text.length === 20 && text[4] === "-" && text[7] === "-" && text[10] === "T" &&
    text[13] === ":" && text[16] === ":" && text[19] === "Z";
  if (!isWritten) return NaN;
  const year = digitsAt(text, 0) * 100 + digitsAt(text, 2);
  const month = within(1, 12, digitsAt(text, 5));
  const day = within(1, 31, digitsAt(text, 8));
  const hour = within(0, 23, digitsAt(text, 11));
  const minute = within(0, 59, digitsAt(text, 14));
  const second = within(0, 59, digitsAt(text, 17));
  return (((daysTo(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

/** Days since 1970. A year is counted from March, so that a leap day is its last. */
function daysTo(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const daysOfMonths = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  return years * 365 + leapDays + daysOfMonths + day - 1 - EPOCH;
}

/** The number that two digits are; NaN where they are none. */
function digitsAt(text: string, index: number): number {
  const tens = within(0, 9, text.charCodeAt(index) - ZERO);
  return tens * 10 + within(0, 9, text.charCodeAt(index + 1) - ZERO);
}

function within(least: number, most: number, value: number): number {
  return value >= least && value <= most ? value : NaN;
}
