/**
 * The stored form of metadata definitions: one immutable catalog of all namespaces, with Glance's
 * field names. Lists are in order of creation.
 */

import { compareText, isSameText } from "../lists/collation.ts";

/** Times of creation and of the last change, in the format of the API. */
export interface Dated {
  readonly created_at: string;
  readonly updated_at: string;
}

/** Definition of a property: a subset of JSON Schema. */
export type PropertySchema = Readonly<Record<string, unknown>>;

/** A property of a namespace. */
export interface PropertyRow {
  readonly name: string;
  readonly schema: PropertySchema;
}

/** A named group of properties. */
export interface ObjectRow extends Dated {
  readonly name: string;
  readonly description: string | null;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, PropertySchema>>;
}

export interface TagRow extends Dated {
  readonly name: string;
}

/** A resource type that a namespace applies to, and the prefix of its properties there. */
export interface AssociationRow extends Dated {
  readonly name: string;
  readonly prefix: string | null;
  readonly properties_target: string | null;
}

/** A resource type that at least one namespace was associated with. */
export interface ResourceTypeRow extends Dated {
  readonly name: string;
}

/** The rows in each list of a namespace. */
export interface PartRows {
  readonly objects: ObjectRow;
  readonly properties: PropertyRow;
  readonly tags: TagRow;
  readonly associations: AssociationRow;
}

export type PartLists = { readonly [List in keyof PartRows]: readonly PartRows[List][] };

export interface NamespaceRow extends Dated, PartLists {
  readonly namespace: string;
  readonly display_name: string | null;
  readonly description: string | null;
  readonly visibility: "public" | "private";
  readonly protected: boolean;
  readonly owner: string | null;
}

export interface Catalog {
  readonly namespaces: readonly NamespaceRow[];
  readonly resourceTypes: readonly ResourceTypeRow[];
}

export const EMPTY_CATALOG: Catalog = { namespaces: [], resourceTypes: [] };

/** The entry with the name, compared as Glance's database does. */
export function named<T extends { readonly name: string }>(
  list: readonly T[],
  name: string,
): T | undefined {
  return list.find((candidate) => isSameText(candidate.name, name));
}

/** The list with `old` replaced by `next`. */
export function replaced<T>(list: readonly T[], old: T, next: T): readonly T[] {
  return list.map((entry) => entry === old ? next : entry);
}

/** Sorted by name, the default order of Glance's database. */
export function byName<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => compareText(a.name, b.name));
}
