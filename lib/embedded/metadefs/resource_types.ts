/**
 * Resource types, and their associations with namespaces. A resource type exists from its first
 * association on and is never removed.
 *
 * @module
 */

import { type EmbeddedRequest, json, noContent, param } from "../request/request.ts";
import { conflict, notFound } from "../http/errors.ts";
import {
  changeNamespace,
  checkUnprotected,
  requireMetadefAdmin,
  visibleNamespace,
} from "./metadef_access.ts";
import { associationRow, checkText, DATED_READ_ONLY, definitionOf } from "./bodies.ts";
import {
  type AssociationRow,
  extended,
  named,
  type NamespaceRow,
} from "../store/metadef_records.ts";
import { ASSOCIATION_SCHEMA } from "./metadef_schemas.ts";
import { associationView } from "./views.ts";
import { timesOfCreation } from "../request/embedded_cloud.ts";

/** `GET /v2/metadefs/resource_types` */
export function listResourceTypes({ cloud }: EmbeddedRequest): Response {
  return json({ resource_types: cloud.storage.catalog.value.resourceTypes });
}

/** `GET /v2/metadefs/namespaces/{namespace}/resource_types` */
export function listAssociations(call: EmbeddedRequest): Response {
  const { associations } = visibleNamespace(call);
  return json({ resource_type_associations: associations.map(associationView) });
}

/** `POST /v2/metadefs/namespaces/{namespace}/resource_types` */
export async function addAssociation(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, ASSOCIATION_SCHEMA, DATED_READ_ONLY);
  visibleNamespace(call);
  requireMetadefAdmin(call);
  const association = associationRow(body, timesOfCreation(call.cloud));
  checkText("create resource type association", association);
  await changeNamespace(call, (row) => withAssociations(row, [association]));
  return json(associationView(association), 201);
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}` */
export async function removeAssociation(call: EmbeddedRequest): Promise<Response> {
  const name = param(call, 1);
  visibleNamespace(call);
  requireMetadefAdmin(call);
  await changeNamespace(call, (row) => {
    const gone = row.associations.find((association) => association.name === name);
    if (gone === undefined) throw notFound(`Failed to find resource type ${name} to delete`);
    checkUnprotected(row, `resource-type-association ${name}`);
    return { ...row, associations: row.associations.filter((other) => other !== gone) };
  });
  return noContent();
}

/**
 * The namespace with more associations.
 *
 * @throws {Failure} 409 if one exists already.
 */
export function withAssociations(
  row: NamespaceRow,
  added: readonly AssociationRow[],
): NamespaceRow {
  const taken = ({ name }: AssociationRow) =>
    conflict(
      "The metadata definition resource-type association of resource-type=" +
        `${name} to namespace=${row.namespace} already exists.`,
    );
  return { ...row, associations: extended(row.associations, added, taken) };
}

/**
 * The prefix of the properties of a namespace on a resource type; null if there is none.
 *
 * @throws {Failure} 404 if the two are not associated.
 */
export function prefixOn(
  { cloud }: EmbeddedRequest,
  row: NamespaceRow,
  type: string,
): string | null {
  if (named(cloud.storage.catalog.value.resourceTypes, type) === undefined) {
    throw notFound(`The metadata definition resource-type with name=${type}, was not found.`);
  }
  const association = named(row.associations, type);
  if (association !== undefined) return association.prefix;
  throw notFound(
    `The metadata definition resource-type association of resource-type=${type} to ` +
      `namespace=${row.namespace}, was not found.`,
  );
}
