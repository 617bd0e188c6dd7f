/**
 * One operation of a JSON patch, as Glance reads it.
 *
 * @module
 */

/** One operation of a patch. */
export interface PatchChange {
  readonly op: "add" | "remove" | "replace";
  /** Property name, and a position for locations. */
  readonly path: readonly [name: string, position?: string];
  readonly value: unknown;
  /** In the 2.0 dialect an `add` may not replace. */
  readonly replaces: boolean;
}
