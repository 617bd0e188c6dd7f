/** Namespaces of metadata definitions: create (with all parts), show, update, delete. */

import { type EmbeddedRequest, json, noContent, queryOf } from "../request/request.ts";
import { conflict, notFound } from "../http/errors.ts";
import { requireAdmin } from "../request/policy.ts";
import { type MethodRoute, withBody, withoutBody } from "../request/route.ts";
import {
  changeNamespace,
  checkUnprotected,
  namespaceOf,
  noDefinition,
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
import type { Dated, NamespaceRow } from "../storage/metadef_records.ts";
import { NAMESPACE_SCHEMA } from "./metadef_schemas.ts";
import { asGiven, namespacePath, namespaceView, objectView, wholeNamespaceView } from "./views.ts";
import { listNamespaces } from "./listing.ts";
import { withParts } from "./parts.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";

export const NAMESPACE_ROUTES: readonly MethodRoute[] = [
  withBody("GET /metadefs/namespaces", "get_metadef_namespaces", listNamespaces),
  withBody("POST /metadefs/namespaces", "add_metadef_namespace", createNamespace),
  withoutBody("GET /metadefs/namespaces/*", "get_metadef_namespace", showNamespace),
  withBody("PUT /metadefs/namespaces/*", "modify_metadef_namespace", updateNamespace),
  withoutBody("DELETE /metadefs/namespaces/*", "delete_metadef_namespace", deleteNamespace),
];

async function createNamespace(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, NAMESPACE_SCHEMA, LINKED_READ_ONLY);
  requireAdmin(call);
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
  const associations = of("resource_type_associations").map((part) => associationRow(part, times));
  row = withParts(row, "associations", associations);
  row = withParts(row, "objects", of("objects").map((part) => objectRow(part, times)));
  row = withParts(row, "tags", of("tags").map((part) => tagRow(part, times)));
  const properties = namedParts(body["properties"]);
  return withParts(row, "properties", properties.map(([name, part]) => propertyRow(name, part)));
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

/** `?resource_type=` adds the prefix of that type. */
function showNamespace(call: EmbeddedRequest): Response {
  const row = visibleNamespace(call, noDefinition, () => notFound());
  const type = queryOf(call).get("resource_type");
  const association = row.associations.find(({ name }) => name === type);
  return json(wholeNamespaceView(row, association?.prefix ?? ""));
}

/** Omitted fields are reset to their defaults. */
async function updateNamespace(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, NAMESPACE_SCHEMA, LINKED_READ_ONLY);
  visibleNamespace(call);
  requireAdmin(call);
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

/** Deletes all parts, too. */
async function deleteNamespace(call: EmbeddedRequest): Promise<Response> {
  visibleNamespace(call);
  requireAdmin(call);
  await call.cloud.storage.catalog.change((catalog) => {
    const row = visibleNamespace(call);
    checkUnprotected(row, `namespace ${row.namespace}`);
    return { ...catalog, namespaces: catalog.namespaces.filter((other) => other !== row) };
  });
  return noContent();
}
