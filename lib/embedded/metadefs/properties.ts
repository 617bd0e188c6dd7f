/**
 * Properties of a namespace.
 *
 * @module
 */

import { type EmbeddedRequest, json, noContent, param, queryOf } from "../request/request.ts";
import { conflict, notFound } from "../http/errors.ts";
import {
  changeNamespace,
  checkUnprotected,
  requireMetadefAdmin,
  visibleNamespace,
} from "./metadef_access.ts";
import {
  checkText,
  DATED_READ_ONLY,
  type Definition,
  definitionOf,
  propertyRow,
} from "./bodies.ts";
import { prefixOn } from "./resource_types.ts";
import {
  extended,
  named,
  type NamespaceRow,
  type PropertyRow,
  replaced,
} from "../store/metadef_records.ts";
import { PROPERTY_SCHEMA } from "./metadef_schemas.ts";
import { propertiesView, propertyView } from "./views.ts";

/** `GET /v2/metadefs/namespaces/{namespace}/properties` */
export function listProperties(call: EmbeddedRequest): Response {
  return json({ properties: propertiesView(visibleNamespace(call).properties) });
}

/**
 * `GET /v2/metadefs/namespaces/{namespace}/properties/{property}`. With `?resource_type=`, the name
 * in the path includes the prefix of that type.
 */
export function showProperty(call: EmbeddedRequest): Response {
  const namespace = visibleNamespace(call);
  const type = queryOf(call).get("resource_type") ?? "";
  const name = param(call, 1);
  const bare = type === "" ? name : withoutPrefix(name, prefixOn(call, namespace, type));
  return json(propertyView(propertyOf(namespace, bare)));
}

/** `POST /v2/metadefs/namespaces/{namespace}/properties` */
export async function addProperty(call: EmbeddedRequest): Promise<Response> {
  const property = propertyIn(await definitionOf(call, PROPERTY_SCHEMA, DATED_READ_ONLY));
  visibleNamespace(call);
  requireMetadefAdmin(call);
  checkText("create metadata property", property);
  await changeNamespace(call, (row) => withProperties(row, [property]));
  return json(propertyView(property), 201);
}

/** `PUT /v2/metadefs/namespaces/{namespace}/properties/{property}` */
export async function updateProperty(call: EmbeddedRequest): Promise<Response> {
  const property = propertyIn(await definitionOf(call, PROPERTY_SCHEMA, DATED_READ_ONLY));
  visibleNamespace(call);
  requireMetadefAdmin(call);
  await changeNamespace(call, (row) => {
    const old = propertyOf(row, param(call, 1));
    checkText("update metadata property", property);
    const taken = named(row.properties, property.name);
    if (taken !== undefined && taken !== old) {
      throw conflict(
        "Invalid update. It would result in a duplicate metadata definition property with the " +
          `same name=${old.name} in namespace=${row.namespace}.`,
      );
    }
    return { ...row, properties: replaced(row.properties, old, property) };
  });
  return json(propertyView(property));
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/properties/{property}` */
export async function deleteProperty(call: EmbeddedRequest): Promise<Response> {
  visibleNamespace(call);
  requireMetadefAdmin(call);
  await changeNamespace(call, (row) => {
    const gone = propertyOf(row, param(call, 1));
    checkUnprotected(row, `property ${gone.name}`);
    return { ...row, properties: row.properties.filter((other) => other !== gone) };
  });
  return noContent();
}

/**
 * The namespace with more properties.
 *
 * @throws {Failure} 409 if a name is taken.
 */
export function withProperties(row: NamespaceRow, added: readonly PropertyRow[]): NamespaceRow {
  const taken = ({ name }: PropertyRow) =>
    conflict(
      `A metadata definition property with name=${name} already exists in ` +
        `namespace=${row.namespace}.`,
    );
  return { ...row, properties: extended(row.properties, added, taken) };
}

function propertyIn(body: Definition): PropertyRow {
  return propertyRow(String(body["name"]), body);
}

function propertyOf({ properties }: NamespaceRow, name: string): PropertyRow {
  const property = named(properties, name);
  if (property !== undefined) return property;
  throw notFound(`Could not find property ${name}`);
}

function withoutPrefix(name: string, prefix: string | null): string {
  if (prefix !== null && prefix !== "" && name.startsWith(prefix)) return name.slice(prefix.length);
  throw notFound(
    `Property ${name} does not start with the expected resource type association prefix of ` +
      `'${prefix ?? "None"}'.`,
  );
}
