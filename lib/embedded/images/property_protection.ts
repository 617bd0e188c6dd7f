/** Access rules for custom properties, as in Glance's `property_protection_file`. */

import { forbidden } from "../http/errors.ts";
import type { Identity } from "../request/identity.ts";

/** An operation on a property. */
export type PropertyAction = "create" | "read" | "update" | "delete";

/**
 * A rule: the roles that may create, read, update, and delete the properties with matching names.
 * `@` allows every role; `!` or an empty list allows none.
 */
export interface EmbeddedPropertyRule extends Readonly<Record<PropertyAction, readonly string[]>> {
  /** Matches anywhere in the name, as Python's `re.search` does. */
  readonly name: RegExp;
}

/** The parts of a request that decide about access. */
interface ProtectedCaller {
  readonly cloud: { readonly propertyRules: readonly EmbeddedPropertyRule[] };
  readonly identity: Identity;
}

/**
 * True if the first rule that matches the name allows one of the roles. `search` ignores where an expression with the
 * flag `g` has matched before.
 */
function mayTouch(
  { cloud, identity }: ProtectedCaller,
  name: string,
  action: PropertyAction,
): boolean {
  if (cloud.propertyRules.length === 0) return true;
  const roles = cloud.propertyRules.find((rule) => name.search(rule.name) >= 0)?.[action] ?? [];
  if (roles.includes("!")) return false;
  return roles.includes("@") || identity.roles.some((role) => roles.includes(role));
}

/**
 * Checks the rules for one property.
 *
 * @throws {Failure} 403 if they do not allow the operation.
 */
export function checkPropertyAccess(
  caller: ProtectedCaller,
  name: string,
  action: PropertyAction,
): void {
  if (mayTouch(caller, name, action)) return;
  throw forbidden(`Attribute '${name}' is reserved.`);
}

/** The properties that the client may read. */
export function readableProperties<Value>(
  caller: ProtectedCaller,
  properties: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  if (caller.cloud.propertyRules.length === 0) return properties;
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => mayTouch(caller, name, "read")),
  );
}
