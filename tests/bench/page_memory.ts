/** The memory of Chromium while the page uploads a large image, and downloads it to a file. */
import { chromium, type Page } from "playwright-core";
import { createEmbeddedGlance, directoryStorage } from "../../lib/embedded/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { pickPrivateFile } from "../page/chromium/private_files.ts";
import { CHROMIUM } from "../runtimes/entries.ts";
import { limited, type Result } from "./measure.ts";
import { PAGE_SIZE, type Report } from "./report.ts";

/** Milliseconds between two samples. */
const INTERVAL = 2_000;

/** Mebibytes that memory may grow by after the first fifth of a transfer. */
const GROWTH = 64;

const MIB = 2 ** 20;
const PAGE_BYTES = 4096;

/** Mebibytes of memory. */
interface Sample {
  /** All processes of the browser. */
  readonly browser: number;
  /** The largest process that runs a page. */
  readonly renderer: number;
}

/** Uploads and downloads an image, and samples the memory of the browser meanwhile. */
export async function pageMemoryReport(): Promise<Report> {
  const folder = await Deno.makeTempDir({ prefix: "glance-bench-page-" });
  try {
    await Deno.writeFile(`${folder}/disk.img`, new Uint8Array());
    await Deno.truncate(`${folder}/disk.img`, PAGE_SIZE);
    await using gateway = serveGateway(`${folder}/glance`);
    // A private window has its files in memory.
    await using context = await chromium.launchPersistentContext(`${folder}/profile`, {
      executablePath: CHROMIUM ?? "",
      args: ["--no-sandbox"],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(0);
    await page.addInitScript(pickPrivateFile);
    await page.goto(`http://127.0.0.1:${gateway.addr.port}/`);
    const upload = await sampled(page, async () => {
      await page.getByRole("button", { name: "Upload", exact: true }).click();
      await page.locator("input[type=file]").setInputFiles(`${folder}/disk.img`);
      await page.getByRole("button", { name: "Start the upload" }).click();
      await ended(page, "Uploaded, and its hash is right");
    });
    const download = await sampled(page, async () => {
      await page.getByRole("link", { name: "disk", exact: true }).click();
      await page.getByRole("button", { name: "Download", exact: true }).click();
      await ended(page, "Downloaded, and its hash is right");
    });
    const [up, down] = [resultOf("upload", upload), resultOf("download", download)];
    return { results: [up.result, down.result], lines: [up.line, down.line] };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function serveGateway(directory: string) {
  const glance = createEmbeddedGlance({ storage: directoryStorage(directory) });
  const router = createImageRouter({
    apiServers: ["http://glance.invalid"],
    fetch: (input, init) => glance.fetch(new Request(input, init)),
    page: true,
  });
  const listening = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(listening, (request, info) => router.fetch(request, info));
}

/** Waits until a transfer has ended. */
async function ended(page: Page, text: string): Promise<void> {
  const failed = page.getByRole("alert");
  await page.getByText(text).or(failed).first().waitFor();
  if (await failed.count() > 0) throw new Error(await failed.first().textContent() ?? "");
}

/** Samples the memory before a transfer, and until it has ended. */
async function sampled(page: Page, transfer: () => Promise<void>) {
  await page.requestGC();
  const idle = memoryOfBrowser();
  const samples: Sample[] = [];
  const timer = setInterval(() => samples.push(memoryOfBrowser()), INTERVAL);
  const start = performance.now();
  try {
    await transfer();
  } finally {
    clearInterval(timer);
  }
  return { idle, samples, seconds: (performance.now() - start) / 1000 };
}

function resultOf(
  what: string,
  { idle, samples, seconds }: Awaited<ReturnType<typeof sampled>>,
): { readonly result: Result; readonly line: string } {
  const begin = Math.ceil(samples.length / 5);
  const peak = (part: readonly Sample[], name: keyof Sample) =>
    Math.max(0, ...part.map((sample) => sample[name]));
  const grown = peak(samples.slice(begin), "browser") - peak(samples.slice(0, begin), "browser");
  const peaks = (["browser", "renderer"] as const).map((name) =>
    `${name} ${idle[name]} MiB before, at most ${peak(samples, name)} MiB`
  );
  return {
    result: limited({
      name: `${what} of ${PAGE_SIZE / MIB} MiB in the page: growth after the first fifth`,
      values: [grown],
      unit: "MiB",
      atMost: GROWTH,
    }),
    line: `${what} in the page, ${samples.length} samples in ${seconds.toFixed(0)} s: ${
      peaks.join("; ")
    }`,
  };
}

/** Reads the resident memory of the processes that this process has started. */
function memoryOfBrowser(): Sample {
  const sizes = browserProcesses().map(({ pid, isRenderer }) => ({
    size: Number(read(`${pid}/statm`).split(" ")[1] ?? 0) * PAGE_BYTES / MIB,
    isRenderer,
  }));
  return {
    browser: Math.round(sizes.reduce((sum, { size }) => sum + size, 0)),
    renderer: Math.round(
      Math.max(0, ...sizes.filter(({ isRenderer }) => isRenderer).map(({ size }) => size)),
    ),
  };
}

/** All descendants of this process. */
function browserProcesses(): readonly { readonly pid: string; readonly isRenderer: boolean }[] {
  const parents = new Map<string, string>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const parent = /\) \S (\d+)/.exec(read(`${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(name, parent);
  }
  const isOurs = (pid: string): boolean => {
    const parent = parents.get(pid);
    return parent === String(Deno.pid) || (parent !== undefined && isOurs(parent));
  };
  return [...parents.keys()].filter(isOurs).map((pid) => ({
    pid,
    isRenderer: read(`${pid}/cmdline`).includes("--type=renderer"),
  }));
}

/** Reads a file of `/proc`; empty if the process has ended, or it is another kind of file. */
function read(path: string): string {
  try {
    return /^\d/.test(path) ? Deno.readTextFileSync(`/proc/${path}`) : "";
  } catch {
    return "";
  }
}
