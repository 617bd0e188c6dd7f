/**
 * Values that come without types, from JavaScript callers and from the wire: what they are, and how a
 * message shows them. Pure.
 *
 * @module
 */
import { Invalid, redact } from "./errors.ts";

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a `Response`, by its parts: a runtime may have more than one class of that name. */
export function isResponse(value: unknown): value is Response {
  if (!isRecord(value)) return false;
  const { status, headers, body } = value;
  return typeof status === "number" && headers instanceof Object && body !== undefined;
}

/**
 * The member of a record that others have filled: undefined for `constructor` and the like, which every
 * object inherits.
 */
export function ownValue<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Sets a member whose name comes from others. An assignment to `__proto__` sets no member, except on Deno. */
export function setOwn<Value>(record: Record<string, Value>, key: string, value: Value): void {
  if (key !== "__proto__") record[key] = value;
  else {
    const own = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(record, key, own);
  }
}

/**
 * Refuses what is no object where one is wanted; `what` is its name for the message.
 *
 * @throws {Invalid}
 */
export function checkRecord(what: string, value: unknown): void {
  if (isRecord(value)) return;
  throw new Invalid(`Cannot use ${inspect(value)} as ${what}: it must be an object`);
}

/** What a value is, with its article: `a string`, `an object`; `null` and `undefined` have none. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A value as a message shows it: text in quotes and on one line, what has parts by its kind. */
export function inspect(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" || typeof value === "function"
    ? describeType(value)
    : String(value);
}

/**
 * A text without the given characters at its end. A regular expression with `+$` would look at every run
 * of them once for each of its characters.
 */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? "")) end--;
  return text.slice(0, end);
}

/** A scheme of at most 32 characters, so that no position of a text costs more than that to look at. */
const URL_IN_TEXT = /([a-z][a-z0-9+.-]{0,31})?:\/\/[^\s"'()<>]+/gi;

/**
 * A text with every URL in it as {@linkcode redact} shows it: errors of runtimes and servers quote URLs
 * whole. Takes time in proportion to the length of the text.
 */
export function redactUrls(text: string): string {
  return text.replaceAll(
    URL_IN_TEXT,
    (url: string, scheme?: string) =>
      scheme === undefined ? redact(`x${url}`).slice(1) : redact(url),
  );
}
