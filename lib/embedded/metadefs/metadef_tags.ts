/** Tags of a namespace. */

import { type EmbeddedRequest, json, param, queryOf } from "../request/request.ts";
import { requireAdmin } from "../request/policy.ts";
import { type MethodRoute, withBody, withoutBody } from "../request/route.ts";
import { checkAgainst } from "../http/json_schema.ts";
import { changeNamespace, visibleNamespace } from "./metadef_access.ts";
import { checkText, DATED_READ_ONLY, definitionOf, parts, tagRow } from "./bodies.ts";
import { checkVisibility } from "./listing.ts";
import { TAG_SCHEMA, TAGS_SCHEMA } from "./metadef_schemas.ts";
import { deletePart, deleteParts, partOf, withParts, withReplaced } from "./parts.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";
import { directionOf, limitOf, pageOf } from "../lists/pages.ts";

export const METADEF_TAG_ROUTES: readonly MethodRoute[] = [
  withBody("GET /metadefs/namespaces/*/tags", "get_metadef_tags", listTags),
  withBody("POST /metadefs/namespaces/*/tags", "add_metadef_tags", addTags),
  withoutBody("DELETE /metadefs/namespaces/*/tags", null, deleteParts("tags")),
  withoutBody("GET /metadefs/namespaces/*/tags/*", "get_metadef_tag", showTag),
  withoutBody("POST /metadefs/namespaces/*/tags/*", "add_metadef_tag", addTag),
  withBody("PUT /metadefs/namespaces/*/tags/*", "modify_metadef_tag", renameTag),
  withoutBody("DELETE /metadefs/namespaces/*/tags/*", "delete_metadef_tag", deletePart("tags")),
];

const SORT_KEYS = ["name", "created_at", "updated_at", "id"] as const;
/** Values of `X-Openstack-Append` that mean true, in lowercase. */
const TRUE_WORDS = ["1", "t", "true", "on", "y", "yes"];

/** Newest first by default. */
function listTags(call: EmbeddedRequest): Response {
  const query = queryOf(call);
  directionOf(query);
  checkVisibility(query, ["public", "private", "shared"]);
  const limit = limitOf(query) ?? Infinity;
  const row = visibleNamespace(call);
  const marker = query.get("marker") ?? "";
  const tags = pageOf(query, row.tags, SORT_KEYS, {
    limit,
    after: marker === "" ? null : partOf(row, "tags", marker),
    passesFilters: () => true,
  });
  return json({ tags: tags.map(({ name }) => ({ name })) });
}

function showTag(call: EmbeddedRequest): Response {
  return json(partOf(visibleNamespace(call), "tags", param(call, 1)));
}

async function addTag(call: EmbeddedRequest): Promise<Response> {
  const name = param(call, 1);
  visibleNamespace(call);
  checkAgainst(TAG_SCHEMA, { name });
  requireAdmin(call);
  const tag = tagRow({ name }, timesOfCreation(call.cloud));
  checkText("create metadata tag", tag);
  await changeNamespace(call, (row) => withParts(row, "tags", [tag]));
  return json(tag, 201);
}

/**
 * Replaces all tags, or appends with `X-Openstack-Append: true`. An empty list changes nothing, as
 * in Glance.
 */
async function addTags(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, TAGS_SCHEMA, DATED_READ_ONLY);
  visibleNamespace(call);
  requireAdmin(call);
  const times = timesOfCreation(call.cloud);
  const tags = parts(body["tags"]).map((part) => tagRow(part, times));
  checkText("create metadata tag", ...tags);
  const header = call.request.headers.get("x-openstack-append") ?? "";
  const appends = TRUE_WORDS.includes(header.trim().toLowerCase());
  if (tags.length > 0) {
    await changeNamespace(
      call,
      (row) => withParts(appends ? row : { ...row, tags: [] }, "tags", tags),
    );
  }
  return json({ tags: tags.map(({ name }) => ({ name })) }, 201);
}

async function renameTag(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, TAG_SCHEMA, DATED_READ_ONLY);
  visibleNamespace(call);
  requireAdmin(call);
  const name = String(body["name"]);
  const row = await changeNamespace(call, (current) => {
    const old = partOf(current, "tags", param(call, 1));
    const tag = { ...old, name, updated_at: timestamp(call.cloud) };
    checkText("update metadata tag", tag);
    return withReplaced(current, "tags", old, tag);
  });
  return json(partOf(row, "tags", name));
}
