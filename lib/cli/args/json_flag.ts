/** JSON objects on the command line. Pure. */
import type { JsonValue } from "../../api/types.ts";
import { parseJson } from "../../http/json.ts";
import { UsageError } from "../system/errors.ts";

/**
 * Parses the JSON object in the value of a flag.
 *
 * @param flag with dashes, for example `--schema`
 * @throws {UsageError} if the value is not a JSON object.
 */
export function jsonObject(flag: string, text: string): Readonly<Record<string, JsonValue>> {
  const value = objectIn(text);
  if (value !== null) return value;
  throw new UsageError(`Cannot use "${flag} ${text}": it must be a JSON object`);
}

/** Parses a JSON object; null if the text is not one. */
export function objectIn(text: string): Readonly<Record<string, JsonValue>> | null {
  const value = parseJson(text);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  // JSON has no other kinds of objects.
  return isObject ? value as Record<string, JsonValue> : null;
}
