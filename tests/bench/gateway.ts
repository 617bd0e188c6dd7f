/** The gateway against nginx, and against a proxy of a few lines, in front of the same origin. */
import { measure, type Result } from "./measure.ts";
import type { Origin } from "./origin.ts";
import { type Proxy, startBareProxy, startGateway, startNginx } from "./proxies.ts";

/** Requests of a round. Short rounds alternate more often, so that other load falls on both proxies. */
const REQUESTS = 500;
const CONCURRENCY = 16;
/** Rounds of the records for each round of the files. */
const RECORD_ROUNDS = 8;

/** Measures the gateway: rows of the table, and lines about latency and memory. */
export async function gatewayResults(
  origin: Origin,
  rounds: number,
): Promise<{ results: Result[]; lines: string[] }> {
  await using nginx = await startNginx("nginx proxy_pass", origin.url);
  await using resuming = await startGateway("gateway", origin.url, true);
  await using passing = await startGateway("gateway, pass-through", origin.url, false);
  await using bare = await startBareProxy("bare Deno proxy", origin.url);
  const against = (path: string) => ({
    name: "nginx proxy_pass",
    run: () => take(nginx.url + path),
  });
  const [file, record] = [`/v2/images/${origin.imageId}/file`, `/v2/images/${origin.imageId}`];
  const records = (ours: Proxy, other: Proxy, reach: number) =>
    measure({
      name: `${ours.name}, ${REQUESTS} records`,
      ours: { name: ours.name, run: () => load(ours.url + record) },
      against: { name: other.name, run: () => load(other.url + record) },
      reach,
      rounds: rounds * RECORD_ROUNDS,
    });
  const results = [
    await measure({
      name: "gateway, file, resume armed",
      ours: { name: resuming.name, run: () => take(resuming.url + file) },
      against: against(file),
      reach: 0.9,
      rounds,
    }),
    await measure({
      name: "gateway, file, pass-through",
      ours: { name: passing.name, run: () => take(passing.url + file) },
      against: against(file),
      reach: 1.2,
      rounds,
    }),
    await records(resuming, nginx, 0.8),
    await records(resuming, bare, 0.9),
    await records(passing, bare, 0.9),
  ];
  const lines = [];
  for (const proxy of [nginx, bare, resuming, passing]) {
    const [times, cpuOfRecords] = await costOf(proxy, () => loadOften(proxy.url + record));
    const [_, cpuOfFile] = await costOf(proxy, () => take(proxy.url + file));
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(times.length * share)] ?? NaN).toFixed(2);
    lines.push(
      `${proxy.name}: records p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${
        (cpuOfRecords / times.length).toFixed(2)
      } ms of a processor each; the file ${cpuOfFile} ms of a processor; peak memory ${await proxy
        .peak()} MiB`,
    );
  }
  return { results, lines };
}

/** The result of some work, and the milliseconds of processor time that a proxy has used for it. */
async function costOf<T>(proxy: Proxy, work: () => Promise<T>): Promise<[T, number]> {
  const before = await proxy.cpu();
  const result = await work();
  return [result, await proxy.cpu() - before];
}

async function take(url: string): Promise<void> {
  const args = ["-sf", "-o", "/dev/null", url];
  const { success } = await new Deno.Command("curl", { args }).output();
  if (!success) throw new Error(`curl failed on ${url}`);
}

/** Requests a record many times, several at a time. Returns the milliseconds of each request. */
async function load(url: string): Promise<number[]> {
  const times: number[] = [];
  let left = REQUESTS;
  const send = async () => {
    while (left-- > 0) {
      const start = performance.now();
      await (await fetch(url)).text();
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, send));
  return times;
}

/** As {@linkcode load}, for long enough to measure processor time in hundredths of a second. */
async function loadOften(url: string): Promise<number[]> {
  const times = [];
  for (let round = 0; round < RECORD_ROUNDS; round++) times.push(...await load(url));
  return times;
}
