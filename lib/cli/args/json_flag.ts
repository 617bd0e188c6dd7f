/**
 * JSON that is written on the command line. Pure.
 *
 * @module
 */
import type { JsonValue } from "../../api/types.ts";
import { UsageError } from "../system/errors.ts";

/**
 * The object that a flag holds.
 *
 * @param flag as it is written: `--schema`
 * @throws {UsageError} where it is none.
 */
export function jsonObject(flag: string, text: string): Readonly<Record<string, JsonValue>> {
  const value = objectIn(text);
  if (value !== null) return value;
  throw new UsageError(`Cannot use "${flag} ${text}": it must be a JSON object`);
}

/** The object that a text holds; null where it is none. */
export function objectIn(text: string): Readonly<Record<string, JsonValue>> | null {
  const value = parsed(text);
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  // What comes from JSON is nothing else.
  return isObject ? value as Record<string, JsonValue> : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
