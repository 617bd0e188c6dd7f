/**
 * The version of this package. deno.json has it too, but is not part of a package for Node; a test compares
 * both.
 */

/** The version that `glance --version` prints. */
export const VERSION: string = "0.1.0";
