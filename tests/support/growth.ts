/** Checks that CPU time grows in proportion to the input. */
import process from "node:process";
import { assert } from "@std/assert";

/** Milliseconds of CPU time within which the longer input always passes. */
const NEGLIGIBLE_MS = 100;

/** Between the growth of linear work, which is 8, and that of quadratic work, which is 64. */
const SUPERLINEAR = 24;

/** Number of runs, of which the fastest counts: garbage collection may slow down any of them. */
const TRIES = 6;

/** Fails if eight times the input costs far more than eight times the work. */
export async function assertLinear(
  short: number,
  work: (length: number) => unknown,
  what = "",
): Promise<void> {
  const best = async (length: number) => {
    let ms = Infinity;
    for (let i = 0; i < TRIES && ms > NEGLIGIBLE_MS; i++) {
      ms = Math.min(ms, await time(length, work));
    }
    return ms;
  };
  const longMs = await best(8 * short);
  if (longMs < NEGLIGIBLE_MS) return;
  const shortMs = await best(short);
  assert(longMs < SUPERLINEAR * shortMs, `${what}: ${shortMs} ms, then ${longMs} ms`);
}

async function time(length: number, work: (length: number) => unknown): Promise<number> {
  const start = process.cpuUsage();
  await work(length);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
