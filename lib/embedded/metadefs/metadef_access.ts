/**
 * Finding the namespace that a path names, who may do what with it, and the change of one namespace
 * in the catalogue.
 *
 * @module
 */

import { type EmbeddedRequest, param } from "../request/request.ts";
import { Failure, forbidden, notFound } from "../http/errors.ts";
import { isAdmin, type Requester } from "../request/identity.ts";
import { fold, isSameText } from "../lists/collation.ts";
import { type Catalogue, type NamespaceRow, replaced } from "../store/metadef_records.ts";
import { refuseByPolicy } from "../request/policy.ts";

/** May see the namespace: everybody where it is public, else its owner and administrators. */
export function canSeeNamespace(identity: Requester, row: NamespaceRow): boolean {
  return isAdmin(identity) || row.visibility === "public" || row.owner === null ||
    row.owner === identity.projectId;
}

/** The namespace of that name, whoever may see it. */
export function namespaceOf(
  namespaces: readonly NamespaceRow[],
  name: string,
): NamespaceRow | undefined {
  return namespaces.find(({ namespace }) => isSameText(namespace, name));
}

/**
 * The namespace that the first segment names.
 *
 * @throws {Failure} 404 where it is not there, or not visible for the caller.
 */
export function visibleNamespace(
  call: EmbeddedRequest,
  missing: (name: string) => Failure = noNamespace,
  hidden: (name: string) => Failure = missing,
): NamespaceRow {
  const name = param(call, 0);
  const row = namespaceOf(call.cloud.store.catalogue.value.namespaces, name);
  if (row === undefined) throw missing(name);
  if (!canSeeNamespace(call.identity, row)) throw hidden(name);
  refuseByPolicy(call, call.action);
  return row;
}

/** What most of Glance says about a namespace that it does not find. */
export function noNamespace(name: string): Failure {
  return notFound(`Namespace ${name} not found`);
}

/** What the rest of Glance says. */
export function noDefinition(name: string): Failure {
  return notFound(`Metadata definition namespace=${name} was not found.`);
}

/**
 * Only administrators define.
 *
 * @param action name of Glance's policy.
 * @throws {Failure} 403.
 */
export function refuseReaders({ identity }: EmbeddedRequest, action: string): void {
  if (isAdmin(identity)) return;
  throw forbidden(`You are not authorized to complete ${action} action.`);
}

/**
 * Nothing of a protected namespace is deleted.
 *
 * @param what the thing, with its name.
 * @throws {Failure} 403.
 */
export function refuseProtected(row: NamespaceRow, what: string): void {
  if (row.protected) {
    throw forbidden(`Metadata definition ${what} is protected and cannot be deleted.`);
  }
}

/** The catalogue with these namespaces, knowing each type that one of them is associated with. */
export function withNamespaces(
  { resourceTypes }: Catalogue,
  namespaces: readonly NamespaceRow[],
): Catalogue {
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
 * Changes the namespace that the first segment names: `change` sees the newest row and gives the
 * next. Fulfilled with the new row.
 *
 * @throws {Failure} 404 where the namespace is gone by then.
 */
export async function changeNamespace(
  call: EmbeddedRequest,
  change: (row: NamespaceRow, catalogue: Catalogue) => NamespaceRow,
): Promise<NamespaceRow> {
  let changed: NamespaceRow | undefined;
  await call.cloud.store.catalogue.change((catalogue) => {
    const row = namespaceOf(catalogue.namespaces, param(call, 0));
    if (row === undefined) throw noNamespace(param(call, 0));
    changed = change(row, catalogue);
    return withNamespaces(catalogue, replaced(catalogue.namespaces, row, changed));
  });
  if (changed === undefined) throw new Failure(500);
  return changed;
}
