/**
 * What is stored of the metadata definitions: one immutable catalogue with every namespace in it, in
 * Glance's own words. Lists are in order of creation.
 *
 * @module
 */

import { compareText, fold, isSameText } from "../lists/collation.ts";

/** When a thing was made and last changed, as on the wire. */
export interface Dated {
  readonly created_at: string;
  readonly updated_at: string;
}

/** The definition of a property, a part of JSON Schema. */
export type PropertySchema = Readonly<Record<string, unknown>>;

/** A property of a namespace. */
export interface PropertyRow {
  readonly name: string;
  readonly schema: PropertySchema;
}

/** A group of properties under one name. */
export interface ObjectRow extends Dated {
  readonly name: string;
  readonly description: string | null;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, PropertySchema>>;
}

export interface TagRow extends Dated {
  readonly name: string;
}

/** What the definitions of a namespace are for, and what goes before their names there. */
export interface AssociationRow extends Dated {
  readonly name: string;
  readonly prefix: string | null;
  readonly properties_target: string | null;
}

/** A kind of resource that some namespace was once associated with. */
export interface ResourceTypeRow extends Dated {
  readonly name: string;
}

export interface NamespaceRow extends Dated {
  readonly namespace: string;
  readonly display_name: string | null;
  readonly description: string | null;
  readonly visibility: "public" | "private";
  readonly protected: boolean;
  readonly owner: string | null;
  readonly objects: readonly ObjectRow[];
  readonly properties: readonly PropertyRow[];
  readonly tags: readonly TagRow[];
  readonly associations: readonly AssociationRow[];
}

export interface Catalogue {
  readonly namespaces: readonly NamespaceRow[];
  readonly resourceTypes: readonly ResourceTypeRow[];
}

export const EMPTY_CATALOGUE: Catalogue = { namespaces: [], resourceTypes: [] };

/** The one of that name. */
export function named<T extends { readonly name: string }>(
  list: readonly T[],
  name: string,
): T | undefined {
  return list.find((candidate) => isSameText(candidate.name, name));
}

/**
 * The list with more at its end. `taken` makes the error for a name that is there already. Each name is
 * compared with all the others in one step, since a request may bring any number of them.
 */
export function extended<T extends { readonly name: string }>(
  list: readonly T[],
  added: readonly T[],
  taken: (entry: T) => Error,
): readonly T[] {
  const names = new Set(list.map(({ name }) => fold(name)));
  for (const entry of added) {
    const name = fold(entry.name);
    if (names.has(name)) throw taken(entry);
    names.add(name);
  }
  return [...list, ...added];
}

/** The list with `next` where `old` was. */
export function replaced<T>(list: readonly T[], old: T, next: T): readonly T[] {
  return list.map((entry) => entry === old ? next : entry);
}

/** By name, as Glance's database sorts by default. */
export function byName<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => compareText(a.name, b.name));
}
