/**
 * Cold reads: readers of an image that is not cached, from the same and from random offsets, some of which leave. The
 * bytes that the origin sends are counted in its log, every byte is compared, and the first bytes are timed next to
 * those of as many direct reads of the same server.
 */
import { spawned } from "./children.ts";
import { freePort } from "../support/free_port.ts";
import { type BenchImage, randomImage } from "./bench_image.ts";
import { limited, median, type Result } from "./measure.ts";
import { configureNginx } from "./nginx_glance.ts";
import { proxyOf, startGateway } from "./proxies.ts";
import { IMAGE_SIZE, type Report, ROUNDS } from "./report.ts";

const READERS = 50;

/** Rounds of requests that the gateway has answered before, unless it has just started. */
const WARM_UP_ROUNDS = 10;
const IS_JUST_STARTED = Deno.env.get("BENCH_JUST_STARTED") === "1";

/** Glance without ranges: it rejects those after the end before it opens its store. */
const WITHOUT_RANGES = `if ($http_range ~ "^bytes=9007199254740991-") { return 416; }
    if ($http_range) { return 400; }`;

/** Milliseconds until the first byte of each reader. */
type Times = readonly number[];

/** What one round has measured. */
interface Round {
  readonly direct: Times;
  readonly cold: Times;
  /** Bytes that the origin sent for the cold readers, in relation to the image. */
  readonly sent: number;
}

/** Readers of a store with ranges, and of one without. */
export async function coldCacheReport(): Promise<Report> {
  await using image = await randomImage(IMAGE_SIZE);
  const results: Result[] = [];
  for (const hasRanges of [true, false]) {
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS) rounds.push(await roundOf(image, hasRanges));
    const store = hasRanges ? "a store with ranges" : "a store without ranges";
    const compared = (what: string, of: (times: Times) => number) =>
      limited({
        name: `first byte from ${store}, ${what}, compared with direct reads`,
        values: rounds.map(({ direct, cold }) => 100 * of(cold) / of(direct)),
        unit: "%",
        atMost: 150,
      });
    results.push(
      limited({
        name: `bytes from ${store}, ${READERS} cold readers`,
        values: rounds.map(({ sent }) => 100 * sent),
        unit: "%",
        atMost: 100.5,
      }),
      compared("median from byte 0", (times) => median(times.filter(isFromStart))),
      compared(
        "median from other bytes",
        (times) => median(times.filter((_, n) => !isFromStart(_, n))),
      ),
      compared("worst", (times) => Math.max(...times)),
    );
  }
  return { results };
}

async function roundOf(image: BenchImage, hasRanges: boolean): Promise<Round> {
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-cold-" });
  const port = freePort();
  try {
    const [program = "", ...args] = await configureNginx(
      directory,
      image,
      `listen 127.0.0.1:${port}; ${hasRanges ? "" : WITHOUT_RANGES}`,
    );
    const child = spawned(new Deno.Command(program, { args, stdout: "null", stderr: "null" }));
    await using origin = await proxyOf("origin", port, child);
    const direct = await readAll(origin.url, image, hasRanges);
    let [cold, before]: [Times, number] = [[], 0];
    {
      await using gateway = await startGateway("gateway", origin.url, true, `${directory}/slots`);
      if (!IS_JUST_STARTED) await useBefore(gateway.url, image);
      before = await sentBytes(directory);
      cold = await readAll(gateway.url, image, true);
    }
    const sent = (await sentBytes(directory) - before) / image.size;
    console.error(`first bytes: ${summaryOf(direct)} directly, ${summaryOf(cold)} with the cache`);
    return { direct, cold, sent };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Has the gateway answer requests, and leaves its cache empty: the image is cold then, but not the program. */
async function useBefore(url: string, { id, size }: BenchImage): Promise<void> {
  const path = `${url}/v2/images/${id}/file`;
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await Promise.all(Array.from({ length: READERS }, async (_, n) => {
      const start = (n * 7_654_321_987 + round) % (size - 1);
      const headers = { "x-auth-token": "t", range: `bytes=${start}-${start + 1}` };
      await (await fetch(path, { headers })).arrayBuffer();
    }));
    await (await fetch(`${url}/v2/cache`, { method: "DELETE" })).body?.cancel();
  }
  // nginx logs a request that the gateway has given up when it notices that.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

/** The times of readers of which half begin at byte 0, and the others anywhere. */
async function readAll(
  url: string,
  { id, path, size }: BenchImage,
  hasRanges: boolean,
): Promise<Times> {
  const starts = Array.from(
    { length: READERS },
    (_, n) => isFromStart(_, n) ? 0 : (n * 7_654_321_987) % size,
  );
  const script = new URL("cold_readers.ts", import.meta.url).pathname;
  const file = `${url}/v2/images/${id}/file`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, file, path, JSON.stringify(starts), `${size / 16}`, `${hasRanges}`],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Bytes of image data in the log of the origin. */
async function sentBytes(directory: string): Promise<number> {
  const lines = (await Deno.readTextFile(`${directory}/access.log`)).trim().split("\n");
  const ofData = lines.map((line) => line.split(" ")).filter(([, , path]) =>
    path?.endsWith("/file")
  );
  return ofData.reduce((sum, fields) => sum + Number(fields[4]), 0);
}

/** Half of the readers. */
function isFromStart(_: unknown, number: number): boolean {
  return number % 2 === 0;
}

function summaryOf(times: Times): string {
  return `${median(times).toFixed(0)} ms (most ${Math.max(...times).toFixed(0)})`;
}
