/** Compares sent data with the data that Glance has stored. Pure. */
import type { SentData } from "./upload_state.ts";

/** Glance's default. If an operator configures another one, only the size is compared. */
export const HASH_ALGORITHM = "sha512";

/** The size and hash of the data in an image record. */
export interface StoredData {
  readonly size: number | null | undefined;
  readonly algorithm?: string | null | undefined;
  readonly digest?: string | null | undefined;
}

/** A value that differs, with its measure: `size 5`, `sha512 ab…`. */
export interface DataDifference {
  readonly expected: string;
  readonly actual: string;
}

/** The first difference between sent and stored data; null if all that both state is equal. */
export function differenceBetween(sent: SentData, stored: StoredData): DataDifference | null {
  if (typeof stored.size === "number" && stored.size !== sent.size) {
    return { expected: `size ${sent.size}`, actual: `size ${stored.size}` };
  }
  const isComparable = stored.algorithm === HASH_ALGORITHM && sent.digest && stored.digest;
  if (!isComparable || stored.digest === sent.digest) return null;
  return {
    expected: `${HASH_ALGORITHM} ${sent.digest}`,
    actual: `${HASH_ALGORITHM} ${stored.digest}`,
  };
}
