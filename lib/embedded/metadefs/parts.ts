/**
 * Functions for objects, properties, tags, and associations: each is in a list of its namespace, under a unique name.
 */

import { type EmbeddedRequest, type EmbeddedRoute, noContent, param } from "../request/request.ts";
import { conflict, notFound } from "../http/errors.ts";
import { requireAdmin } from "../request/policy.ts";
import { fold } from "../lists/collation.ts";
import {
  named,
  type NamespaceRow,
  type PartLists,
  type PartRows,
  replaced,
} from "../storage/metadef_records.ts";
import { changeNamespace, checkUnprotected, visibleNamespace } from "./metadef_access.ts";

/** The lists whose entries have paths of their own. */
type DefinitionList = "objects" | "properties" | "tags";

/** The noun for an entry, and that in the error for an unknown name. */
const WORDS: Readonly<Record<DefinitionList, readonly [one: string, unknown: string]>> = {
  objects: ["object", "metadata object"],
  properties: ["property", "property"],
  tags: ["tag", "metadata tag"],
};

/** The errors for a name that is in use. */
const TAKEN: Readonly<Record<keyof PartRows, (name: string, namespace: string) => string>> = {
  objects: (name, namespace) =>
    `A metadata definition object with name=${name} already exists in namespace=${namespace}.`,
  properties: (name, namespace) =>
    `A metadata definition property with name=${name} already exists in namespace=${namespace}.`,
  tags: (name, namespace) =>
    `A metadata tag with name=${name} already exists in namespace=${namespace}. (Please note that ` +
    "metadata tag names are case insensitive).",
  associations: (name, namespace) =>
    `The metadata definition resource-type association of resource-type=${name} to ` +
    `namespace=${namespace} already exists.`,
};

/**
 * The part with the name.
 *
 * @throws {Failure} 404 if there is none.
 */
export function partOf<List extends DefinitionList>(
  lists: PartLists,
  list: List,
  name: string,
): PartRows[List] {
  const part = named<PartRows[List]>(lists[list], name);
  if (part !== undefined) return part;
  throw notFound(`Could not find ${WORDS[list][1]} ${name}`);
}

/**
 * The namespace with more parts. All names are compared in one pass, because a request may contain
 * any number of them.
 *
 * @throws {Failure} 409 if a name is in use.
 */
export function withParts<List extends keyof PartRows>(
  row: NamespaceRow,
  list: List,
  added: readonly PartRows[List][],
): NamespaceRow {
  const names = new Set(row[list].map(({ name }) => fold(name)));
  for (const { name } of added) {
    if (names.has(fold(name))) throw conflict(TAKEN[list](name, row.namespace));
    names.add(fold(name));
  }
  return { ...row, [list]: [...row[list], ...added] };
}

/**
 * The namespace with `next` in place of `old`.
 *
 * @throws {Failure} 409 if another part has the name.
 */
export function withReplaced<List extends DefinitionList>(
  row: NamespaceRow,
  list: List,
  old: PartRows[List],
  next: PartRows[List],
): NamespaceRow {
  const parts: PartLists[List] = row[list];
  const other = named<PartRows[List]>(parts, next.name);
  if (other === undefined || other === old) return { ...row, [list]: replaced(parts, old, next) };
  throw conflict(
    list === "tags"
      ? TAKEN.tags(next.name, row.namespace)
      : `Invalid update. It would result in a duplicate metadata definition ${
        WORDS[list][0]
      } with ` +
        `the same name=${old.name} in namespace=${row.namespace}.`,
  );
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/{list}/{name}` */
export function deletePart(
  list: DefinitionList,
  lookUp: (call: EmbeddedRequest) => NamespaceRow = visibleNamespace,
): EmbeddedRoute {
  return async (call) => {
    lookUp(call);
    requireAdmin(call);
    await changeNamespace(call, (row) => {
      const gone = partOf(row, list, param(call, 1));
      checkUnprotected(row, `${WORDS[list][0]} ${gone.name}`);
      return { ...row, [list]: row[list].filter((part) => part !== gone) };
    });
    return noContent();
  };
}

/** `DELETE /v2/metadefs/namespaces/{namespace}/{list}` */
export function deleteParts(list: DefinitionList): EmbeddedRoute {
  return async (call) => {
    visibleNamespace(call);
    requireAdmin(call, "delete_metadef_namespace");
    await changeNamespace(call, (row) => {
      checkUnprotected(row, `namespace ${row.namespace}`);
      return { ...row, [list]: [] };
    });
    return noContent();
  };
}
