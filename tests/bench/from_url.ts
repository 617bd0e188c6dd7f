/**
 * `createImageFrom` from a local web server, against the tool of each format and `curl -T -`, which verify nothing, and
 * against the same with the hash that Glance reports; and its memory. With arguments, creates one image, for the memory.
 */
import { spawned } from "./children.ts";
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

/**
 * What the memory is measured of. A decoder of xz keeps its dictionary, of 8 MiB by default and 64 MiB for `xz -9`; the
 * image must be larger.
 */
const MEMORY_FORMATS = [
  { name: "zst", compress: "zstd -q -3", share: 1 },
  { name: "32.xz", compress: "xz --lzma2=preset=0,dict=32MiB", share: 4 },
  { name: "64.xz", compress: "xz --lzma2=preset=0,dict=64MiB", share: 4 },
];

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
      const ours = { name: "createImageFrom", run: () => create(sink.url, url) };
      const { reach } = format;
      const name = `image-create --from, ${format.name}`;
      for (const pipe of [format.decompress, `${format.decompress} | sha512sum`]) {
        const [decompress = "", hash] = pipe.split(" | ");
        const hashed = hash === undefined ? "" : `tee >(${hash} > /dev/null) |`;
        const command = `${decompress} disk.${format.name} | ${hashed} ${curlTo(sink)}`;
        const against = {
          name: `${pipe} | curl -T -`,
          run: () => shell(`cd ${directory} && ${command}`),
        };
        results.push(await measure({ name, ours, against, reach, rounds: ROUNDS }));
      }
    }
    for (const format of MEMORY_FORMATS) {
      await makeFile(directory, format, IMAGE_SIZE / format.share);
      results.push(await memoryOf(sink.url, `${web.url}/disk.${format.name}`, format.name));
    }
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
async function memoryOf(glance: string, url: string, name: string): Promise<Result> {
  const script = import.meta.filename ?? "";
  const peakOf = async (decompress: string) => {
    const args = ["run", "-A", script, glance, url, decompress];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
      .output();
    return Number(new TextDecoder().decode(stdout));
  };
  const values = [];
  for (let round = 0; round < ROUNDS; round++) {
    const plain = await peakOf("none");
    values.push(await peakOf("auto") - plain);
  }
  return limited({
    name: `memory added by the decompression of ${name}`,
    values: values.map((bytes) => Math.round(bytes / MIB)),
    unit: "MiB",
    atMost: MEMORY_AIM,
  });
}

/** Creates an image, and prints the peak of the resident memory in bytes. */
async function printPeak(glance: string, url: string, decompress: string): Promise<void> {
  await create(glance, url, decompress === "none" ? "none" : undefined);
  const [, kib] = /VmHWM:\s+(\d+)/.exec(await Deno.readTextFile("/proc/self/status")) ?? [];
  console.log(Number(kib) * 1024);
}

/** Writes a disk of which a third each is random, text, and empty, and compresses it. */
async function makeFile(
  directory: string,
  { name, compress }: { readonly name: string; readonly compress: string },
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
    spawned(new Deno.Command(Deno.execPath(), { args, stdout: "null" })),
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
  const child = spawned(new Deno.Command("nginx", { args, stdout: "null", stderr: "null" }));
  return await proxyOf("nginx", port, child);
}

if (import.meta.main) {
  const [glance = "", url = "", decompress = ""] = Deno.args;
  await printPeak(glance, url, decompress);
}
