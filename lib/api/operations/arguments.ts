/**
 * Checks of the arguments of operations, for callers without types, before any request is sent. Pure.
 */
import { inspect, isObject } from "../../validate.ts";
import type { DataBody, Query } from "../wire.ts";

/** An argument cannot be sent. The message is the cause, for "Cannot <action>: <cause>". */
export class BadArgument extends Error {}

/** @throws {BadArgument} if the value is not an object. */
export function recordIn(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw wrong(what, value, "an object");
}

/** @throws {BadArgument} if the value is not an object with a non-empty string under `key`. */
export function namedIn(what: string, key: string, value: unknown): unknown {
  const record = recordIn(what, value);
  textIn(`"${key}" of ${what}`, record[key]);
  return record;
}

/** @throws {BadArgument} if the value is not a non-empty string. */
export function textIn(what: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(what, value, "a non-empty string");
}

/** @throws {BadArgument} if the value is not a boolean. */
export function truthIn(what: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(what, value, "true or false");
}

/** @throws {BadArgument} if the value is not a whole number of at least 0. */
export function countIn(what: string, value: unknown): number {
  if (Number.isSafeInteger(value) && value as number >= 0) return value as number;
  throw wrong(what, value, "a whole number of at least 0");
}

/** @throws {BadArgument} if the value is not one of the words. */
export function wordIn(what: string, value: unknown, words: readonly string[]): string {
  if (typeof value === "string" && words.includes(value)) return value;
  throw wrong(what, value, words.map((word) => JSON.stringify(word)).join(" or "));
}

/** @throws {BadArgument} if the value is not a list of non-empty strings. */
export function textsIn(what: string, value: unknown): readonly string[] {
  const list = listIn(what, value);
  return list.map((entry) => textIn(`an entry of ${what}`, entry));
}

/** @throws {BadArgument} if the value is not a list. */
export function listIn(what: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(what, value, "a list");
}

/** @throws {BadArgument} if the value is not a list of pairs of strings. */
export function queryIn(value: unknown): Query {
  return listIn("the query", value).map((pair) => {
    const isPair = Array.isArray(pair) && pair.length === 2 &&
      pair.every((part) => typeof part === "string");
    if (isPair) return pair as unknown as Query[number];
    throw wrong("an entry of the query", pair, 'a pair of strings, as in ["limit", "10"]');
  });
}

/** @throws {BadArgument} if the value is not a range of bytes. */
export function rangeIn(
  value: unknown,
): { readonly start: number; readonly end?: number | undefined } {
  const { start, end } = recordIn("the range", value);
  const first = countIn("the start of the range", start);
  if (end === undefined) return { start: first };
  const last = countIn("the end of the range", end);
  if (last >= first) return { start: first, end: last };
  throw new BadArgument(`the range ends at byte ${last}, before its start at byte ${first}`);
}

/** @throws {BadArgument} if `fetch` cannot send the value as bytes. */
export function dataIn(value: unknown): DataBody {
  const isData = typeof value === "string" || value instanceof Blob ||
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof ReadableStream;
  if (isData) return value as DataBody;
  throw wrong("the data", value, "bytes, a Blob, a stream or a string");
}

/**
 * The body of a request with a value as JSON.
 *
 * @throws {BadArgument} if it cannot be written: a cycle, a bigint, a `toJSON` that throws.
 */
export function jsonBody(value: unknown): { readonly body: string } {
  try {
    const body: string | undefined = JSON.stringify(value);
    if (body !== undefined) return { body };
    throw new TypeError("JSON cannot represent it");
  } catch (cause) {
    throw new BadArgument(
      "its body cannot be written as JSON; give lists, objects, strings, and numbers",
      { cause },
    );
  }
}

/**
 * Percent-encodes a string for a URL or a header.
 *
 * @throws {BadArgument} if it contains a lone surrogate.
 */
export function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch (cause) {
    throw new BadArgument("an argument contains a lone surrogate; give well-formed text", {
      cause,
    });
  }
}

function wrong(what: string, value: unknown, expected: string): BadArgument {
  return new BadArgument(`${what} is ${inspect(value)} and must be ${expected}`);
}
