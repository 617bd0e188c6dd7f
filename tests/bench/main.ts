/**
 * The benches, each as a ratio within one run: `deno task bench`, or some groups of them by name, as
 * `deno task bench download memory`. `BENCH_ROUNDS` sets how often each peer runs (default: 3),
 * `BENCH_SIZE` the bytes of the image (1 GiB), `BENCH_LARGE_SIZE` those of the one that memory must not
 * grow with (10 GiB), and `BENCH_PAGE_SIZE` those of the one in the page (5 GiB).
 */
import { randomImage } from "./bench_image.ts";
import { cacheReport } from "./cache.ts";
import { chaosReport } from "./chaos.ts";
import { endChildrenOnSignals } from "./children.ts";
import { coldCacheReport } from "./cold_cache.ts";
import { downloadReport } from "./download.ts";
import { failoverReport } from "./failover.ts";
import { formatsReport } from "./formats_fuzz.ts";
import { fromReport } from "./from_url.ts";
import { gatewayResults } from "./gateway.ts";
import { glanceReport } from "./glance.ts";
import { inspectReport } from "./inspect.ts";
import { tableOf } from "./measure.ts";
import { listReport } from "./list.ts";
import { memoryReport } from "./memory.ts";
import { startOrigin } from "./origin.ts";
import { pageReport } from "./page.ts";
import { parallelReport } from "./parallel.ts";
import { type Group, IMAGE_SIZE, type Report, ROUNDS } from "./report.ts";
import { showReport } from "./show.ts";
import { uploadReport } from "./upload.ts";
import { wanReport } from "./wan/main.ts";

const GROUPS: Readonly<Record<string, Group>> = {
  show: showReport,
  list: listReport,
  download: downloadReport,
  parallel: parallelReport,
  memory: memoryReport,
  failover: failoverReport,
  gateway: async () => {
    await using image = await randomImage(IMAGE_SIZE);
    await using origin = await startOrigin(image);
    return await gatewayResults(origin, ROUNDS);
  },
  cache: async () => {
    const [warm, cold] = [await cacheReport(), await coldCacheReport()];
    return { results: [...warm.results, ...cold.results] };
  },
  upload: uploadReport,
  from: fromReport,
  inspect: inspectReport,
  glance: glanceReport,
};

/** Benches that run only by name: they need root, or take long. Numbers choose rows of them. */
const NAMED: Readonly<Record<string, (rows: readonly string[]) => Promise<Report>>> = {
  chaos: chaosReport,
  formats: formatsReport,
  page: pageReport,
  wan: wanReport,
};

const rows = Deno.args.filter((word) => /^\d+$/.test(word));
const named = Deno.args.filter((word) => !rows.includes(word));
const names = named.length === 0 ? Object.keys(GROUPS) : named;
const known = [...Object.keys(GROUPS), ...Object.keys(NAMED)];
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench "${unknown[0]}": there are ${known.join(", ")}`);
  Deno.exit(2);
}

endChildrenOnSignals();
const started = performance.now();
const results = [];
const lines = [];
for (const name of names) {
  console.error(`${name} ...`);
  const report = await (GROUPS[name]?.() ?? NAMED[name]?.(rows));
  results.push(...report?.results ?? []);
  lines.push(...report?.lines ?? []);
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const mib = (IMAGE_SIZE / 2 ** 20).toFixed(0);
if (results.length > 0) {
  console.log(`${mib} MiB on loopback, medians of ${ROUNDS} rounds and more, ${seconds} s in all`);
}
if (results.length > 0) console.log(tableOf(results));
for (const line of lines) console.log(line);
