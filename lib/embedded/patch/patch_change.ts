/** One operation of a parsed JSON patch. */

/** One operation of a patch. */
export interface PatchChange {
  readonly op: "add" | "remove" | "replace";
  /** Property name, and a position in `locations`. */
  readonly path: readonly [name: string, position?: string];
  readonly value: unknown;
  /** True if `add` may replace an existing value; false in the 2.0 dialect. */
  readonly replaces: boolean;
}
