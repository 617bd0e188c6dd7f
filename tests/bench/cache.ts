/** Warm reads: the gateway with a cache next to nginx `proxy_cache` with slices, in front of the same origin. */
import { spawned } from "./children.ts";
import { randomImage } from "./bench_image.ts";
import { measure, type Result } from "./measure.ts";
import { type Origin, startOrigin } from "./origin.ts";
import { startGateway, startNginx } from "./proxies.ts";
import { IMAGE_SIZE, type Report, ROUNDS } from "./report.ts";

/** Bytes of the image: a hundred readers of all of it take seconds. */
const SIZE = Math.min(IMAGE_SIZE, 16 * 2 ** 20);

/** Bytes of a range, and ranges that each reader requests. */
const RANGE = 1_000_000;
const RANGES = 8;

const READERS = [1, 10, 100];

/** Readings of the ranges before the first measurement, so that the code of the gateway is compiled. */
const WARM_UPS = 20;

/** Reads of each reader in one round, so that the start of curl does not count. */
const REPEATS = new Map([[1, 8], [10, 2], [100, 1]]);

/** nginx with slices of 8 and of 1 MiB, and the gateway. */
export async function cacheReport(): Promise<Report> {
  await using image = await randomImage(SIZE);
  await using origin = await startOrigin(image);
  const directory = await Deno.makeTempDir({ prefix: "glance-bench-cache-" });
  try {
    await using gateway = await startGateway("gateway", origin.url, true, `${directory}/gateway`);
    const results: Result[] = [];
    for (const slice of ["8m", "1m"]) {
      await using nginx = await startSlicing(origin, slice, `${directory}/${slice}`);
      const path = `/v2/images/${origin.imageId}/file`;
      // The first reads fill the caches.
      for (const { url } of [gateway, nginx]) {
        await readAll(url + path, 1);
        for (let i = 0; i < WARM_UPS; i++) await readRanges(url + path, 1);
      }
      for (const readers of READERS) {
        const jobs = { "whole image": readAll, "1 MB ranges": readRanges };
        for (const [what, read] of Object.entries(jobs)) {
          results.push(
            await measure({
              name: `cache, ${what}, ${readers} ${readers === 1 ? "reader" : "readers"}`,
              ours: { name: gateway.name, run: () => read(gateway.url + path, readers) },
              against: { name: nginx.name, run: () => read(nginx.url + path, readers) },
              reach: 1,
              rounds: ROUNDS,
            }),
          );
        }
      }
    }
    return { results };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function startSlicing({ url }: Origin, slice: string, directory: string) {
  const cache = `proxy_cache_path ${directory} keys_zone=images:10m max_size=64g; sendfile on;`;
  const settings = `slice ${slice}; proxy_cache images; proxy_cache_key $uri$slice_range;
    proxy_set_header Range $slice_range; proxy_http_version 1.1; proxy_cache_valid 200 206 1h;`;
  return startNginx(`nginx, slice ${slice}`, url, cache, settings);
}

/** Each reader reads the whole image, some times. */
function readAll(url: string, readers: number): Promise<void> {
  const count = readers * (REPEATS.get(readers) ?? 1);
  return transfer(readers, Array.from({ length: count }, () => `url = "${url}"`));
}

/** Each reader reads ranges all over the image. */
function readRanges(url: string, readers: number): Promise<void> {
  const count = readers * RANGES * (REPEATS.get(readers) ?? 1);
  const last = SIZE - RANGE;
  return transfer(
    readers,
    Array.from({ length: count }, (_, n) => {
      const start = (n * 7_654_321) % last;
      return `url = "${url}"\nrange = "${start}-${start + RANGE - 1}"`;
    }),
  );
}

/** Runs transfers with curl, a number of them at once; their bytes are discarded. */
async function transfer(parallel: number, transfers: readonly string[]): Promise<void> {
  const config = transfers.map((each) => `${each}\noutput = "/dev/null"\nfail\n`).join("next\n");
  const child = spawned(
    new Deno.Command("curl", {
      args: [
        "-sS",
        "--parallel",
        "--parallel-immediate",
        "--parallel-max",
        `${parallel}`,
        "-K",
        "-",
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }),
  );
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(config));
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`curl failed: ${new TextDecoder().decode(stderr)}`);
}
