/**
 * Networks as they are: `deno task bench wan`, or some rows by number, as `deno task bench wan 2 4`. Each row
 * runs `BENCH_ROUNDS` times (3), and the worst counts.
 */
import { type BenchImage, randomImage } from "../bench_image.ts";
import { median } from "../measure.ts";
import { type Report, ROUNDS } from "../report.ts";
import { blackHole, holeInMiddle, outage, slow, upload } from "./faulty_rows.ts";
import { HEAD, type Line, type Row, rowOf, tableOf, worst } from "./lines.ts";
import { compileEmulator, Network, obstacle } from "./network.ts";
import { automatic, gateway, http2, parallel, requests } from "./healthy_rows.ts";
import type { Lab, MeasureRow } from "./lab.ts";
import { makeFiles, oursArgv } from "./servers.ts";

const ROWS: Readonly<Record<string, MeasureRow>> = {
  1: http2,
  2: blackHole,
  3: outage,
  4: slow,
  5: holeInMiddle,
  6: parallel,
  7: automatic,
  8: requests,
  9: gateway,
  10: upload,
};

/** Signals that end a run early. Its namespaces are removed then. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The table of some rows; of all if none is named. */
export async function wanReport(names: readonly string[]): Promise<Report> {
  const missing = await obstacle();
  if (missing !== null) return { results: [], lines: [`Cannot run the bench "wan": ${missing}`] };
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-wan-" });
  const images = new Map<number, BenchImage>();
  const image = async (mib: number) => {
    const known = images.get(mib) ?? await randomImage(mib * 2 ** 20);
    images.set(mib, known);
    return known;
  };
  const cleanUp = async () => {
    await Network.removeAll();
    for (const known of images.values()) await known[Symbol.asyncDispose]();
    await Deno.remove(directory, { recursive: true });
  };
  const interrupted = () => void cleanUp().finally(() => Deno.exit(130));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupted);
  try {
    // Those of runs that were killed.
    await Network.removeAll();
    const files = await makeFiles(directory);
    const lab = { ...files, emulator: await compileEmulator(directory), image };
    const rows: Row[] = [HEAD];
    for (const name of names.length === 0 ? Object.keys(ROWS) : names) {
      rows.push(...await rowsOf(name, lab));
    }
    return { results: [], lines: [tableOf(rows), await startText()] };
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupted);
    await cleanUp();
  }
}

/** How much of each time of our command line is its start. */
async function startText(): Promise<string> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    const [program = "", ...args] = oursArgv(["--version"]);
    await new Deno.Command(program, { args, stdout: "null" }).output();
    times.push(performance.now() - start);
  }
  return `The start of our command line takes ${median(times).toFixed(0)} ms.`;
}

/** Runs the rounds of a row. */
async function rowsOf(name: string, lab: Omit<Lab, "round">): Promise<readonly Row[]> {
  const measure = ROWS[name];
  if (measure === undefined) return [[name, "there is no such row"]];
  const rounds: (readonly Line[])[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const lines = await measure({ ...lab, round });
      rounds.push(lines);
      for (const line of lines) console.error(rowOf(name, line).join("  "));
    } catch (error) {
      return [[name, `it cannot be measured: ${error instanceof Error ? error.message : error}`]];
    }
  }
  return (rounds[0] ?? []).map((_, i) =>
    rowOf(name, worst(rounds.flatMap((lines) => lines[i] ?? [])))
  );
}
