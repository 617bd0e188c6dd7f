/**
 * Lists that come in pages, each asked for by the key of the last entry before it.
 *
 * @module
 */

/**
 * All entries of a list, to the first page that has no new ones: what Glance says of a next page is wrong
 * now and then.
 *
 * @param ask for the page behind `marker`; for the first one with null
 */
export async function allPages<T>(
  ask: (marker: string | null) => Promise<readonly T[]>,
  keyOf: (entry: T) => string,
): Promise<T[]> {
  const all: T[] = [];
  for (let marker: string | null = null;;) {
    const page: readonly T[] = await ask(marker);
    const last = page.at(-1);
    if (last === undefined || keyOf(last) === marker) return all;
    for (const entry of page) all.push(entry);
    marker = keyOf(last);
  }
}
