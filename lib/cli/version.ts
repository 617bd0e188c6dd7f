/**
 * The version of this package. It stands here and not only in deno.json, which a package for Node does
 * not carry; a test keeps the two the same.
 *
 * @module
 */

/** The version that `glance --version` prints. */
export const VERSION: string = "0.1.0";
