/**
 * What somebody who mistyped a name may have meant. Pure.
 *
 * @module
 */

/** The known name that is nearest to `name`; null where none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  const scored = known.map((candidate) => ({ candidate, distance: distance(name, candidate) }));
  const [best] = scored.sort((a, b) => a.distance - b.distance);
  // A third of the letters may be wrong; beyond that, a guess confuses more than it helps.
  return best !== undefined && best.distance <= Math.max(1, name.length / 3)
    ? best.candidate
    : null;
}

/** Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`. */
function distance(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, j) => j),
  ];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + change];
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (i > 1 && j > 1 && isSwap) steps.push(at(before, j - 2) + 1);
      row.push(Math.min(...steps));
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
