/** Properties of a namespace. */

import { type EmbeddedRequest, json, param, queryOf } from "../request/request.ts";
import { notFound } from "../http/errors.ts";
import { requireAdmin } from "../request/policy.ts";
import { type MethodRoute, withBody, withoutBody } from "../request/route.ts";
import { changeNamespace, visibleNamespace } from "./metadef_access.ts";
import { checkText, DATED_READ_ONLY, definitionOf, propertyRow } from "./bodies.ts";
import { prefixOn } from "./resource_types.ts";
import type { PropertyRow } from "../storage/metadef_records.ts";
import { PROPERTY_SCHEMA } from "./metadef_schemas.ts";
import { deletePart, deleteParts, partOf, withParts, withReplaced } from "./parts.ts";
import { propertiesView, propertyView } from "./views.ts";

export const PROPERTY_ROUTES: readonly MethodRoute[] = [
  withoutBody("GET /metadefs/namespaces/*/properties", "get_metadef_properties", listProperties),
  withBody("POST /metadefs/namespaces/*/properties", "add_metadef_property", addProperty),
  withoutBody("DELETE /metadefs/namespaces/*/properties", null, deleteParts("properties")),
  withoutBody("GET /metadefs/namespaces/*/properties/*", "get_metadef_property", showProperty),
  withBody("PUT /metadefs/namespaces/*/properties/*", "modify_metadef_property", updateProperty),
  withoutBody(
    "DELETE /metadefs/namespaces/*/properties/*",
    "remove_metadef_property",
    deletePart("properties"),
  ),
];

function listProperties(call: EmbeddedRequest): Response {
  return json({ properties: propertiesView(visibleNamespace(call).properties) });
}

/** With `?resource_type=`, the name in the path includes the prefix of that type. */
function showProperty(call: EmbeddedRequest): Response {
  const namespace = visibleNamespace(call);
  const type = queryOf(call).get("resource_type") ?? "";
  const name = param(call, 1);
  const unprefixed = type === "" ? name : withoutPrefix(name, prefixOn(call, namespace, type));
  return json(propertyView(partOf(namespace, "properties", unprefixed)));
}

async function addProperty(call: EmbeddedRequest): Promise<Response> {
  const property = await givenProperty(call);
  visibleNamespace(call);
  requireAdmin(call);
  checkText("create metadata property", property);
  await changeNamespace(call, (row) => withParts(row, "properties", [property]));
  return json(propertyView(property), 201);
}

async function updateProperty(call: EmbeddedRequest): Promise<Response> {
  const property = await givenProperty(call);
  visibleNamespace(call);
  requireAdmin(call);
  await changeNamespace(call, (row) => {
    const old = partOf(row, "properties", param(call, 1));
    checkText("update metadata property", property);
    return withReplaced(row, "properties", old, property);
  });
  return json(propertyView(property));
}

async function givenProperty(call: EmbeddedRequest): Promise<PropertyRow> {
  const body = await definitionOf(call, PROPERTY_SCHEMA, DATED_READ_ONLY);
  return propertyRow(String(body["name"]), body);
}

function withoutPrefix(name: string, prefix: string | null): string {
  if (prefix !== null && prefix !== "" && name.startsWith(prefix)) return name.slice(prefix.length);
  throw notFound(
    `Property ${name} does not start with the expected resource type association prefix of ` +
      `'${prefix ?? "None"}'.`,
  );
}
