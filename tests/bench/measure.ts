/**
 * Ratios within one run: the peers of a job run alternately, so that other load of the machine affects all
 * of them, and the medians are compared.
 */

/** One way to do a job. */
export interface Peer {
  readonly name: string;
  /** Runs the job once; the result is ignored. */
  run(): Promise<unknown>;
}

/** A job and its peers. */
export interface Job {
  readonly name: string;
  readonly ours: Peer;
  readonly against: Peer;
  /** The ratio to reach: how many times as fast as the other ours is. */
  readonly reach: number;
  readonly rounds: number;
}

/** A figure that must not be exceeded. */
export interface Limit {
  readonly name: string;
  /** The measurements, one per round. */
  readonly values: readonly number[];
  readonly unit: string;
  readonly atMost: number;
}

/** The outcome of a job: a row of the table. */
export interface Result {
  readonly job: string;
  readonly peer: string;
  readonly ours: string;
  readonly theirs: string;
  /** Time of the other divided by our time: above 1, ours is faster. */
  readonly ratio: string;
  readonly aim: string;
}

/** Runs a job: a warm-up round, then rounds in which the peers run one after another. */
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
  return {
    job: name,
    peer: against.name,
    ours: `${a.toFixed(1)} ms`,
    theirs: `${b.toFixed(1)} ms`,
    ratio: (b / a).toFixed(2),
    aim: `at least ${reach.toFixed(2)} ${b / a >= reach ? "reached" : "MISSED"}`,
  };
}

/** The row of a figure without a peer. */
export function limited({ name, values, unit, atMost }: Limit): Result {
  const value = median(values);
  const most = values.length > 1 ? `, most ${Math.max(...values).toFixed(0)}` : "";
  return {
    job: name,
    peer: "",
    ours: `${value.toFixed(0)} ${unit}${most}`,
    theirs: "",
    ratio: "",
    aim: `at most ${atMost} ${unit} ${value <= atMost ? "reached" : "MISSED"}`,
  };
}

/** The row of a job that cannot be done here. */
export function skipped(job: string, peer: string, reason: string): Result {
  return { job, peer, ours: "", theirs: "", ratio: "", aim: `skipped: ${reason}` };
}

/** Results as a table for people. */
export function tableOf(results: readonly Result[]): string {
  const head = ["job", "against", "ours", "theirs", "ratio", "aim"];
  const rows = results.map((r) => [r.job, r.peer, r.ours, r.theirs, r.ratio, r.aim]);
  const widths = head.map((text, i) =>
    Math.max(text.length, ...rows.map((row) => (row[i] ?? "").length))
  );
  return [head, ...rows]
    .map((row) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join("  ").trimEnd())
    .join("\n");
}

/** The middle of some values; the mean of the two in the middle if their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - (1 - sorted.length % 2)] ?? NaN, sorted[middle] ?? NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
