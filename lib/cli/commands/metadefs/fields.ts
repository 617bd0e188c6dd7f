/**
 * What the commands about metadata definitions, `md-…`, have in common. Pure.
 *
 * @module
 */
import { ownValue } from "../../../validate.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Positional, TextFlag } from "../../args/command.ts";
import type { WireRecord } from "../../output/records.ts";

/** The namespace that a command is about. */
export const NAMESPACE: Positional = { name: "<NAMESPACE>", summary: "Name of the namespace" };

/** A flag for what Glance alone says; glanceclient has it from the schema, and Glance refuses it. */
export function readOnlyFlag(value: string): TextFlag {
  return { kind: "text", value, summary: "Refused: Glance sets it" };
}

/** Flags for when something was made and changed. */
export const DATE_FLAGS = {
  "created-at": readOnlyFlag("<CREATED_AT>"),
  "updated-at": readOnlyFlag("<UPDATED_AT>"),
} as const satisfies Flags;

/** @throws {UsageError} where a flag is given that is for Glance to say. */
export function checkReadOnly(values: Readonly<Record<string, unknown>>): void {
  const given = ["self", "schema", "created-at", "updated-at"]
    .find((flag) => values[flag] !== undefined);
  if (given === undefined) return;
  throw new UsageError(`Cannot use --${given}: Glance sets it; leave it out`);
}

/** @throws {UsageError} where a name is made of spaces alone. */
export function nameFrom(flag: string, text: string): string {
  const name = text.trim();
  if (name !== "") return name;
  throw new UsageError(`Cannot use "--${flag} ${text}": it is blank; give a name`);
}

/** What of a definition an update sends: what Glance says of it stays away. */
export function withoutFacts<T extends WireRecord>(
  record: T,
): Omit<T, "self" | "schema" | "created_at" | "updated_at"> {
  const { self: _, schema: __, created_at: ___, updated_at: ____, ...rest } = record;
  return rest;
}

/** A definition as glanceclient shows it: without the link to itself, and parts by their names alone. */
export function shownDefinition({ self: _, ...record }: WireRecord): WireRecord {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, ownValue(NAMES, key)?.(value) ?? value]),
  );
}

/** How the names of parts are found. */
const NAMES: Readonly<Record<string, (parts: unknown) => unknown>> = {
  properties: (parts) => Object.keys(Object(parts)),
  resource_type_associations: namesOf,
  objects: namesOf,
  tags: namesOf,
};

function namesOf(parts: unknown): unknown {
  return Array.isArray(parts) ? parts.map((part) => Object(part)["name"]) : parts;
}
