/**
 * The schemas of metadata definitions: those of request bodies, and the ten documents at `GET
 * /v2/schemas/metadefs/{name}`.
 */

import type { NamedSchema, Schema } from "../http/json_schema.ts";

const TEXT: Schema = { type: "string" };
const NAME: Schema = { type: "string", maxLength: 80 };
export const READ_ONLY_TEXT: Schema = { readOnly: true, type: "string" };

const TYPES = ["array", "boolean", "integer", "number", "object", "string", null] as const;

const COUNTS: Readonly<Record<string, Schema>> = {
  positiveInteger: { type: "integer", minimum: 0 },
  positiveIntegerDefault0: { allOf: [{ $ref: "#/definitions/positiveInteger" }, { default: 0 }] },
};

const STRING_ARRAY: Schema = { type: "array", items: TEXT, uniqueItems: true };

const PROPERTY_FIELDS: Readonly<Record<string, Schema>> = {
  name: NAME,
  title: TEXT,
  description: TEXT,
  operators: { type: "array", items: TEXT },
  type: { type: "string", enum: TYPES },
  required: { $ref: "#/definitions/stringArray" },
  minimum: { type: "number" },
  maximum: { type: "number" },
  maxLength: { $ref: "#/definitions/positiveInteger" },
  minLength: { $ref: "#/definitions/positiveIntegerDefault0" },
  pattern: { type: "string", format: "regex" },
  enum: { type: "array" },
  readonly: { type: "boolean" },
  default: {},
  items: {
    type: "object",
    properties: { type: { type: "string", enum: TYPES }, enum: { type: "array" } },
  },
  maxItems: { $ref: "#/definitions/positiveInteger" },
  minItems: { $ref: "#/definitions/positiveIntegerDefault0" },
  uniqueItems: { type: "boolean", default: false },
  additionalItems: { type: "boolean" },
};

/** Definitions of a schema with properties by name. */
const DEFINITIONS: Readonly<Record<string, Schema>> = {
  ...COUNTS,
  stringArray: STRING_ARRAY,
  property: {
    type: "object",
    additionalProperties: {
      type: "object",
      required: ["title", "type"],
      properties: PROPERTY_FIELDS,
    },
  },
};

const OBJECT_FIELDS: Readonly<Record<string, Schema>> = {
  description: TEXT,
  required: { $ref: "#/definitions/stringArray" },
  properties: { $ref: "#/definitions/property" },
};

/** A namespace with its objects, properties, tags, and associations. */
export const NAMESPACE_SCHEMA: NamedSchema = {
  name: "namespace",
  properties: {
    namespace: { ...NAME, description: "Unique name of the namespace" },
    display_name: { ...NAME, description: "Display name of the namespace" },
    description: { ...TEXT, maxLength: 500, description: "Purpose of the namespace" },
    visibility: {
      ...TEXT,
      enum: ["public", "private"],
      description: "Visibility of the namespace: public, or only for its owner",
    },
    protected: { type: "boolean", description: "Whether the namespace cannot be deleted" },
    owner: { ...TEXT, maxLength: 255, description: "Project that owns the namespace" },
    ...times("the namespace"),
    schema: READ_ONLY_TEXT,
    self: READ_ONLY_TEXT,
    resource_type_associations: list({ name: TEXT, prefix: TEXT, properties_target: TEXT }),
    properties: { $ref: "#/definitions/property" },
    objects: list({ name: TEXT, ...OBJECT_FIELDS }),
    tags: list({ name: TEXT }),
  },
  additionalProperties: false,
  definitions: DEFINITIONS,
  required: ["namespace"],
};

/** An object (a group of properties). */
export const OBJECT_SCHEMA: NamedSchema = {
  name: "object",
  properties: {
    name: NAME,
    ...OBJECT_FIELDS,
    schema: READ_ONLY_TEXT,
    self: READ_ONLY_TEXT,
    ...times("the object"),
  },
  additionalProperties: false,
  definitions: DEFINITIONS,
  required: ["name"],
};

/** A property, including its name. */
export const PROPERTY_SCHEMA: NamedSchema = {
  name: "property",
  properties: PROPERTY_FIELDS,
  additionalProperties: false,
  definitions: {
    ...COUNTS,
    stringArray: { type: "array", items: TEXT, minItems: 1, uniqueItems: true },
  },
  required: ["type", "title", "name"],
};

/** A property in a map, without its name. */
export const NAMELESS_PROPERTY_SCHEMA: NamedSchema = {
  ...PROPERTY_SCHEMA,
  required: ["type", "title"],
};

export const TAG_SCHEMA: NamedSchema = {
  name: "tag",
  properties: { name: NAME, ...times("the tag") },
  additionalProperties: false,
  required: ["name"],
};

/** The body that creates several tags; Glance publishes no document for it. */
export const TAGS_SCHEMA: NamedSchema = {
  name: "tags",
  properties: {
    tags: {
      type: "array",
      items: {
        type: "object",
        properties: { name: TEXT },
        required: ["name"],
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

export const ASSOCIATION_SCHEMA: NamedSchema = {
  name: "resource_type_association",
  properties: {
    name: { ...NAME, description: "Name of the resource type, as in Heat if Heat defines it" },
    prefix: { ...NAME, description: "Prefix of property names on such a resource" },
    properties_target: { ...NAME, description: "Selects one of several kinds of metadata" },
    ...times("the association"),
  },
  additionalProperties: false,
  required: ["name"],
};

/** Name in the path to document. */
export const METADEF_DOCUMENTS: Readonly<Record<string, Schema>> = {
  namespace: NAMESPACE_SCHEMA,
  namespaces: pageSchema("namespaces", NAMESPACE_SCHEMA),
  resource_type: ASSOCIATION_SCHEMA,
  resource_types: pageSchema("resource_type_associations", ASSOCIATION_SCHEMA),
  property: PROPERTY_SCHEMA,
  properties: pageSchema("properties", NAMELESS_PROPERTY_SCHEMA, "object"),
  object: OBJECT_SCHEMA,
  objects: pageSchema("objects", OBJECT_SCHEMA),
  tag: TAG_SCHEMA,
  tags: pageSchema("tags", TAG_SCHEMA),
};

function times(what: string): Readonly<Record<string, Schema>> {
  const time = { ...READ_ONLY_TEXT, format: "date-time" };
  return {
    created_at: { ...time, description: `When ${what} was made` },
    updated_at: { ...time, description: `When ${what} was last changed` },
  };
}

function list(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "array", items: { type: "object", properties } };
}

/** The schema of a page of a list. */
export function pageSchema(
  name: string,
  { definitions, ...item }: NamedSchema,
  type: "array" | "object" = "array",
): Schema {
  return {
    name,
    properties: {
      [name]: type === "array" ? { type, items: item } : { type, additionalProperties: item },
      first: TEXT,
      next: TEXT,
      schema: TEXT,
    },
    links: [
      { rel: "first", href: "{first}" },
      { rel: "next", href: "{next}" },
      { rel: "describedby", href: "{schema}" },
    ],
    definitions,
  };
}
