/**
 * Tags of a namespace.
 *
 * @module
 */

import { type EmbeddedRequest, json, noContent, param, queryOf } from "../request/request.ts";
import { conflict, notFound } from "../http/errors.ts";
import { checkAgainst } from "../http/json_schema.ts";
import {
  changeNamespace,
  checkUnprotected,
  requireMetadefAdmin,
  visibleNamespace,
} from "./metadef_access.ts";
import { checkText, DATED_READ_ONLY, definitionOf, parts, tagRow } from "./bodies.ts";
import { checkVisibility } from "./listing.ts";
import {
  extended,
  named,
  type NamespaceRow,
  replaced,
  type TagRow,
} from "../store/metadef_records.ts";
import { TAG_SCHEMA, TAGS_SCHEMA } from "./metadef_schemas.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";
import { directionOf, limitOf, pageOf } from "../lists/pages.ts";

const SORT_KEYS = ["name", "created_at", "updated_at", "id"] as const;
/** Values of `X-Openstack-Append` that mean true, in lowercase. */
const TRUE_WORDS = ["1", "t", "true", "on", "y", "yes"];

/** `GET /v2/metadefs/namespaces/{namespace}/tags`, newest first by default. */
export function listTags(call: EmbeddedRequest): Response {
  const query = queryOf(call);
  directionOf(query);
  checkVisibility(query, ["public", "private", "shared"]);
  const limit = limitOf(query) ?? Infinity;
  const row = visibleNamespace(call);
  const marker = query.get("marker") ?? "";
  const tags = pageOf(query, row.tags, SORT_KEYS, {
    limit,
    after: marker === "" ? null : tagOf(row, marker),
    isWanted: () => true,
  });
  return json({ tags: tags.map(({ name }) => ({ name })) });
}

/** `GET /v2/metadefs/namespaces/{namespace}/tags/{tag}` */
export function showTag(call: EmbeddedRequest): Response {
  return json(tagOf(visibleNamespace(call), param(call, 1)));
}

/** `POST /v2/metadefs/namespaces/{namespace}/tags/{tag}` */
export async function addMetadefTag(call: EmbeddedRequest): Promise<Response> {
  const name = param(call, 1);
  visibleNamespace(call);
  checkAgainst(TAG_SCHEMA, { name });
  requireMetadefAdmin(call);
  const tag = newTag(call, { name });
  checkText("create metadata tag", tag);
  await changeNamespace(call, (row) => withTags(row, [tag]));
  return json(tag, 201);
}

/**
 * `POST /v2/metadefs/namespaces/{namespace}/tags`: replaces all tags, or appends with
 * `X-Openstack-Append: true`. An empty list changes nothing, as in Glance.
 */
export async function addTags(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, TAGS_SCHEMA, DATED_READ_ONLY);
  visibleNamespace(call);
  requireMetadefAdmin(call);
  const tags = parts(body["tags"]).map((part) => newTag(call, part));
  checkText("create metadata tag", ...tags);
  const header = call.request.headers.get("x-openstack-append") ?? "";
  const appends = TRUE_WORDS.includes(header.trim().toLowerCase());
  if (tags.length > 0) {
    await changeNamespace(call, (row) => withTags(appends ? row : { ...row, tags: [] }, tags));
  }
  return json({ tags: tags.map(({ name }) => ({ name })) }, 201);
}

/** `PUT /v2/metadefs/namespaces/{namespace}/tags/{tag}`: renames the tag. */
export async function renameTag(call: EmbeddedRequest): Promise<Response> {
  const body = await definitionOf(call, TAG_SCHEMA, DATED_READ_ONLY);
  visibleNamespace(call);
  requireMetadefAdmin(call);
  const name = String(body["name"]);
  const row = await changeNamespace(call, (current) => {
    const old = tagOf(current, param(call, 1));
    const taken = named(current.tags, name);
    if (taken !== undefined && taken !== old) throw duplicate(current, name);
    const tag = { ...old, name, updated_at: timestamp(call.cloud) };
    checkText("update metadata tag", tag);
    return { ...current, tags: replaced(current.tags, old, tag) };
  });
  return json(tagOf(row, name));
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/tags/{tag}` */
export async function removeMetadefTag(call: EmbeddedRequest): Promise<Response> {
  visibleNamespace(call);
  requireMetadefAdmin(call);
  await changeNamespace(call, (row) => {
    const gone = tagOf(row, param(call, 1));
    checkUnprotected(row, `tag ${gone.name}`);
    return { ...row, tags: row.tags.filter((other) => other !== gone) };
  });
  return noContent();
}

/**
 * The namespace with more tags.
 *
 * @throws {Failure} 409 if a name is taken.
 */
export function withTags(row: NamespaceRow, added: readonly TagRow[]): NamespaceRow {
  return { ...row, tags: extended(row.tags, added, ({ name }) => duplicate(row, name)) };
}

function duplicate({ namespace }: NamespaceRow, name: string): Error {
  return conflict(
    `A metadata tag with name=${name} already exists in namespace=${namespace}. (Please note that ` +
      "metadata tag names are case insensitive).",
  );
}

function newTag(call: EmbeddedRequest, part: Readonly<Record<string, unknown>>): TagRow {
  return tagRow(part, timesOfCreation(call.cloud));
}

function tagOf({ tags }: NamespaceRow, name: string): TagRow {
  const tag = named(tags, name);
  if (tag !== undefined) return tag;
  throw notFound(`Could not find metadata tag ${name}`);
}
