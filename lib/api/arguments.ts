/**
 * Arguments of operations from callers without types: what cannot be sent is refused before any
 * request. Pure.
 *
 * @module
 */
import { inspect, isRecord } from "../validate.ts";
import type { DataBody, Query } from "./wire.ts";

/** An argument cannot be sent; the message goes on behind "Cannot …:". */
export class BadArgument extends Error {}

/** @throws {BadArgument} where it is no object. */
export function recordIn(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value;
  throw wrong(what, value, "an object");
}

/** @throws {BadArgument} where it is no object with a name under `key`. */
export function namedIn(what: string, key: string, value: unknown): unknown {
  const record = recordIn(what, value);
  textIn(`"${key}" of ${what}`, record[key]);
  return record;
}

/** @throws {BadArgument} where it is no text, or an empty one. */
export function textIn(what: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(what, value, "a non-empty string");
}

/** @throws {BadArgument} where it is no boolean. */
export function truthIn(what: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(what, value, "true or false");
}

/** @throws {BadArgument} where it is no whole number of at least 0. */
export function countIn(what: string, value: unknown): number {
  if (Number.isSafeInteger(value) && value as number >= 0) return value as number;
  throw wrong(what, value, "a whole number of at least 0");
}

/** @throws {BadArgument} where it is none of the words. */
export function wordIn(what: string, value: unknown, words: readonly string[]): string {
  if (typeof value === "string" && words.includes(value)) return value;
  throw wrong(what, value, words.map((word) => JSON.stringify(word)).join(" or "));
}

/** @throws {BadArgument} where it is no list, or holds something else than texts. */
export function textsIn(what: string, value: unknown): readonly string[] {
  const list = listIn(what, value);
  return list.map((entry) => textIn(`an entry of ${what}`, entry));
}

/** @throws {BadArgument} where it is no list. */
export function listIn(what: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(what, value, "a list");
}

/** @throws {BadArgument} where it is no list of pairs of texts. */
export function queryIn(value: unknown): Query {
  return listIn("the query", value).map((pair) => {
    const isPair = Array.isArray(pair) && pair.length === 2 &&
      pair.every((part) => typeof part === "string");
    if (isPair) return pair as unknown as Query[number];
    throw wrong("an entry of the query", pair, 'a pair of strings, as in ["limit", "10"]');
  });
}

/** @throws {BadArgument} where it is no range of bytes. */
export function rangeIn(value: unknown): { readonly start: number; readonly end?: number } {
  const { start, end } = recordIn("the range", value);
  const first = countIn("the start of the range", start);
  if (end === undefined) return { start: first };
  const last = countIn("the end of the range", end);
  if (last >= first) return { start: first, end: last };
  throw new BadArgument(`the range ends at byte ${last}, before its start at byte ${first}`);
}

/** @throws {BadArgument} where it is nothing that `fetch` sends as bytes. */
export function dataIn(value: unknown): DataBody {
  const isData = typeof value === "string" || value instanceof Blob ||
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof ReadableStream;
  if (isData) return value as DataBody;
  throw wrong("the data", value, "bytes, a Blob, a stream or a string");
}

/**
 * The text of a value as JSON.
 *
 * @throws {BadArgument} where it has none: a circle, a bigint, an object that says so of itself.
 */
export function jsonOf(value: unknown): string {
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined) return text;
    throw new TypeError("JSON has nothing for it");
  } catch (cause) {
    throw new BadArgument(
      "its body cannot be written as JSON; give lists, objects, texts and numbers",
      { cause },
    );
  }
}

/**
 * A text, encoded for a URL or a header.
 *
 * @throws {BadArgument} where it has half a character.
 */
export function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch (cause) {
    throw new BadArgument("an argument has half a surrogate pair; give whole text", { cause });
  }
}

function wrong(what: string, value: unknown, wanted: string): BadArgument {
  return new BadArgument(`${what} is ${inspect(value)} and must be ${wanted}`);
}
