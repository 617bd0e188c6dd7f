/** The gateway against nginx as a proxy in front of the same origin. */
import { measure, type Result } from "./measure.ts";
import type { Origin } from "./origin.ts";

/** A proxy in front of the origin, as a process. */
interface Proxy extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Mebibytes that it has held at most. */
  peak(): Promise<string>;
  /** Milliseconds of a processor that it has used. */
  cpu(): Promise<number>;
}

const REQUESTS = 2_000;
const CONCURRENCY = 16;

/** The rows of the gateway, and lines about latency and memory. */
export async function gatewayResults(
  origin: Origin,
  rounds: number,
): Promise<{ results: Result[]; lines: string[] }> {
  await using nginx = await startNginx(origin.url, 18_190);
  await using resuming = await startGateway("gateway", origin.url, 18_191, true);
  await using passing = await startGateway("gateway, pass-through", origin.url, 18_192, false);
  const against = (path: string) => ({
    name: "nginx proxy_pass",
    run: () => take(nginx.url + path),
  });
  const [file, record] = [`/v2/images/${origin.imageId}/file`, `/v2/images/${origin.imageId}`];
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
    await measure({
      name: `gateway, ${REQUESTS} records`,
      ours: { name: resuming.name, run: () => load(resuming.url + record) },
      against: { name: "nginx proxy_pass", run: () => load(nginx.url + record) },
      reach: 1,
      rounds,
    }),
  ];
  const lines = [];
  for (const proxy of [nginx, resuming, passing]) {
    const [times, cpuOfRecords] = await costOf(proxy, () => load(proxy.url + record));
    const [_, cpuOfFile] = await costOf(proxy, () => take(proxy.url + file));
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(times.length * share)] ?? NaN).toFixed(2);
    lines.push(
      `${proxy.name}: records p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${
        (cpuOfRecords / REQUESTS).toFixed(2)
      } ms of a processor each; the file ${cpuOfFile} ms of a processor; peak memory ${await proxy
        .peak()} MiB`,
    );
  }
  return { results, lines };
}

async function startGateway(
  name: string,
  origin: string,
  port: number,
  resume: boolean,
): Promise<Proxy> {
  const script = new URL("gateway_server.ts", import.meta.url).pathname;
  const args = [
    "run",
    "-A",
    "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=50",
    script,
    `${port}`,
    origin,
    `${resume}`,
  ];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "null" }).spawn();
  return await proxyOf(name, port, child);
}

async function startNginx(origin: string, port: number): Promise<Proxy> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-proxy-" });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(" ");
  await Deno.writeTextFile(
    `${directory}/nginx.conf`,
    `daemon off; master_process off; pid ${directory}/pid;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 1000000; ${temporary}
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${origin}; } }
}
`,
  );
  const child = new Deno.Command("nginx", {
    args: ["-c", `${directory}/nginx.conf`, "-e", `${directory}/error.log`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const proxy = await proxyOf("nginx proxy_pass", port, child);
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function proxyOf(name: string, port: number, child: Deno.ChildProcess): Promise<Proxy> {
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0;; tries++) {
    const response = await fetch(`${url}/v2/images`).catch(() => null);
    await response?.body?.cancel();
    if (response !== null) break;
    if (tries === 200) throw new Error(`${name} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    name,
    url,
    async peak() {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      return (Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024).toFixed(0);
    },
    async cpu() {
      const stat = await Deno.readTextFile(`/proc/${child.pid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // In user mode and in the kernel, in hundredths of a second.
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

/** The result of some work, and what of a processor it has cost a proxy: whatever else runs does not count. */
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

/** Asks for a record over and over, several at a time; the milliseconds of each. */
async function load(url: string): Promise<number[]> {
  const times: number[] = [];
  let left = REQUESTS;
  const ask = async () => {
    while (left-- > 0) {
      const start = performance.now();
      await (await fetch(url)).text();
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
  return times;
}
