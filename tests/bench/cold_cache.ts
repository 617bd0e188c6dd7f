/**
 * Cold reads: 50 readers of an image that is not cached, from the same and from random offsets, some of which leave.
 * The bytes that the origin sends are counted in its log, every byte is compared, and the first bytes are timed next
 * to those of as many direct reads.
 */
import { freePort } from "../support/free_port.ts";
import { type BenchImage, randomImage } from "./bench_image.ts";
import { limited, type Result } from "./measure.ts";
import { configureNginx } from "./nginx_glance.ts";
import { proxyOf, startGateway } from "./proxies.ts";
import { IMAGE_SIZE, type Report } from "./report.ts";

const READERS = 50;

/** Every fifth reader leaves after this many bytes, the first one among them. */
const LEAVES_AFTER = 64 * 2 ** 20;

/** Glance without ranges: it judges those after the end before it opens its store. */
const WITHOUT_RANGES = `if ($http_range ~ "^bytes=9007199254740991-") { return 416; }
    if ($http_range) { return 400; }`;

/** Milliseconds until the first byte of each reader. */
type Times = readonly number[];

/** Readers of a store with ranges, and of one without. */
export async function coldCacheReport(): Promise<Report> {
  await using image = await randomImage(IMAGE_SIZE);
  return { results: [...await resultsOf(image, true), ...await resultsOf(image, false)] };
}

async function resultsOf(image: BenchImage, hasRanges: boolean): Promise<Result[]> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-cold-" });
  const port = freePort();
  try {
    const [program = "", ...args] = await configureNginx(
      directory,
      image,
      `listen 127.0.0.1:${port}; ${hasRanges ? "" : WITHOUT_RANGES}`,
    );
    const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
    await using origin = await proxyOf("origin", port, child);
    // A store without ranges cannot be read from an offset.
    const starts = startsOf(image, hasRanges);
    const direct = await readAll(origin.url, image, hasRanges ? starts : starts.map(() => 0));
    const before = await sentBytes(directory);
    let cached: Times;
    {
      await using gateway = await startGateway("gateway", origin.url, true, `${directory}/slots`);
      cached = await readAll(gateway.url, image, startsOf(image, true));
    }
    console.error(
      `first bytes: ${summaryOf(direct)} directly, ${summaryOf(cached)} with the cache`,
    );
    const ratio = (await sentBytes(directory) - before) / image.size;
    // Readers of other offsets wait for the read of the whole image, as direct ones would.
    const compared = hasRanges ? cached : cached.filter((_, n) => n % 2 === 0);
    const store = hasRanges ? "a store with ranges" : "a store without ranges";
    return [
      limited({
        name: `bytes from ${store}, ${READERS} cold readers`,
        values: [100 * ratio],
        unit: "%",
        atMost: 100.5,
      }),
      limited({
        name: `first byte from ${store}, compared with direct reads`,
        values: [100 * median(compared) / median(direct)],
        unit: "%",
        atMost: 150,
      }),
    ];
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Half of the readers begin at byte 0. */
function startsOf({ size }: BenchImage, isRandom: boolean): number[] {
  return Array.from(
    { length: READERS },
    (_, n) => n % 2 === 0 || !isRandom ? 0 : (n * 7_654_321_987) % size,
  );
}

/** Reads with curl from offsets to the end, compares every byte, and returns the times of the first ones. */
async function readAll(
  url: string,
  { id, path, size }: BenchImage,
  starts: readonly number[],
): Promise<Times> {
  return await Promise.all(starts.map(async (start, n) => {
    const most = n % 5 === 0 ? Math.min(LEAVES_AFTER, size - start) : size - start;
    // A store without ranges refuses every range.
    const range = start === 0 ? "" : `-r ${start}-`;
    const curl = `curl -s ${range} -w '%{stderr}%{time_starttransfer}' ${url}/v2/images/${id}/file`;
    const expected = `<(tail -c +${start + 1} ${path} | head -c ${most})`;
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["-c", `${curl} | head -c ${most} | cmp - ${expected}`],
      stdout: "null",
      stderr: "piped",
    }).output();
    const text = new TextDecoder().decode(stderr);
    if (code !== 0) throw new Error(`A reader from ${start} has other bytes: ${text}`);
    return Number(text) * 1000;
  }));
}

/** Bytes of image data in the log of the origin. */
async function sentBytes(directory: string): Promise<number> {
  const lines = (await Deno.readTextFile(`${directory}/access.log`)).trim().split("\n");
  const ofData = lines.map((line) => line.split(" ")).filter(([, , path]) =>
    path?.endsWith("/file")
  );
  return ofData.reduce((sum, fields) => sum + Number(fields[4]), 0);
}

function summaryOf(times: Times): string {
  return `${median(times).toFixed(0)} ms (most ${Math.max(...times).toFixed(0)})`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
