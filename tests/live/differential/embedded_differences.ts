/** Where the embedded Glance does not answer as the real one does, and why. */
import type { Difference } from "./differences.ts";

/** The embedded part of the table. */
export const EMBEDDED_DIFFERENCES: readonly Difference[] = [];
