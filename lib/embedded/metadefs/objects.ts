/** Objects (groups of properties) of a namespace. */

import { type EmbeddedRequest, json, param, queryOf } from "../request/request.ts";
import { badRequest } from "../http/errors.ts";
import { requireAdmin } from "../request/policy.ts";
import { type MethodRoute, withBody, withoutBody } from "../request/route.ts";
import { changeNamespace, noDefinition, noNamespace, visibleNamespace } from "./metadef_access.ts";
import { checkText, type Definition, definitionOf, LINKED_READ_ONLY, objectRow } from "./bodies.ts";
import { checkVisibility } from "./listing.ts";
import { byName, type NamespaceRow, type ObjectRow } from "../storage/metadef_records.ts";
import { OBJECT_SCHEMA } from "./metadef_schemas.ts";
import { deletePart, deleteParts, partOf, withParts, withReplaced } from "./parts.ts";
import { asGiven, objectView } from "./views.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";
import { directionOf, limitOf } from "../lists/pages.ts";

export const OBJECT_ROUTES: readonly MethodRoute[] = [
  withBody("GET /metadefs/namespaces/*/objects", "get_metadef_objects", listObjects),
  withBody("POST /metadefs/namespaces/*/objects", "add_metadef_object", addObject),
  withoutBody("DELETE /metadefs/namespaces/*/objects", null, deleteParts("objects")),
  withoutBody("GET /metadefs/namespaces/*/objects/*", "get_metadef_object", showObject),
  withBody("PUT /metadefs/namespaces/*/objects/*", "modify_metadef_object", updateObject),
  withoutBody(
    "DELETE /metadefs/namespaces/*/objects/*",
    "delete_metadef_object",
    deletePart("objects", lookUp),
  ),
];

/** Returns all objects. As in Glance, the query parameters are validated and then ignored. */
function listObjects(call: EmbeddedRequest): Response {
  checkQuery(queryOf(call));
  const namespace = lookUp(call);
  return json({
    objects: byName(namespace.objects).map((row) => objectView(namespace, row)),
    // Glance omits the leading slash.
    schema: "v2/schemas/metadefs/objects",
  });
}

function showObject(call: EmbeddedRequest): Response {
  const namespace = lookUp(call);
  return json(objectView(namespace, partOf(namespace, "objects", param(call, 1))));
}

async function addObject(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, OBJECT_SCHEMA, LINKED_READ_ONLY);
  const object = objectRow(body, timesOfCreation(call.cloud));
  lookUp(call);
  requireAdmin(call);
  checkText("create metadata object", object);
  const namespace = await changeNamespace(call, (row) => withParts(row, "objects", [object]));
  return json(givenView(namespace, object, body), 201);
}

async function updateObject(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, OBJECT_SCHEMA, LINKED_READ_ONLY);
  lookUp(call);
  requireAdmin(call);
  const namespace = await changeNamespace(call, (row) => {
    const old = partOf(row, "objects", param(call, 1));
    const { created_at } = old;
    const object = objectRow(body, { created_at, updated_at: timestamp(call.cloud) });
    checkText("update metadata object", object);
    return withReplaced(row, "objects", old, object);
  });
  return json(givenView(namespace, partOf(namespace, "objects", String(body["name"])), body));
}

function givenView(namespace: NamespaceRow, row: ObjectRow, body: Definition): unknown {
  return asGiven(objectView(namespace, row), body, ["required", "properties"]);
}

function lookUp(call: EmbeddedRequest): NamespaceRow {
  return visibleNamespace(call, noDefinition, noNamespace);
}

function checkQuery(query: URLSearchParams): void {
  directionOf(query);
  checkVisibility(query, ["public", "private", "shared"]);
  if (limitOf(query) === 0) throw badRequest("limit param must be positive");
}
