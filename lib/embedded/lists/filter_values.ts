/** Values of list filters: operators, quoted lists, and times. */

import { badRequest } from "../http/errors.ts";

const ISO_TIME =
  /^(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d(?:\.\d+)?))?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * Parses an ISO 8601 time, in extended or basic format (default time zone: UTC), to milliseconds since
 * 1970; null if it is invalid.
 */
export function isoTime(text: string): number | null {
  const match = ISO_TIME.exec(text);
  if (match === null) return null;
  const [, year, month = "01", day = "01", hour = "00", minute = "00", second = "00"] = match;
  const zone = (match[7] ?? "Z").replace(/^([+-]\d\d)(\d\d)$/, "$1:$2").toUpperCase();
  const value = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(value) ? null : value;
}

/** Splits `operator:value` (default operator: `eq`). */
export function splitOperator(value: string): [operator: string, value: string] {
  const colon = value.indexOf(":");
  return colon < 0 ? ["eq", value] : [value.slice(0, colon), value.slice(colon + 1)];
}

/**
 * Splits a comma-separated list. A value in double quotes may contain commas and `\"`.
 *
 * @throws {Failure} 400 if the quotes are invalid.
 */
export function splitList(value: string): readonly string[] {
  checkQuotes(value);
  const entries = value.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)",?|([^,]+),?|,/gs);
  return [...entries].map(([, quoted, bare]) => quoted || bare || "");
}

function checkQuotes(value: string): void {
  let opening = true;
  for (let i = 0; i < value.length; i++) {
    if (value[i] !== '"' || (i > 0 && value[i - 1] === "\\")) continue;
    if (opening && i > 0 && value[i - 1] !== ",") {
      throw badRequest(
        `Invalid filter value ${value}. There is no comma before opening ` +
          "quotation mark.",
      );
    }
    if (!opening && i + 1 !== value.length && value[i + 1] !== ",") {
      throw badRequest(
        `Invalid filter value ${value}. There is no comma after closing ` +
          "quotation mark.",
      );
    }
    opening = !opening;
  }
  if (!opening) throw badRequest(`Invalid filter value ${value}. The quote is not closed.`);
}
