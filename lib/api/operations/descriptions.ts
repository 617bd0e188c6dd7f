/** The public description of the table of operations. */
import { hintsOf } from "../on_demand/operation_hints.ts";
import type { Operation, OperationDescription } from "../operation.ts";
import { DEFINITIONS, type OperationName } from "../operations.ts";
import { errorMeanings } from "./error_meanings.ts";

/**
 * Descriptions of all operations of the Image API, by their names in `call()`. Frozen.
 *
 * @example
 * ```ts
 * import { OPERATIONS } from "@glance-edge/glance/api";
 * import { assert } from "@std/assert";
 *
 * for (const [name, { verb, path, since }] of Object.entries(OPERATIONS)) {
 *   console.log(name, verb, path, since);
 * }
 * assert(OPERATIONS["stage"].errors[409] === "not queued, or staged already");
 * ```
 */
export const OPERATIONS: Readonly<Record<OperationName, OperationDescription>> =
  /* @__PURE__ */ described(
    DEFINITIONS,
  );

/** The descriptions: without functions, and with the meanings of the errors and the hints. */
function described(
  rows: typeof DEFINITIONS,
): Readonly<Record<OperationName, OperationDescription>> {
  const entries = (Object.keys(rows) as OperationName[]).map((name) => {
    const { send: _, receive: __, isIdempotentWith: ___, ...row }: Partial<
      Operation<never, unknown>
    > = rows[name];
    const { path, parameters, success } = rows[name];
    const [errors, hints] = [errorMeanings(name, path), hintsOf(rows[name])];
    for (const part of [errors, parameters, success, hints]) Object.freeze(part);
    return [name, Object.freeze({ ...row, errors, hints })];
  });
  return Object.freeze(Object.fromEntries(entries));
}
