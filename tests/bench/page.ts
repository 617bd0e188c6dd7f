/**
 * The web page in Chromium: the processor time of its scripts until the first list, and the memory of the browser
 * during an upload and a download of a large image.
 */
import type { Browser } from "playwright-core";
import {
  addImage,
  type GlanceFetch,
  IGNORED,
  launchChromium,
  PageInChromium,
} from "../page/chromium/page_in_chromium.ts";
import { limited, median, skipped } from "./measure.ts";
import { pageMemoryReport } from "./page_memory.ts";
import { type Report, ROUNDS } from "./report.ts";

/** Milliseconds that scripts may take until the first list. */
const MOST = 150;

/** Images of the list. */
const IMAGES = 1_000;

/** Figures of Chromium, in milliseconds of the processor. `TaskDuration` is all of the main thread, `RendererCpu` all threads of its process. */
const FIGURES = [
  "ScriptDuration",
  "LayoutDuration",
  "RecalcStyleDuration",
  "TaskDuration",
  "RendererCpu",
] as const;

type Figures = Readonly<Record<typeof FIGURES[number], number>>;

/** The time until the first list, and memory. */
export async function pageReport(): Promise<Report> {
  if (IGNORED) return { results: [skipped("the page", "", "Chromium is not installed")] };
  const [list, memory] = [await listReport(), await pageMemoryReport()];
  return {
    results: [...list.results, ...memory.results],
    lines: [...list.lines ?? [], ...memory.lines ?? []],
  };
}

/** The time until the first list. */
async function listReport(): Promise<Report> {
  await using browser = await launchChromium();
  await using opened = await PageInChromium.open({ prepare: manyImages }, browser);
  const rounds: Figures[] = [];
  for (let round = 0; round < 3 * ROUNDS; round++) {
    rounds.push(await firstList(browser, opened.url));
  }
  const of = (name: keyof Figures) => rounds.map((figures) => figures[name]);
  const parts = FIGURES.map((name) => `${name} ${median(of(name)).toFixed(0)}`);
  return {
    results: [limited({
      name: `script time of the page until the first of ${IMAGES} images`,
      values: of("ScriptDuration"),
      unit: "ms",
      atMost: MOST,
    })],
    lines: [`the page, medians of ${rounds.length} loads without a cache: ${parts.join(", ")} ms`],
  };
}

async function manyImages(glance: GlanceFetch): Promise<void> {
  for (let i = 0; i < IMAGES; i++) {
    await addImage(glance, { name: `image-${i}`, os_distro: "debian", hw_disk_bus: "virtio" });
  }
}

/** Loads the page with empty caches, and returns what it takes until the script has shown the list. */
async function firstList(browser: Browser, url: string): Promise<Figures> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    // Of the same origin, so the page runs in the same process.
    await page.goto(`${url}/v2/`);
    const session = await context.newCDPSession(page);
    // Time of the processor: other programs may be running.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const processes = await browser.newBrowserCDPSession();
    const figures = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      const values = new Map(metrics.map(({ name, value }) => [name, value * 1000]));
      const { processInfo } = await processes.send("SystemInfo.getProcessInfo");
      const times = processInfo.filter(({ type }) => type === "renderer").map(({ cpuTime }) =>
        cpuTime
      );
      values.set("RendererCpu", times.reduce((sum, time) => sum + time, 0) * 1000);
      return Object.fromEntries(FIGURES.map((name) => [name, values.get(name) ?? NaN])) as Figures;
    };
    const before = await figures();
    await page.goto(url);
    await page.locator("tr[aria-rowindex]").first().waitFor();
    const after = await figures();
    return Object.fromEntries(FIGURES.map((name) => [name, after[name] - before[name]])) as Figures;
  } finally {
    await context.close();
  }
}
