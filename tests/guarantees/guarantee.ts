/** The form of a guarantee. */

/**
 * A sentence that holds, and its proofs: `file: name of the test`, with the file below `tests/` and `…` for what
 * a table of cases fills in. A file in `bench/` is run by hand.
 */
export type Guarantee = readonly [holds: string, ...proofs: readonly string[]];
