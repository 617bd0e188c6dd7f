/**
 * Lists that come in pages, each asked for by the key of the last entry before it.
 *
 * @module
 */
import { GlanceError } from "../../../errors.ts";

/** Entries before a marker that is gone which are tried in its place. */
const MAX_EARLIER = 20;

/**
 * All entries of a list, to the first page that has no new ones: what Glance says of a next page is wrong
 * now and then. Where a marker was deleted meanwhile, an entry before it takes its place.
 *
 * @param ask for the page behind `marker`; for the first one with null
 */
export async function allPages<T>(
  ask: (marker: string | null) => Promise<readonly T[]>,
  keyOf: (entry: T) => string,
): Promise<T[]> {
  const all: T[] = [];
  const markers = new Set<string>();
  for (let marker: string | null = null;;) {
    const page: readonly T[] = await pageAfter(all.slice(-MAX_EARLIER));
    const last = page.at(-1);
    if (last === undefined || markers.has(keyOf(last))) return all;
    for (const entry of page) all.push(entry);
    marker = keyOf(last);
    markers.add(marker);
  }

  async function pageAfter(earlier: readonly T[]): Promise<readonly T[]> {
    for (let i = earlier.length - 1;; i--) {
      const entry = earlier[i];
      try {
        return await ask(entry === undefined ? null : keyOf(entry));
      } catch (error) {
        const isLost = error instanceof GlanceError && [400, 404].includes(error.status ?? 0);
        if (!isLost || i <= 0) throw error;
      }
    }
  }
}
