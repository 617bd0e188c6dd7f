/**
 * Ratios taken in one run: the rivals of a job take turns, so that whatever else the machine does falls
 * on all of them, and the medians are compared.
 */

/** One way to do a job. */
export interface Rival {
  readonly name: string;
  /** Does the job once; what it returns is not looked at. */
  run(): Promise<unknown>;
}

/** A job and who does it. */
export interface Job {
  readonly name: string;
  readonly ours: Rival;
  readonly against: Rival;
  /** The ratio to reach: how many times as fast as the other ours is. */
  readonly reach: number;
  readonly rounds: number;
}

/** The outcome of a job. */
export interface Result {
  readonly job: string;
  readonly ours: number;
  readonly against: number;
  readonly rival: string;
  /** Time of the other divided by our time: above 1, ours is faster. */
  readonly ratio: number;
  readonly reach: number;
}

/** Runs a job: one round that does not count, then the rounds, in which the rivals take turns. */
export async function measure({ name, ours, against, reach, rounds }: Job): Promise<Result> {
  const times = { ours: [] as number[], against: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const isOursFirst = round % 2 === 0;
    for (const who of isOursFirst ? ["ours", "against"] as const : ["against", "ours"] as const) {
      const start = performance.now();
      await (who === "ours" ? ours : against).run();
      if (round >= 0) times[who].push(performance.now() - start);
    }
  }
  const [a, b] = [median(times.ours), median(times.against)];
  return { job: name, ours: a, against: b, rival: against.name, ratio: b / a, reach };
}

/** Results as a table for people. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.job,
    result.rival,
    `${result.ours.toFixed(1)} ms`,
    `${result.against.toFixed(1)} ms`,
    result.ratio.toFixed(2),
    `${result.reach.toFixed(2)} ${result.ratio >= result.reach ? "reached" : "missed"}`,
  ]);
  const head = ["job", "against", "ours", "theirs", "ratio", "aim"];
  const widths = head.map((text, i) =>
    Math.max(text.length, ...rows.map((row) => (row[i] ?? "").length))
  );
  return [head, ...rows]
    .map((row) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join("  ").trimEnd())
    .join("\n");
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - (1 - sorted.length % 2)] ?? NaN, sorted[middle] ?? NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
