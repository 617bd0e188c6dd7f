/**
 * Resource types, and their associations with namespaces. A resource type exists from its first
 * association on and is never removed.
 */

import { type EmbeddedRequest, json, noContent, param } from "../request/request.ts";
import { notFound } from "../http/errors.ts";
import { requireAdmin } from "../request/policy.ts";
import { type MethodRoute, withBody, withoutBody } from "../request/route.ts";
import { changeNamespace, checkUnprotected, visibleNamespace } from "./metadef_access.ts";
import { associationRow, checkText, DATED_READ_ONLY, definitionOf } from "./bodies.ts";
import { named, type NamespaceRow } from "../storage/metadef_records.ts";
import { ASSOCIATION_SCHEMA } from "./metadef_schemas.ts";
import { withParts } from "./parts.ts";
import { associationView } from "./views.ts";
import { timesOfCreation } from "../request/embedded_cloud.ts";

export const RESOURCE_TYPE_ROUTES: readonly MethodRoute[] = [
  withoutBody("GET /metadefs/resource_types", "list_metadef_resource_types", listResourceTypes),
  withoutBody(
    "GET /metadefs/namespaces/*/resource_types",
    "list_metadef_resource_types",
    listAssociations,
  ),
  withBody(
    "POST /metadefs/namespaces/*/resource_types",
    "add_metadef_resource_type_association",
    addAssociation,
  ),
  withoutBody(
    "DELETE /metadefs/namespaces/*/resource_types/*",
    "remove_metadef_resource_type_association",
    removeAssociation,
  ),
];

function listResourceTypes({ cloud }: EmbeddedRequest): Response {
  return json({ resource_types: cloud.storage.catalog.value.resourceTypes });
}

function listAssociations(call: EmbeddedRequest): Response {
  const { associations } = visibleNamespace(call);
  return json({ resource_type_associations: associations.map(associationView) });
}

async function addAssociation(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, ASSOCIATION_SCHEMA, DATED_READ_ONLY);
  visibleNamespace(call);
  requireAdmin(call);
  const association = associationRow(body, timesOfCreation(call.cloud));
  checkText("create resource type association", association);
  await changeNamespace(call, (row) => withParts(row, "associations", [association]));
  return json(associationView(association), 201);
}

async function removeAssociation(call: EmbeddedRequest): Promise<Response> {
  const name = param(call, 1);
  visibleNamespace(call);
  requireAdmin(call);
  await changeNamespace(call, (row) => {
    const gone = row.associations.find((association) => association.name === name);
    if (gone === undefined) throw notFound(`Failed to find resource type ${name} to delete`);
    checkUnprotected(row, `resource-type-association ${name}`);
    return { ...row, associations: row.associations.filter((other) => other !== gone) };
  });
  return noContent();
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
