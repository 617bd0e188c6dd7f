/** Operations of metadata definitions: the objects, properties, and tags of a namespace. */
import { jsonBody, namedIn, queryIn, recordIn, textIn, textsIn, truthIn } from "./arguments.ts";
import { sendView } from "./metadef_namespaces.ts";
import type {
  MetadefObject,
  MetadefObjectBody,
  MetadefProperties,
  MetadefProperty,
  MetadefPropertySchema,
  MetadefTag,
  MetadefView,
  NewMetadefObject,
  NewTagsOptions,
} from "./metadef_types.ts";
import type { Operation, RequestParts } from "../operation.ts";
import { receiveList, receiveRecord } from "../decode.ts";
import {
  defineOperation,
  DELETED,
  JSON_TYPE,
  NO_CONTENT,
  type OperationDefinitions,
  type OperationParts,
  tableOf,
} from "./define.ts";
import type { Query } from "../wire.ts";

/** Operations on definitions. */
export interface DefinitionOperations {
  /** Lists the objects of a namespace. `GET /v2/metadefs/namespaces/{namespace}/objects`, since 2.2. */
  "metadefs.objects.list"(namespace: string, query?: Query): readonly MetadefObject[];
  /** Creates an object. `POST /v2/metadefs/namespaces/{namespace}/objects`, since 2.2. */
  "metadefs.objects.create"(namespace: string, object: NewMetadefObject): MetadefObject;
  /** Shows an object. `GET /v2/metadefs/namespaces/{namespace}/objects/{object}`, since 2.2. */
  "metadefs.objects.get"(namespace: string, object: string): MetadefObject;
  /**
   * Replaces an object; a different `name` renames it.
   * `PUT /v2/metadefs/namespaces/{namespace}/objects/{object}`, since 2.2.
   */
  "metadefs.objects.update"(
    namespace: string,
    object: string,
    body: MetadefObjectBody & { readonly name?: string },
  ): MetadefObject;
  /** Deletes an object. `DELETE /v2/metadefs/namespaces/{namespace}/objects/{object}`, since 2.2. */
  "metadefs.objects.delete"(namespace: string, object: string): void;
  /** Deletes all objects. `DELETE /v2/metadefs/namespaces/{namespace}/objects`, since 2.2. */
  "metadefs.objects.deleteAll"(namespace: string): void;
  /** Lists the properties of a namespace. `GET /v2/metadefs/namespaces/{namespace}/properties`, since 2.2. */
  "metadefs.properties.list"(namespace: string): MetadefProperties;
  /** Creates a property. `POST /v2/metadefs/namespaces/{namespace}/properties`, since 2.2. */
  "metadefs.properties.create"(namespace: string, property: MetadefProperty): MetadefProperty;
  /** Shows a property. `GET /v2/metadefs/namespaces/{namespace}/properties/{property}`, since 2.2. */
  "metadefs.properties.get"(
    namespace: string,
    property: string,
    view?: MetadefView,
  ): MetadefProperty;
  /**
   * Replaces the schema of a property; a different `name` renames it.
   * `PUT /v2/metadefs/namespaces/{namespace}/properties/{property}`, since 2.2.
   */
  "metadefs.properties.update"(
    namespace: string,
    property: string,
    schema: MetadefPropertySchema & { readonly name?: string },
  ): MetadefProperty;
  /** Deletes a property. `DELETE /v2/metadefs/namespaces/{namespace}/properties/{property}`, since 2.2. */
  "metadefs.properties.delete"(namespace: string, property: string): void;
  /** Deletes all properties. `DELETE /v2/metadefs/namespaces/{namespace}/properties`, since 2.2. */
  "metadefs.properties.deleteAll"(namespace: string): void;
  /** Lists the tags of a namespace. `GET /v2/metadefs/namespaces/{namespace}/tags`, since 2.2. */
  "metadefs.tags.list"(namespace: string, query?: Query): readonly MetadefTag[];
  /** Creates a tag. `POST /v2/metadefs/namespaces/{namespace}/tags/{tag}`, since 2.2. */
  "metadefs.tags.create"(namespace: string, tag: string): MetadefTag;
  /** Sets or adds several tags. `POST /v2/metadefs/namespaces/{namespace}/tags`, since 2.2. */
  "metadefs.tags.createAll"(
    namespace: string,
    tags: readonly string[],
    options?: NewTagsOptions,
  ): readonly MetadefTag[];
  /** Shows a tag. `GET /v2/metadefs/namespaces/{namespace}/tags/{tag}`, since 2.2. */
  "metadefs.tags.get"(namespace: string, tag: string): MetadefTag;
  /** Renames a tag. `PUT /v2/metadefs/namespaces/{namespace}/tags/{tag}`, since 2.2. */
  "metadefs.tags.update"(namespace: string, tag: string, name: string): MetadefTag;
  /** Deletes a tag. `DELETE /v2/metadefs/namespaces/{namespace}/tags/{tag}`, since 2.2. */
  "metadefs.tags.delete"(namespace: string, tag: string): void;
  /** Deletes all tags. `DELETE /v2/metadefs/namespaces/{namespace}/tags`, since 2.2. */
  "metadefs.tags.deleteAll"(namespace: string): void;
}

const OF = 'of metadata namespace "{namespace}"';
const TO = 'to metadata namespace "{namespace}"';

/** Functions that define an operation on all definitions of a kind, or on one of them. */
function kind(one: string, all: string) {
  const path = `/v2/metadefs/namespaces/{namespace}/${all}`;
  const define = (path: string) =>
  <Args extends readonly unknown[], Result>(
    action: string,
    verb: Operation<Args, Result>["verb"],
    rest: OperationParts<Args, Result>,
  ) => defineOperation(action, verb, path, "2.2", rest);
  return { onAll: define(path), on: define(`${path}/{${one}}`) };
}

const OBJECTS = /* @__PURE__ */ kind("object", "objects");
const PROPERTIES = /* @__PURE__ */ kind("property", "properties");
const TAGS = /* @__PURE__ */ kind("tag", "tags");

/** Defaults of reads. */
const SHOWN = { success: [200] } as const;

/** Defaults of writes: additions, and updates. */
const ADDED = {
  mediaType: JSON_TYPE,
  idempotent: false,
  success: [201],
} as const;
const CHANGED = {
  mediaType: JSON_TYPE,
  success: [200],
} as const;

/** The operations of objects, properties, and tags. */
export const DEFINITION_OPERATIONS: OperationDefinitions<DefinitionOperations> =
  /* @__PURE__ */ tableOf<DefinitionOperations>(() => ({
    "metadefs.objects.list": OBJECTS.onAll(`list the objects ${OF}`, "GET", {
      ...SHOWN,
      send: (_, query = []) => ({ query: queryIn(query) }),
      receive: receiveList("objects"),
    }),
    "metadefs.objects.create": OBJECTS.onAll(`add object "{name}" ${TO}`, "POST", {
      ...ADDED,
      send: (_, object) => jsonBody(namedIn("the object", "name", object)),
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.objects.get": OBJECTS.on(`show object "{object}" ${OF}`, "GET", {
      ...SHOWN,
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.objects.update": OBJECTS.on(`update object "{object}" ${OF}`, "PUT", {
      ...CHANGED,
      send: (_, name, body) => renamed("the object", name, body),
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.objects.delete": OBJECTS.on(`delete object "{object}" ${OF}`, "DELETE", DELETED),
    "metadefs.objects.deleteAll": OBJECTS.onAll(`delete the objects ${OF}`, "DELETE", NO_CONTENT),
    "metadefs.properties.list": PROPERTIES.onAll(`list the properties ${OF}`, "GET", {
      success: [200],
      receive: receiveRecord("properties"),
    }),
    "metadefs.properties.create": PROPERTIES.onAll(`add property "{name}" ${TO}`, "POST", {
      ...ADDED,
      send: (_, property) => jsonBody(namedIn("the property", "name", property)),
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.properties.get": PROPERTIES.on(`show property "{property}" ${OF}`, "GET", {
      ...SHOWN,
      send: (_, __, view) => sendView(view),
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.properties.update": PROPERTIES.on(`update property "{property}" ${OF}`, "PUT", {
      ...CHANGED,
      send: (_, name, schema) => renamed("the property", name, schema),
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.properties.delete": PROPERTIES.on(
      `delete property "{property}" ${OF}`,
      "DELETE",
      DELETED,
    ),
    "metadefs.properties.deleteAll": PROPERTIES.onAll(
      `delete the properties ${OF}`,
      "DELETE",
      NO_CONTENT,
    ),
    "metadefs.tags.list": TAGS.onAll(`list the tags ${OF}`, "GET", {
      ...SHOWN,
      send: (_, query = []) => ({ query: queryIn(query) }),
      receive: receiveList("tags"),
    }),
    "metadefs.tags.create": TAGS.on(`add tag "{tag}" ${TO}`, "POST", {
      idempotent: false,
      success: [201],
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.tags.createAll": TAGS.onAll(`add tags ${TO}`, "POST", {
      ...ADDED,
      send: (_, tags, options = {}) => sendTags(tags, options),
      receive: receiveList("tags"),
    }),
    "metadefs.tags.get": TAGS.on(`show tag "{tag}" ${OF}`, "GET", {
      ...SHOWN,
      receive: receiveRecord(undefined, ["name"]),
    }),
    // A retry would not find the renamed tag.
    "metadefs.tags.update": TAGS.on(`rename tag "{tag}" ${OF}`, "PUT", {
      ...CHANGED,
      idempotent: false,
      send: (_, __, name) => jsonBody({ name: textIn("the new name", name) }),
      receive: receiveRecord(undefined, ["name"]),
    }),
    "metadefs.tags.delete": TAGS.on(`delete tag "{tag}" ${OF}`, "DELETE", DELETED),
    "metadefs.tags.deleteAll": TAGS.onAll(`delete the tags ${OF}`, "DELETE", NO_CONTENT),
  }));

/** Glance requires the name in the body even if it does not change. */
function renamed(what: string, name: string, body: unknown): RequestParts {
  return jsonBody(namedIn(what, "name", { name, ...recordIn(what, body) }));
}

function sendTags(tags: unknown, options: unknown): RequestParts {
  const { append = false } = recordIn("the options", options);
  return {
    headers: { "x-openstack-append": String(truthIn("append", append)) },
    ...jsonBody({ tags: textsIn("the list of tags", tags).map((name) => ({ name })) }),
  };
}
