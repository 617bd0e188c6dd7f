/**
 * Inspects images with damaged headers: `deno task bench formats`. What the rules refuse must be refused,
 * whatever the chunks, and nothing may throw.
 *
 * `FORMATS_IMAGES` (100,000) sets their number, `FORMATS_SEED` the first seed.
 */
import { inspectMutants } from "../formats/hostile/campaign.ts";
import type { Report } from "./report.ts";

const IMAGES = Number(Deno.env.get("FORMATS_IMAGES") ?? 100_000);
const SEED = Number(Deno.env.get("FORMATS_SEED") ?? Date.now() % 1_000_000);

export function formatsReport(): Promise<Report> {
  console.error(`${IMAGES} images; FORMATS_SEED=${SEED}`);
  const started = performance.now();
  const { accepted, refused, formats, faults } = inspectMutants(SEED, IMAGES);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) Deno.exitCode = 1;
  const found = Object.entries(formats).map(([format, count]) => `${format} ${count}`);
  return Promise.resolve({
    results: [],
    lines: [
      `${
        accepted + refused
      } damaged images in ${seconds} s: ${accepted} accepted, ${refused} refused, ` +
      `${faults.length} faults (${found.join(", ")})`,
    ],
  });
}
