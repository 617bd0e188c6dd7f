/** Looks up the namespace of a request, checks access, and changes it in the catalog. */

import { type EmbeddedRequest, param } from "../request/request.ts";
import { Failure, forbidden, notFound } from "../http/errors.ts";
import { type Identity, isAdmin } from "../request/identity.ts";
import { fold, isSameText } from "../lists/collation.ts";
import { type Catalog, type NamespaceRow, replaced } from "../storage/metadef_records.ts";
import { checkPolicy } from "../request/policy.ts";

/** True if the client may see the namespace: a public one, or as its owner or an administrator. */
export function canSeeNamespace(identity: Identity, row: NamespaceRow): boolean {
  return isAdmin(identity) || row.visibility === "public" || row.owner === null ||
    row.owner === identity.projectId;
}

/** The namespace with the name, regardless of its visibility. */
export function namespaceOf(
  namespaces: readonly NamespaceRow[],
  name: string,
): NamespaceRow | undefined {
  return namespaces.find(({ namespace }) => isSameText(namespace, name));
}

/**
 * The namespace whose name is the first path parameter.
 *
 * @param missing creates the error for an unknown namespace.
 * @param hidden creates the error for an invisible namespace (default: `missing`).
 * @throws {Failure} 404 if it does not exist or is not visible, 403 if a policy forbids the request.
 */
export function visibleNamespace(
  call: EmbeddedRequest,
  missing: (name: string) => Failure = noNamespace,
  hidden: (name: string) => Failure = missing,
): NamespaceRow {
  const name = param(call, 0);
  const row = namespaceOf(call.cloud.storage.catalog.value.namespaces, name);
  if (row === undefined) throw missing(name);
  if (!canSeeNamespace(call.identity, row)) throw hidden(name);
  checkPolicy(call, call.action);
  return row;
}

/** The error that most of Glance's routes give for an unknown namespace. */
export function noNamespace(name: string): Failure {
  return notFound(`Namespace ${name} not found`);
}

/** The error that the other routes give for an unknown namespace. */
export function noDefinition(name: string): Failure {
  return notFound(`Metadata definition namespace=${name} was not found.`);
}

/**
 * Rejects deletions in a protected namespace.
 *
 * @param what kind and name of the definition.
 * @throws {Failure} 403 if the namespace is protected.
 */
export function checkUnprotected(row: NamespaceRow, what: string): void {
  if (row.protected) {
    throw forbidden(`Metadata definition ${what} is protected and cannot be deleted.`);
  }
}

/** The catalog with these namespaces, plus the resource types that they are associated with. */
export function withNamespaces(
  { resourceTypes }: Catalog,
  namespaces: readonly NamespaceRow[],
): Catalog {
  const types = [...resourceTypes];
  const known = new Set(types.map(({ name }) => fold(name)));
  for (const { name, created_at, updated_at } of namespaces.flatMap((row) => row.associations)) {
    if (known.has(fold(name))) continue;
    known.add(fold(name));
    types.push({ name, created_at, updated_at });
  }
  return { namespaces, resourceTypes: types };
}

/**
 * Changes the namespace whose name is the first path parameter. `change` gets the current row and
 * returns the new one, which the promise resolves with.
 *
 * @throws {Failure} 404 if the namespace was deleted meanwhile.
 */
export async function changeNamespace(
  call: EmbeddedRequest,
  change: (row: NamespaceRow, catalog: Catalog) => NamespaceRow,
): Promise<NamespaceRow> {
  let changed: NamespaceRow | undefined;
  await call.cloud.storage.catalog.change((catalog) => {
    const row = namespaceOf(catalog.namespaces, param(call, 0));
    if (row === undefined) throw noNamespace(param(call, 0));
    changed = change(row, catalog);
    return withNamespaces(catalog, replaced(catalog.namespaces, row, changed));
  });
  if (changed === undefined) throw new Failure(500);
  return changed;
}
