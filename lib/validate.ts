/**
 * Checks untyped values from JavaScript callers and from the network, and formats them for messages. Pure.
 */
import { Invalid } from "./errors.ts";

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a value is a `Response`, by its members: a runtime may have several classes of that name. Those of some
 * packages have a body that is not a `ReadableStream`.
 */
export function isResponse(value: unknown): value is Response {
  if (!isObject(value)) return false;
  const { status, headers, body } = value;
  return typeof status === "number" && headers instanceof Object &&
    (body === null || (body as Partial<Response["body"]>)?.getReader !== undefined);
}

/**
 * A member of a record with untrusted keys; undefined for inherited members such as `constructor`.
 */
export function ownValue<Value>(
  record: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The members that are not undefined. */
export function definedMembers<Members extends object>(
  members: { readonly [Key in keyof Members]?: Members[Key] | undefined },
): Partial<Members> {
  const isSet = ([, value]: readonly [string, unknown]) => value !== undefined;
  return Object.fromEntries(Object.entries(members).filter(isSet)) as Partial<Members>;
}

/** Sets a member with an untrusted key. An assignment to `__proto__` sets no member, except on Deno. */
export function setOwn<Value>(record: Record<string, Value>, key: string, value: Value): void {
  if (key !== "__proto__") record[key] = value;
  else {
    const own = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(record, key, own);
  }
}

/**
 * Checks that a value is an object; `what` is its name in the message.
 *
 * @throws {Invalid} if it is not.
 */
export function checkObject(what: string, value: unknown): void {
  if (isObject(value)) return;
  throw new Invalid(`Cannot use ${inspect(value)} as ${what}: it must be an object`);
}

/** Names the type of a value, with an article: `a string`, `an object`; `null` and `undefined` without. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Formats a value for a message: a string in quotes and on one line, an object or function by its type. */
export function inspect(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" || typeof value === "function"
    ? describeType(value)
    : String(value);
}

/** The message of an error, or the text of anything else that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
