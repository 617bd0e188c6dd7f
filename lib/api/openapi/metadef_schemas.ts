/** The schemas of metadata definitions. Pure. */
import {
  closedObject,
  COUNT,
  listOf,
  oneOf,
  open,
  type Properties,
  ref,
  TEXT,
  textTo,
  TIME,
  TRUTH,
} from "./json_schema.ts";

const NAME = textTo(80);
const TYPE = oneOf(["array", "boolean", "integer", "number", "object", "string"]);
const DATES: Properties = { created_at: TIME, updated_at: TIME };
const LINKS: Properties = { self: TEXT, schema: TEXT };

/** The JSON schema of a property, with a title. */
const PROPERTY: Properties = {
  type: TYPE,
  title: TEXT,
  description: TEXT,
  operators: listOf(TEXT),
  default: {},
  readonly: TRUTH,
  minimum: { type: "number" },
  maximum: { type: "number" },
  minLength: COUNT,
  maxLength: COUNT,
  pattern: TEXT,
  enum: { type: "array" },
  items: open({ type: TYPE, enum: { type: "array" } }),
  minItems: COUNT,
  maxItems: COUNT,
  uniqueItems: TRUTH,
  additionalItems: TRUTH,
  required: listOf(TEXT),
};

const OBJECT: Properties = {
  name: NAME,
  description: TEXT,
  required: listOf(TEXT),
  properties: ref("MetadefProperties"),
};

const ASSOCIATION: Properties = { name: NAME, prefix: textTo(80), properties_target: textTo(80) };

const NAMESPACE: Properties = {
  namespace: NAME,
  display_name: NAME,
  description: textTo(500),
  visibility: oneOf(["public", "private"]),
  protected: TRUTH,
  owner: textTo(255),
};

const NAMESPACE_LINKED = ["namespace", "self", "schema"] as const;

export const METADEF_SCHEMAS: Properties = {
  MetadefProperty: closedObject({ name: TEXT, ...PROPERTY }, ["name", "type", "title"]),
  MetadefProperties: {
    type: "object",
    additionalProperties: open(PROPERTY, ["type", "title"]),
    description: "Properties by name",
  },
  MetadefPropertyMap: closedObject({ properties: ref("MetadefProperties") }, ["properties"]),
  NewMetadefObject: open(OBJECT, ["name"]),
  MetadefNamespaceObject: {
    ...closedObject({ ...OBJECT, ...DATES, ...LINKS }, ["name"]),
    description: "An object of a namespace. A new one has no links.",
  },
  MetadefObject: closedObject({ ...OBJECT, ...DATES, ...LINKS }, ["name", "self", "schema"]),
  MetadefObjects: closedObject(
    { objects: listOf(ref("MetadefObject")), first: TEXT, next: TEXT, schema: TEXT },
    ["objects"],
  ),
  MetadefTag: closedObject({ name: NAME, ...DATES }, ["name"]),
  MetadefTags: closedObject(
    { tags: listOf(ref("MetadefTag")), first: TEXT, next: TEXT, schema: TEXT },
    ["tags"],
  ),
  NewMetadefTags: open({ tags: listOf(open({ name: NAME }, ["name"])) }, ["tags"]),
  NewMetadefTag: open({ name: NAME }, ["name"]),
  MetadefResourceType: closedObject({ name: NAME, ...DATES }, ["name"]),
  MetadefResourceTypes: closedObject(
    { resource_types: listOf(ref("MetadefResourceType")) },
    ["resource_types"],
  ),
  NewMetadefAssociation: open(ASSOCIATION, ["name"]),
  MetadefAssociation: closedObject({ ...ASSOCIATION, ...DATES }, ["name"]),
  MetadefAssociations: closedObject(
    { resource_type_associations: listOf(ref("MetadefAssociation")) },
    ["resource_type_associations"],
  ),
  NewMetadefNamespace: open({
    ...NAMESPACE,
    resource_type_associations: listOf(ref("NewMetadefAssociation")),
    properties: ref("MetadefProperties"),
    objects: listOf(ref("NewMetadefObject")),
    tags: listOf(ref("NewMetadefTag")),
  }, ["namespace"]),
  MetadefNamespaceChange: open(NAMESPACE, ["namespace"]),
  MetadefNamespace: closedObject({
    ...NAMESPACE,
    ...DATES,
    ...LINKS,
    resource_type_associations: listOf(ref("MetadefAssociation")),
    properties: ref("MetadefProperties"),
    objects: listOf(ref("MetadefNamespaceObject")),
    tags: listOf(ref("MetadefTag")),
  }, NAMESPACE_LINKED),
  MetadefNamespaces: closedObject({
    namespaces: listOf(ref("MetadefNamespace")),
    first: TEXT,
    next: TEXT,
    schema: TEXT,
  }, ["namespaces", "first", "schema"]),
};
