/**
 * Objects (groups of properties) of a namespace.
 *
 * @module
 */

import { type EmbeddedRequest, json, noContent, param, queryOf } from "../request/request.ts";
import { badRequest, conflict, notFound } from "../http/errors.ts";
import {
  changeNamespace,
  checkUnprotected,
  noDefinition,
  noNamespace,
  requireMetadefAdmin,
  visibleNamespace,
} from "./metadef_access.ts";
import { checkText, type Definition, definitionOf, LINKED_READ_ONLY, objectRow } from "./bodies.ts";
import { checkVisibility } from "./listing.ts";
import {
  byName,
  extended,
  named,
  type NamespaceRow,
  type ObjectRow,
  replaced,
} from "../store/metadef_records.ts";
import { OBJECT_SCHEMA } from "./metadef_schemas.ts";
import { asGiven, objectView } from "./views.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";
import { directionOf, limitOf } from "../lists/pages.ts";

/**
 * `GET /v2/metadefs/namespaces/{namespace}/objects`: returns all objects. As in Glance, the query
 * parameters are validated and then ignored.
 */
export function listObjects(call: EmbeddedRequest): Response {
  checkQuery(queryOf(call));
  const namespace = lookUp(call);
  return json({
    objects: byName(namespace.objects).map((row) => objectView(namespace, row)),
    // Glance omits the leading slash.
    schema: "v2/schemas/metadefs/objects",
  });
}

/** `GET /v2/metadefs/namespaces/{namespace}/objects/{object}` */
export function showObject(call: EmbeddedRequest): Response {
  const namespace = lookUp(call);
  return json(objectView(namespace, objectOf(call, namespace)));
}

/** `POST /v2/metadefs/namespaces/{namespace}/objects` */
export async function addObject(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, OBJECT_SCHEMA, LINKED_READ_ONLY);
  const object = objectRow(body, timesOfCreation(call.cloud));
  lookUp(call);
  requireMetadefAdmin(call);
  checkText("create metadata object", object);
  const namespace = await changeNamespace(call, (row) => withObjects(row, [object]));
  return json(givenView(namespace, object, body), 201);
}

/** `PUT /v2/metadefs/namespaces/{namespace}/objects/{object}` */
export async function updateObject(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, OBJECT_SCHEMA, LINKED_READ_ONLY);
  lookUp(call);
  requireMetadefAdmin(call);
  let object: ObjectRow | undefined;
  const namespace = await changeNamespace(call, (row) => {
    const old = objectOf(call, row);
    const { created_at } = old;
    object = objectRow(body, { created_at, updated_at: timestamp(call.cloud) });
    checkText("update metadata object", object);
    const taken = named(row.objects, object.name);
    if (taken !== undefined && taken !== old) {
      throw conflict(
        "Invalid update. It would result in a duplicate metadata definition object with the same " +
          `name=${old.name} in namespace=${row.namespace}.`,
      );
    }
    return { ...row, objects: replaced(row.objects, old, object) };
  });
  return json(givenView(namespace, object ?? objectOf(call, namespace), body));
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/objects/{object}` */
export async function deleteObject(call: EmbeddedRequest): Promise<Response> {
  lookUp(call);
  requireMetadefAdmin(call);
  await changeNamespace(call, (row) => {
    const gone = objectOf(call, row);
    checkUnprotected(row, `object ${gone.name}`);
    return { ...row, objects: row.objects.filter((other) => other !== gone) };
  });
  return noContent();
}

/**
 * The namespace with more objects.
 *
 * @throws {Failure} 409 if a name is taken.
 */
export function withObjects(row: NamespaceRow, added: readonly ObjectRow[]): NamespaceRow {
  const taken = ({ name }: ObjectRow) =>
    conflict(
      `A metadata definition object with name=${name} already exists in ` +
        `namespace=${row.namespace}.`,
    );
  return { ...row, objects: extended(row.objects, added, taken) };
}

function givenView(namespace: NamespaceRow, row: ObjectRow, body: Definition): unknown {
  return asGiven(objectView(namespace, row), body, ["required", "properties"]);
}

function lookUp(call: EmbeddedRequest): NamespaceRow {
  return visibleNamespace(call, noDefinition, noNamespace);
}

function objectOf(call: EmbeddedRequest, { objects }: NamespaceRow): ObjectRow {
  const name = param(call, 1);
  const object = named(objects, name);
  if (object !== undefined) return object;
  throw notFound(`Could not find metadata object ${name}`);
}

function checkQuery(query: URLSearchParams): void {
  directionOf(query);
  checkVisibility(query, ["public", "private", "shared"]);
  if (limitOf(query) === 0) throw badRequest("limit param must be positive");
}
