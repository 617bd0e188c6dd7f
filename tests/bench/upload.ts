/** Uploads: through the gateway against nginx, and into the embedded Glance; chunked and with a length. */
import { spawned } from "./children.ts";
import { freePort } from "../support/free_port.ts";
import { type BenchImage, randomImage } from "./bench_image.ts";
import { limited, measure, type Result } from "./measure.ts";
import { type Proxy, proxyOf, startGateway, startNginx } from "./proxies.ts";
import { IMAGE_SIZE, type Report, ROUNDS } from "./report.ts";

/** The settings with which nginx streams request bodies, also chunked ones. */
const UNBUFFERED = "client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;";

/** Bytes per second that the slow store accepts. */
const SLOW_RATE = 100_000_000;

/** Mebibytes that an upload to a slow store may add to the gateway. */
const MEMORY_AIM = 64;

const FRAMINGS = {
  "chunked": ["-H", "transfer-encoding: chunked"],
  "sized": [],
} as const;

type FramingName = keyof typeof FRAMINGS;

/** Times against nginx, and the memory that a slow store costs. */
export async function uploadReport(): Promise<Report> {
  await using image = await randomImage(IMAGE_SIZE);
  return { results: [...await timesOf(image), ...await memoryOf(image)] };
}

async function timesOf(image: BenchImage): Promise<Result[]> {
  await using sink = await startSink();
  await using nginx = await startNginx("nginx, unbuffered", sink.url, UNBUFFERED);
  await using gateway = await startGateway("gateway", sink.url, true);
  await using embedded = await startEmbedded();
  const results: Result[] = [];
  for (const framing of Object.keys(FRAMINGS) as FramingName[]) {
    const against = { name: nginx.name, run: () => put(nginx.url, image, framing) };
    const jobs = [
      {
        name: `upload, ${framing}, through the gateway`,
        ours: { name: gateway.name, run: () => put(gateway.url, image, framing) },
        reach: 0.7,
      },
      {
        name: `upload, ${framing}, into --data`,
        ours: { name: embedded.name, run: () => store(embedded.url, image, framing) },
        reach: 0.25,
      },
    ];
    for (const job of jobs) results.push(await measure({ ...job, against, rounds: ROUNDS }));
  }
  return results;
}

async function memoryOf(image: BenchImage): Promise<Result[]> {
  await using sink = await startSink(SLOW_RATE);
  const results: Result[] = [];
  for (const framing of Object.keys(FRAMINGS) as FramingName[]) {
    await using gateway = await startGateway("gateway", sink.url, true);
    await put(gateway.url, image, framing, 1_000_000);
    await gateway.forgetPeak();
    const idle = await gateway.memory();
    await put(gateway.url, image, framing);
    results.push(limited({
      name: `memory added by an upload, ${framing}, to a store of ${SLOW_RATE / 1e6} MB/s`,
      values: [Number(await gateway.peak()) - idle],
      unit: "MiB",
      atMost: MEMORY_AIM,
    }));
  }
  return results;
}

async function startSink(rate?: number): Promise<Proxy> {
  const port = freePort();
  const script = `${import.meta.dirname}/sink_server.ts`;
  const args = ["run", "-A", script, `${port}`, ...rate === undefined ? [] : [`${rate}`]];
  const child = spawned(new Deno.Command(Deno.execPath(), { args, stdout: "null" }));
  return await proxyOf("sink", port, child);
}

/** `task start --data` in a new directory. */
async function startEmbedded(): Promise<Proxy> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-data-" });
  const port = freePort();
  const script = `${import.meta.dirname}/../../lib/cli/start.ts`;
  const flags = ["--port", `${port}`, "--data", directory, "--no-log"];
  const v8 = "--v8-flags=--max-semi-space-size=16,--heap-growing-percent=50";
  const args = ["run", "-A", v8, script, ...flags];
  const child = spawned(new Deno.Command(Deno.execPath(), { args, stdout: "null" }));
  const proxy = await proxyOf("task start --data", port, child);
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Uploads the image, or its first bytes. */
async function put(
  url: string,
  { id, path, size }: BenchImage,
  framing: FramingName,
  limit = size,
): Promise<void> {
  const headers = ["-H", "content-type: application/octet-stream", "-H", "expect:"];
  const target = `${url}/v2/images/${id}/file`;
  const source = limit < size ? `<(head -c ${limit} ${path})` : path;
  const words = ["curl", "-sf", ...headers, ...FRAMINGS[framing], "-T", source, target];
  const line = words.map((word) => word.startsWith("<(") ? word : `'${word}'`).join(" ");
  const { success } = await new Deno.Command("bash", { args: ["-c", line] }).output();
  if (!success) throw new Error(`curl failed on ${target}`);
}

/** Creates a new image for the data, and deletes it. */
async function store(url: string, image: BenchImage, framing: FramingName): Promise<void> {
  const created = await fetch(`${url}/v2/images`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"disk_format": "raw", "container_format": "bare"}',
  });
  const { id } = await created.json();
  await put(url, { ...image, id }, framing);
  await (await fetch(`${url}/v2/images/${id}`, { method: "DELETE" })).body?.cancel();
}
