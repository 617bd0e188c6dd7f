/** Request bodies of metadata definitions: validation in Glance's order, and conversion to rows. */

import { type EmbeddedRequest, jsonBody } from "../request/request.ts";
import { badRequest, forbidden } from "../http/errors.ts";
import { checkAgainst, type NamedSchema } from "../http/json_schema.ts";
import type {
  AssociationRow,
  Dated,
  NamespaceRow,
  ObjectRow,
  PartRows,
  PropertyRow,
  PropertySchema,
  TagRow,
} from "../storage/metadef_records.ts";
import {
  ASSOCIATION_SCHEMA,
  NAMELESS_PROPERTY_SCHEMA,
  OBJECT_SCHEMA,
  PROPERTY_SCHEMA,
  TAG_SCHEMA,
} from "./metadef_schemas.ts";
import { checkCharacters } from "../images/property_rules.ts";
import { python } from "../http/python_format.ts";

/** A body that was validated with its schema. */
export type Definition = Readonly<Record<string, unknown>>;

/** Read-only attributes of definitions with a link and a schema. */
export const LINKED_READ_ONLY = ["self", "schema", "created_at", "updated_at"] as const;
/** Read-only attributes of all other definitions. */
export const DATED_READ_ONLY = ["created_at", "updated_at"] as const;

/**
 * Parses and validates the body.
 *
 * @throws {Failure} 400 if it does not match the schema, 403 if it sets a read-only attribute.
 */
export async function definitionOf(
  call: EmbeddedRequest,
  schema: NamedSchema,
  readOnly: readonly string[],
): Promise<Definition> {
  const body = await jsonBody(call);
  if (Array.isArray(body)) throw badRequest("Unexpected body type. Expected list/dict.");
  const name = readOnly.find((candidate) => Object.hasOwn(body, candidate));
  if (name !== undefined) throw forbidden(`Attribute '${name}' is read-only.`);
  checkAgainst(schema, body);
  return body;
}

/**
 * Rejects text that the columns of Glance's database cannot store. A list is stored as one text.
 *
 * @param action for the message.
 * @throws {Failure} 400 if a text cannot be stored.
 */
export function checkText(action: string, ...values: readonly object[]): void {
  for (const value of values) {
    const texts = Object.entries(value).map(([name, entry]) => [
      name,
      name === "required" && Array.isArray(entry) ? entry.join() : entry,
    ]);
    checkCharacters(Object.fromEntries(texts), `Couldn't ${action}: `);
  }
}

/** The fields of a namespace without its objects, properties, tags, and associations. */
export function namespaceFields(
  body: Definition,
  projectId: string | null,
): Omit<NamespaceRow, keyof PartRows | keyof Dated> {
  return {
    namespace: text(body["namespace"]) ?? "",
    display_name: text(body["display_name"]),
    description: text(body["description"]),
    visibility: body["visibility"] === "public" ? "public" : "private",
    protected: body["protected"] === true,
    owner: text(body["owner"]) ?? projectId,
  };
}

/**
 * The row of an object.
 *
 * @throws {Failure} 400 if the body does not match the schema.
 */
export function objectRow(body: Definition, times: Dated): ObjectRow {
  checkAgainst(OBJECT_SCHEMA, body);
  return {
    name: String(body["name"]),
    description: text(body["description"]),
    required: entries(body["required"]).map(String),
    properties: Object.fromEntries(
      namedParts(body["properties"]).map(([name, schema]) => {
        checkAgainst(NAMELESS_PROPERTY_SCHEMA, schema);
        return [name, keptSchema(schema)];
      }),
    ),
    ...times,
  };
}

/**
 * The row of a property.
 *
 * @throws {Failure} 400 if the body does not match the schema.
 */
export function propertyRow(name: string, body: Definition): PropertyRow {
  checkAgainst(PROPERTY_SCHEMA, { ...body, name });
  return { name, schema: keptSchema(body) };
}

/**
 * The row of a tag.
 *
 * @throws {Failure} 400 if the body does not match the schema.
 */
export function tagRow(body: Definition, times: Dated): TagRow {
  checkAgainst(TAG_SCHEMA, body);
  return { name: String(body["name"]), ...times };
}

/**
 * The row of an association.
 *
 * @throws {Failure} 400 if the body does not match the schema.
 */
export function associationRow(body: Definition, times: Dated): AssociationRow {
  checkAgainst(ASSOCIATION_SCHEMA, body);
  return {
    name: String(body["name"]),
    prefix: text(body["prefix"]),
    properties_target: text(body["properties_target"]),
    ...times,
  };
}

/** A list of definitions; empty if there is none. */
export function parts(value: unknown): readonly Definition[] {
  // Checked by the schema.
  return entries(value) as readonly Definition[];
}

/** Definitions by name; empty if there are none. */
export function namedParts(value: unknown): readonly (readonly [string, Definition])[] {
  // Checked by the schema.
  return Object.entries((value ?? {}) as Record<string, Definition>);
}

const KEPT: Readonly<Record<string, (value: unknown) => unknown>> = {
  default: (value) =>
    typeof value === "object" ? null : typeof value === "string" ? value : python(value),
  minimum: (value) => Math.trunc(Number(value)),
  maximum: (value) => Math.trunc(Number(value)),
};

/** A property as Glance stores it: the default is a string or null, bounds are integers. */
function keptSchema(schema: Definition): PropertySchema {
  const kept = (key: string, value: unknown) => {
    const keep = Object.hasOwn(KEPT, key) ? KEPT[key] : undefined;
    return keep === undefined ? value : keep(value);
  };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, kept(key, value)]));
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function entries(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
