/** Arguments, flags, and fields of the commands for metadata definitions, `md-…`. Pure. */
import { text } from "../../args/flags.ts";
import { ownValue } from "../../../validate.ts";
import { UsageError } from "../../system/errors.ts";
import type { Flags, Positional, TextFlag } from "../../args/command.ts";
import type { WireRecord } from "../../output/records.ts";

/** The argument that names a namespace. */
export const NAMESPACE: Positional = { name: "<NAMESPACE>", summary: "Name of the namespace" };

/** Defines a flag for a read-only field. glanceclient derives such flags from the schema; Glance refuses them. */
export function readOnlyFlag(value: string): TextFlag {
  return text(value, "Not supported: Glance sets it");
}

/** Flags for the read-only dates. */
export const DATE_FLAGS = {
  "created-at": readOnlyFlag("<CREATED_AT>"),
  "updated-at": readOnlyFlag("<UPDATED_AT>"),
} as const satisfies Flags;

/** @throws {UsageError} if a flag for a read-only field is given. */
export function checkReadOnly(values: Readonly<Record<string, unknown>>): void {
  const given = ["self", "schema", "created-at", "updated-at"]
    .find((flag) => values[flag] !== undefined);
  if (given === undefined) return;
  throw new UsageError(`Cannot use --${given}: Glance sets it; leave it out`);
}

/** @throws {UsageError} if the name is blank. */
export function nameFrom(text: string): string {
  const name = text.trim();
  if (name !== "") return name;
  throw new UsageError(`Cannot use "--name ${text}": it is blank; give a name`);
}

/** Removes the read-only fields of a definition, which Glance refuses in requests. */
export function withoutReadOnly<T extends WireRecord>(
  record: T,
): Omit<T, "self" | "schema" | "created_at" | "updated_at"> {
  const { self: _, schema: __, created_at: ___, updated_at: ____, ...rest } = record;
  return rest;
}

/** A definition as glanceclient shows it: without `self`, and with the names of its parts. */
export function shownDefinition(definition: object): WireRecord {
  const { self: _, ...record } = { ...definition } as WireRecord;
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, ownValue(NAMES, key)?.(value) ?? value]),
  );
}

/** Functions that return the names of parts. */
const NAMES: Readonly<Record<string, (parts: unknown) => unknown>> = {
  properties: (parts) => Object.keys(Object(parts)),
  resource_type_associations: namesOf,
  objects: namesOf,
  tags: namesOf,
};

function namesOf(parts: unknown): unknown {
  return Array.isArray(parts) ? parts.map((part) => Object(part)["name"]) : parts;
}
