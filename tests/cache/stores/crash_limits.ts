/** What the process that is killed and the test that kills it agree on. */

/** Bytes that each cache may take: less than all images have, so that slots are evicted all the time. */
export const CACHE_SIZE = 50_000;

export const SLOT_SIZE = 4096;

/** What a process has seen when it has read everything. */
export interface CrashReport {
  /** Bytes from the caches. */
  cached: number;
  /** Bytes from the origin. */
  fetched: number;
  damaged: number;
  readonly failures: string[];
}
