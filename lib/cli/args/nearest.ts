/** Suggests a name for a mistyped one. Pure. */

/** The known name with the smallest edit distance to `name`; null if none is similar. */
export function nearest(name: string, known: readonly string[]): string | null {
  const scored = known.map((candidate) => ({ candidate, distance: distance(name, candidate) }));
  const [best] = scored.sort((a, b) => a.distance - b.distance);
  // At most a third of the letters may differ: a worse suggestion confuses more than it helps.
  return best !== undefined && best.distance <= Math.max(1, name.length / 3)
    ? best.candidate
    : null;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, and transpositions. */
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
