/** Reads lists page by page; the marker is the key of the last entry of the previous page. */
import { GlanceError } from "../../../errors.ts";
import { definedMembers } from "../../../validate.ts";

/** Number of earlier entries that are tried as the marker if the last one was deleted. */
const MAX_EARLIER = 20;

/** A page of a list. */
export interface EntryPage<T> {
  readonly entries: readonly T[];
  /** Whether it is certain that no page follows. */
  readonly isLast: boolean;
}

/**
 * Reads all entries of a list. It ends at the first page that is the last, or has no new entries. If the marker
 * was deleted meanwhile, an earlier entry is used.
 *
 * @param fetchPage fetches the page after `marker`; null for the first page
 */
export async function allPages<T>(
  fetchPage: (marker: string | null) => Promise<EntryPage<T>>,
  keyOf: (entry: T) => string,
): Promise<T[]> {
  const all: T[] = [];
  const markers = new Set<string>();
  for (let marker: string | null = null;;) {
    const { entries, isLast }: EntryPage<T> = await pageAfter(all.slice(-MAX_EARLIER));
    const last = entries.at(-1);
    if (last === undefined || markers.has(keyOf(last))) return all;
    for (const entry of entries) all.push(entry);
    if (isLast) return all;
    marker = keyOf(last);
    markers.add(marker);
  }

  async function pageAfter(earlier: readonly T[]): Promise<EntryPage<T>> {
    for (let i = earlier.length - 1;; i--) {
      const entry = earlier[i];
      try {
        return await fetchPage(entry === undefined ? null : keyOf(entry));
      } catch (error) {
        const isLost = error instanceof GlanceError && [400, 404].includes(error.status ?? 0);
        if (!isLost || i <= 0) throw error;
      }
    }
  }
}

/** The parameters of a query that are set. */
export function queryOf(
  parameters: Readonly<Record<string, string | undefined>>,
): [name: string, value: string][] {
  return Object.entries(definedMembers<Record<string, string>>(parameters)) as [string, string][];
}
