/**
 * Namespaces of metadata definitions: create (with all parts), show, update, delete.
 *
 * @module
 */

import { type EmbeddedRequest, json, noContent, queryOf } from "../request/request.ts";
import { conflict, notFound } from "../http/errors.ts";
import {
  changeNamespace,
  checkUnprotected,
  namespaceOf,
  noDefinition,
  requireMetadefAdmin,
  visibleNamespace,
  withNamespaces,
} from "./metadef_access.ts";
import {
  associationRow,
  checkText,
  type Definition,
  definitionOf,
  LINKED_READ_ONLY,
  namedParts,
  namespaceFields,
  objectRow,
  parts,
  propertyRow,
  tagRow,
} from "./bodies.ts";
import { withAssociations } from "./resource_types.ts";
import type { Dated, NamespaceRow } from "../store/metadef_records.ts";
import { NAMESPACE_SCHEMA } from "./metadef_schemas.ts";
import { asGiven, namespacePath, namespaceView, objectView, wholeNamespaceView } from "./views.ts";
import { withObjects } from "./objects.ts";
import { withProperties } from "./properties.ts";
import { withTags } from "./metadef_tags.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";

/** `POST /v2/metadefs/namespaces` */
export async function createNamespace(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, NAMESPACE_SCHEMA, LINKED_READ_ONLY);
  requireMetadefAdmin(call);
  const row = newNamespace(call, body, timesOfCreation(call.cloud));
  const { objects, properties, tags, associations, ...fields } = row;
  checkText(
    "create metadata namespace",
    fields,
    ...[...objects, ...properties, ...tags, ...associations],
  );
  await call.cloud.storage.catalog.change((catalog) => {
    if (namespaceOf(catalog.namespaces, row.namespace) !== undefined) {
      throw conflict(`The metadata definition namespace=${row.namespace} already exists.`);
    }
    return withNamespaces(catalog, [...catalog.namespaces, row]);
  });
  const location = new URL(call.request.url);
  // The setter of `pathname` converts a backslash to a slash.
  location.pathname = namespacePath(row).replaceAll("\\", "%5C");
  location.search = "";
  return json({ ...namespaceView(row), ...givenParts(row, body) }, 201, {
    location: location.href,
  });
}

function newNamespace(call: EmbeddedRequest, body: Definition, times: Dated): NamespaceRow {
  let row: NamespaceRow = {
    ...namespaceFields(body, call.identity.projectId),
    ...times,
    objects: [],
    properties: [],
    tags: [],
    associations: [],
  };
  const of = (key: string) => parts(body[key]);
  row = withAssociations(
    row,
    of("resource_type_associations").map((part) => associationRow(part, times)),
  );
  row = withObjects(row, of("objects").map((part) => objectRow(part, times)));
  row = withTags(row, of("tags").map((part) => tagRow(part, times)));
  const properties = namedParts(body["properties"]);
  return withProperties(row, properties.map(([name, part]) => propertyRow(name, part)));
}

/** The parts in the request body, as they are stored. */
function givenParts(row: NamespaceRow, body: Definition): Record<string, unknown> {
  const undated = <T extends Dated>({ created_at: _c, updated_at: _u, ...rest }: T) => rest;
  const objects = row.objects.map((object, i) => {
    const { created_at: _c, updated_at: _u, self: _s, schema: _m, ...view } = objectView(
      row,
      object,
    );
    return asGiven(view, parts(body["objects"])[i] ?? {}, ["required", "properties"]);
  });
  const given = {
    resource_type_associations: row.associations.map(undated).map((association) =>
      Object.fromEntries(Object.entries(association).filter(([, value]) => value !== null))
    ),
    objects,
    tags: row.tags.map(undated),
    properties: Object.fromEntries(row.properties.map(({ name, schema }) => [name, schema])),
  };
  return asGiven(given, body, Object.keys(given));
}

/** `GET /v2/metadefs/namespaces/{namespace}`; `?resource_type=` adds the prefix of that type. */
export function showNamespace(call: EmbeddedRequest): Response {
  const row = visibleNamespace(call, noDefinition, () => notFound());
  const type = queryOf(call).get("resource_type");
  const association = row.associations.find(({ name }) => name === type);
  return json(wholeNamespaceView(row, association?.prefix ?? ""));
}

/** `PUT /v2/metadefs/namespaces/{namespace}`: omitted fields are reset to their defaults. */
export async function updateNamespace(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, NAMESPACE_SCHEMA, LINKED_READ_ONLY);
  visibleNamespace(call);
  requireMetadefAdmin(call);
  const fields = namespaceFields(body, call.identity.projectId);
  checkText("update metadata namespace", fields);
  const row = await changeNamespace(call, (current, { namespaces }) => {
    const taken = namespaceOf(namespaces, fields.namespace);
    if (taken !== undefined && taken !== current) {
      throw conflict(
        "Invalid update. It would result in a duplicate metadata definition namespace with the " +
          `same name of ${fields.namespace}`,
      );
    }
    return { ...current, ...fields, updated_at: timestamp(call.cloud) };
  });
  return json(namespaceView(row));
}

/** `DELETE /v2/metadefs/namespaces/{namespace}`, including all parts. */
export async function deleteNamespace(call: EmbeddedRequest): Promise<Response> {
  visibleNamespace(call);
  requireMetadefAdmin(call);
  await call.cloud.storage.catalog.change((catalog) => {
    const row = visibleNamespace(call);
    checkUnprotected(row, `namespace ${row.namespace}`);
    return { ...catalog, namespaces: catalog.namespaces.filter((other) => other !== row) };
  });
  return noContent();
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/{kind}` */
export function deleteParts(
  kind: "objects" | "properties" | "tags",
): (call: EmbeddedRequest) => Promise<Response> {
  return async (call) => {
    visibleNamespace(call);
    requireMetadefAdmin(call, "delete_metadef_namespace");
    await changeNamespace(call, (row) => {
      checkUnprotected(row, `namespace ${row.namespace}`);
      return { ...row, [kind]: [] };
    });
    return noContent();
  };
}
