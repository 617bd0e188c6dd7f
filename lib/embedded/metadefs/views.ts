/** The JSON representation of metadata definitions. Null fields are omitted. */

import {
  type AssociationRow,
  byName,
  type NamespaceRow,
  type ObjectRow,
  type PropertyRow,
  type PropertySchema,
} from "../storage/metadef_records.ts";

type View = Record<string, unknown>;

/** A namespace without its objects, properties, tags, and associations. */
export function namespaceView(row: NamespaceRow): View {
  const { objects: _o, properties: _p, tags: _t, associations: _a, ...own } = row;
  return withoutNulls({
    ...own,
    self: namespacePath(row),
    schema: "/v2/schemas/metadefs/namespace",
  });
}

/** A namespace with its associations, as in a list. */
export function listedNamespaceView(row: NamespaceRow): View {
  return {
    ...namespaceView(row),
    resource_type_associations: unlessEmpty(row.associations.map(withoutNulls)),
  };
}

/**
 * A namespace with all its parts.
 *
 * @param prefix prepended to the names of properties.
 */
export function wholeNamespaceView(row: NamespaceRow, prefix: string): View {
  const properties = prefixed(prefix, propertiesView(row.properties));
  const objects = byName(row.objects).map((object) =>
    objectView(row, {
      ...object,
      required: object.required.map((name) => prefix + name),
      properties: prefixed(prefix, object.properties),
    })
  );
  return {
    ...listedNamespaceView(row),
    properties: row.properties.length > 0 ? properties : undefined,
    objects: unlessEmpty(objects),
    tags: unlessEmpty(row.tags.map(({ name }) => ({ name })).toReversed()),
  };
}

export function propertiesView(rows: readonly PropertyRow[]): Record<string, PropertySchema> {
  return Object.fromEntries(byName(rows).map(({ name, schema }) => [name, schema]));
}

/** A property, including its name. */
export function propertyView({ name, schema }: PropertyRow): View {
  return { ...schema, name };
}

export function objectView(namespace: NamespaceRow, row: ObjectRow): View {
  return withoutNulls({
    ...row,
    self: `${namespacePath(namespace)}/objects/${row.name}`,
    schema: "/v2/schemas/metadefs/object",
  });
}

/** An association as JSON. */
export function associationView(row: AssociationRow): View {
  return withoutNulls(row);
}

/** The path of a namespace. As in Glance, nothing is percent-encoded. */
export function namespacePath({ namespace }: NamespaceRow): string {
  return `/v2/metadefs/namespaces/${namespace}`;
}

/**
 * A view without the fields in `names` that the request body omitted: Glance's response to POST and
 * PUT.
 */
export function asGiven(
  view: View,
  body: Readonly<Record<string, unknown>>,
  names: string[],
): View {
  return Object.fromEntries(
    Object.entries(view).filter(([name]) => !names.includes(name) || Object.hasOwn(body, name)),
  );
}

function prefixed(
  prefix: string,
  properties: Readonly<Record<string, PropertySchema>>,
): Readonly<Record<string, PropertySchema>> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [prefix + name, schema]),
  );
}

function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function withoutNulls(value: object): View {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
}
