/** `createImageFrom` from a local web server, against the tool of each format and `curl -T -`; and its memory. */
import { connect, createImageFrom } from "../../mod.ts";
import { DECOMPRESSORS } from "../../lib/cli/files/decompressors.ts";
import { freePort } from "../support/free_port.ts";
import { limited, measure, type Result } from "./measure.ts";
import { type Proxy, proxyOf } from "./proxies.ts";
import { IMAGE_SIZE, type Report, ROUNDS, shell } from "./report.ts";

const MIB = 1024 ** 2;

/** The tools, and the ratio to reach: only zstd is native on both sides. */
const FORMATS = [
  { name: "zst", compress: "zstd -q -3", decompress: "zstd -dc", reach: 0.9 },
  { name: "xz", compress: "xz -0", decompress: "xz -dc", reach: 0.1 },
  { name: "bz2", compress: "bzip2 -1", decompress: "bzip2 -dc", reach: 0.1 },
];

/** Mebibytes that decompression may add to a plain upload. */
const MEMORY_AIM = 64;

/** Part of the image that the slow formats have. */
const SLOW_SHARE = 8;

export async function fromReport(): Promise<Report> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-from-" });
  try {
    await using sink = await startSink();
    await using web = await serveFiles(directory);
    const results: Result[] = [];
    for (const format of FORMATS) {
      const size = format.name === "zst" ? IMAGE_SIZE : IMAGE_SIZE / SLOW_SHARE;
      await makeFile(directory, format, size);
      const url = `${web.url}/disk.${format.name}`;
      const against = {
        name: `${format.decompress} | curl -T -`,
        run: () =>
          shell(`cd ${directory} && ${format.decompress} disk.${format.name} | ${curlTo(sink)}`),
      };
      const ours = { name: "createImageFrom", run: () => create(sink.url, url) };
      const { reach } = format;
      const name = `image-create --from, ${format.name}`;
      results.push(await measure({ name, ours, against, reach, rounds: ROUNDS }));
    }
    results.push(await memoryOf(sink.url, web.url));
    return { results };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function create(glance: string, url: string, decompress?: "none"): Promise<void> {
  using connection = await connect({
    apiServers: [glance],
    authStrategy: "noauth",
    environment: {},
  });
  const meta = { diskFormat: "raw", containerFormat: "bare" };
  await createImageFrom(connection.service, connection.context, meta, { url }, {
    decompress,
    decompression: { decompressors: DECOMPRESSORS },
  });
}

/** The peak of the resident memory while the image is decompressed, above that of a plain upload. */
async function memoryOf(glance: string, web: string): Promise<Result> {
  const peakOf = async (decompress?: "none") => {
    let peak = 0;
    const timer = setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), 5);
    await create(glance, `${web}/disk.zst`, decompress).finally(() => clearInterval(timer));
    return peak;
  };
  const plain = await peakOf("none");
  return limited({
    name: "memory added by the decompression of zst",
    values: [Math.round((await peakOf() - plain) / MIB)],
    unit: "MiB",
    atMost: MEMORY_AIM,
  });
}

/** Writes a disk of which a third each is random, text, and empty, and compresses it. */
async function makeFile(
  directory: string,
  { name, compress }: typeof FORMATS[number],
  size: number,
): Promise<void> {
  const blocks = Math.floor(size / MIB / 3);
  const random = `head -c ${blocks}M /dev/urandom`;
  const text = `head -c ${Math.floor(blocks / 2)}M /dev/urandom | base64 -w0 | head -c ${blocks}M`;
  const parts = `${random}; ${text}; head -c ${blocks}M /dev/zero`;
  await shell(`cd ${directory} && (${parts}) | ${compress} -c > disk.${name}`);
}

function curlTo({ url }: Proxy): string {
  return `curl -sf -H 'content-type: application/octet-stream' -H expect: -T - ${url}/v2/images/x/file`;
}

async function startSink(): Promise<Proxy> {
  const port = freePort();
  const args = ["run", "-A", `${import.meta.dirname}/glance_sink.ts`, `${port}`];
  return await proxyOf(
    "sink",
    port,
    new Deno.Command(Deno.execPath(), { args, stdout: "null" }).spawn(),
  );
}

/** nginx, which serves the files of a directory. */
async function serveFiles(directory: string): Promise<Proxy> {
  const port = freePort();
  const config = `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr;
    user root; events {} http { access_log off; sendfile on; server { listen 127.0.0.1:${port};
    root ${directory}; location /v2 { return 200; } } }`;
  await Deno.writeTextFile(`${directory}/nginx.conf`, config);
  const args = ["-p", directory, "-c", `${directory}/nginx.conf`];
  const child = new Deno.Command("nginx", { args, stdout: "null", stderr: "null" }).spawn();
  return await proxyOf("nginx", port, child);
}
