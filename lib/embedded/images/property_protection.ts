/**
 * Custom properties that only some roles may create, read, change or delete: the rules that a Glance
 * reads from its `property_protection_file`.
 *
 * @module
 */

import { forbidden } from "../http/errors.ts";
import type { Requester } from "../request/identity.ts";

/** What may be done with a property. */
export type PropertyAction = "create" | "read" | "update" | "delete";

/**
 * One rule: who may do what with the properties whose names match. `@` is everyone, an empty list or
 * `!` is no one.
 */
export interface EmbeddedPropertyRule extends Readonly<Record<PropertyAction, readonly string[]>> {
  /** Found anywhere in a name, as Python's `re.search` finds it. */
  readonly name: RegExp;
}

/** What decides about the properties of a request. */
interface ProtectedCaller {
  readonly cloud: { readonly propertyRules: readonly EmbeddedPropertyRule[] };
  readonly identity: Requester;
}

/** True if the first rule that matches the name lets one of the caller's roles do it. */
export function mayTouch(
  { cloud, identity }: ProtectedCaller,
  name: string,
  action: PropertyAction,
): boolean {
  if (cloud.propertyRules.length === 0) return true;
  const roles = cloud.propertyRules.find((rule) => rule.name.test(name))?.[action] ?? [];
  if (roles.includes("!")) return false;
  return roles.includes("@") || identity.roles.some((role) => roles.includes(role));
}

/** @throws {Failure} 403 for what the rules do not let the caller do. */
export function refuseProtectedProperty(
  asker: ProtectedCaller,
  name: string,
  action: PropertyAction,
): void {
  if (mayTouch(asker, name, action)) return;
  throw forbidden(`Attribute '${name}' is reserved.`);
}

/** The properties that the caller may read. */
export function readableProperties<Value>(
  asker: ProtectedCaller,
  properties: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  if (asker.cloud.propertyRules.length === 0) return properties;
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => mayTouch(asker, name, "read")),
  );
}
