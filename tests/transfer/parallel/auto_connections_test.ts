/** Downloads that choose their number of connections themselves. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type DownloadOptions,
  getDefaultImageService,
  ImageIntegrityError,
  type Progress,
} from "../../../mod.ts";
import { type ClusterOptions, SimulatedCluster } from "../../../lib/testing/mod.ts";

const SIZE = 2_000_000;

/** Two servers of 200 kB per second each. */
const SLOW: ClusterOptions = {
  size: SIZE,
  links: [0, 1].map((server) => ({ server, bandwidth: 200_000 })),
};

async function download(cluster: SimulatedCluster, options: DownloadOptions): Promise<Uint8Array> {
  const { context, imageId, clock } = cluster;
  const service = getDefaultImageService(cluster.options);
  const work = async () => {
    const stream = await service.download(context, imageId, { partSize: 50_000, ...options });
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  return await clock.run(work());
}

function rangesOf({ requests }: SimulatedCluster): string[] {
  return requests.filter(({ path }) => path.endsWith("/file")).map(({ range }) => range ?? "all");
}

Deno.test("download() with connections auto requests the whole image first, and adds connections while it gets faster", async () => {
  const cluster = new SimulatedCluster(SLOW);
  const progress: Progress[] = [];
  const onProgress = (now: Progress) => progress.push(now);
  assertEquals(await download(cluster, { connections: "auto", onProgress }), cluster.image);
  const [first, ...parts] = rangesOf(cluster);
  assertEquals(first, "all");
  assert(parts.length > 5, `${parts.length} parts`);
  assertEquals(new Set(cluster.requests.map(({ server }) => server)).size, 2);
  assert(cluster.clock.now() < 8_000, `${cluster.clock.now()} ms instead of 10 s`);
  assertEquals([progress.at(-1)?.transferred, progress.at(-1)?.total], [SIZE, SIZE]);
  assertEquals(
    progress.map(({ transferred }) => transferred).toSorted((a, b) => a - b),
    progress.map(({ transferred }) => transferred),
  );
  assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0]);
});

Deno.test("download() over two connections reports bytes when they are received, although others before them are missing", async () => {
  const cluster = new SimulatedCluster(SLOW);
  const reported: number[] = [];
  const onProgress = ({ transferred }: Progress) => void reported.push(transferred);
  await download(cluster, { connections: 2, partSize: 400_000, onProgress, progressInterval: 0 });
  const steps = reported.map((bytes, i) => bytes - (reported[i - 1] ?? 0));
  assert(Math.max(...steps) < 100_000, `${steps}`);
  assertEquals(reported.at(-1), SIZE);
});

Deno.test("download() with connections auto stays on one connection when the store cannot seek", async () => {
  const cluster = new SimulatedCluster({ ...SLOW, supportsRanges: false });
  assertEquals(await download(cluster, { connections: "auto" }), cluster.image);
  const [first, ...parts] = rangesOf(cluster);
  // Both servers refuse the same part.
  assertEquals([first, parts.length, new Set(parts).size], ["all", 2, 1]);
  assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0]);
});

Deno.test("download() with connections auto reads all over the first connection when the first parts are silent", async () => {
  const plan = [{ kind: "labeledWhole" }, { kind: "silence" }, { kind: "silence" }] as const;
  const cluster = new SimulatedCluster({ ...SLOW, size: 300_000, plan });
  assertEquals(await download(cluster, { connections: "auto" }), cluster.image);
  assertEquals(rangesOf(cluster).filter((range) => range === "all").length, 1);
  assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0]);
});

Deno.test("download() with connections auto sends one request when the image arrives at once", async () => {
  const cluster = new SimulatedCluster({ size: 200_000 });
  assertEquals(await download(cluster, { connections: "auto" }), cluster.image);
  assertEquals(rangesOf(cluster), ["all"]);
});

Deno.test("download() with connections auto rejects wrong bytes, and stops when it is aborted", async () => {
  const wrong = new SimulatedCluster({ ...SLOW, plan: [{ kind: "flippedBit", at: 0.01 }] });
  await assertRejects(() => download(wrong, { connections: "auto" }), ImageIntegrityError);
  assertEquals([wrong.openBodies, wrong.clock.pending], [0, 0]);
  for (const ms of [1, 300, 3_000]) {
    const aborted = new SimulatedCluster(SLOW);
    const controller = new AbortController();
    aborted.clock.sleep(ms).then(() => controller.abort("enough"));
    const { signal } = controller;
    const work = download(aborted, { connections: "auto", signal });
    assertEquals(await work.catch((error) => error), "enough");
    assertEquals([aborted.openBodies, aborted.clock.pending], [0, 0]);
  }
});

Deno.test("download() with connections auto delivers each byte once when it ends before the number of connections is final", async () => {
  for (let size = 100_000; size <= 1_000_000; size += 20_000) {
    const cluster = new SimulatedCluster({ ...SLOW, size });
    const options = { connections: "auto", partSize: 80_000, verify: "off" } as const;
    const data = await download(cluster, options);
    assertEquals(data.byteLength, size);
    assertEquals(data, cluster.image);
  }
});
