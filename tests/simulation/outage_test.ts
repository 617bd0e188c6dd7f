/** Outages of all servers: a download that has begun continues for `stallTimeout`, measured in time. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { getDefaultImageService, type GlanceOptions, ImageDownloadFailed } from "../../mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { SimulatedCluster } from "../../lib/testing/mod.ts";

const SEEDS = 20;

/** Start of the outage: after the first byte, and before the last. */
const FROM = 80;

function clusterWithOutage(seed: number, seconds: number): SimulatedCluster {
  const outages = [{ from: FROM, until: FROM + 1_000 * seconds }];
  return new SimulatedCluster({ seed, size: 600_000, servers: 2, outages });
}

/** Downloads the image over one or several connections. */
async function download(
  cluster: SimulatedCluster,
  connections: number,
  options: GlanceOptions = {},
): Promise<Uint8Array> {
  const service = getDefaultImageService({ ...cluster.options, ...options });
  const { context, imageId } = cluster;
  const stream = await service.download(context, imageId, { connections, partSize: 50_000 });
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Downloads the image through a gateway. */
async function downloadThroughGateway(cluster: SimulatedCluster): Promise<Uint8Array> {
  const router = createImageRouter({ ...cluster.options, apiServers: cluster.apiServers });
  const headers = { "x-auth-token": cluster.token };
  const response = await router.request(`/v2/images/${cluster.imageId}/file`, { headers });
  assertEquals(response.status, 200);
  return new Uint8Array(await response.arrayBuffer());
}

for (const seconds of [2, 6, 20, 29]) {
  for (const connections of [1, 4]) {
    const over = connections === 1 ? "one connection" : `${connections} connections`;
    Deno.test(`download() over ${over} continues after an outage of ${seconds} s`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const cluster = clusterWithOutage(seed, seconds);
        const { clock } = cluster;
        assertEquals(await clock.run(download(cluster, connections)), cluster.image, `${seed}`);
        assert(clock.now() >= FROM + 1_000 * seconds, `seed ${seed} ended before the outage`);
        assert(clock.now() <= FROM + 1_000 * (seconds + 6), `seed ${seed} took ${clock.now()} ms`);
        assertEquals([cluster.openBodies, clock.pending], [0, 0], `${seed}`);
        // Each connection tries each server about once per second.
        const most = connections * 2 * (seconds + 8) + 40;
        assert(cluster.requests.length <= most, `${cluster.requests.length} requests`);
      }
    });
  }

  Deno.test(`GET /file continues after an outage of ${seconds} s`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const cluster = clusterWithOutage(seed, seconds);
      const { clock } = cluster;
      assertEquals(await clock.run(downloadThroughGateway(cluster)), cluster.image, `${seed}`);
      assert(clock.now() >= FROM + 1_000 * seconds, `seed ${seed} ended before the outage`);
      assertEquals(cluster.openBodies, 0, `${seed}`);
    }
  });
}

for (const connections of [1, 4]) {
  Deno.test(`download() with connections ${connections} names stallTimeout when an outage is longer`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const cluster = clusterWithOutage(seed, 32);
      const { clock } = cluster;
      const error = await assertRejects(
        () => clock.run(download(cluster, connections)),
        ImageDownloadFailed,
        'within 30000 ms; raise "stallTimeout" to wait longer; last error:',
      );
      assert(error.cause instanceof AggregateError);
      assert(error.messageParts[0]?.key === "stallTimeout");
      assertStringIncludes(error.message, "connection refused");
      assert(clock.now() >= 30_000 && clock.now() < FROM + 32_000, `${clock.now()}`);
      assertEquals([cluster.openBodies, clock.pending], [0, 0], `${seed}`);
    }
  });
}

Deno.test("download() fails within seconds when an outage begins before the first byte", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outages = [{ from: 0, until: 60_000 }];
    const cluster = new SimulatedCluster({ seed, outages });
    await assertRejects(() => cluster.clock.run(download(cluster, 1)));
    assert(cluster.clock.now() < 5_000, `${cluster.clock.now()}`);
  }
});

Deno.test("download() continues after a long outage when many share a retry budget", async () => {
  const cluster = clusterWithOutage(1, 20);
  const service = getDefaultImageService(cluster.options);
  const one = async () => {
    const stream = await service.download(cluster.context, cluster.imageId);
    return (await new Response(stream).arrayBuffer()).byteLength;
  };
  const sizes = await cluster.clock.run(Promise.all(Array.from({ length: 100 }, one)));
  assertEquals(new Set(sizes), new Set([600_000]));
  // About once per second, reader, and server.
  assert(cluster.requests.length < 100 * 2 * 20, `${cluster.requests.length} requests`);
});

Deno.test("download() stops at once when aborted during an outage", async () => {
  const cluster = clusterWithOutage(1, 60);
  const controller = new AbortController();
  const { signal } = controller;
  cluster.clock.sleep(9_000).then(() => controller.abort("enough"));
  const service = getDefaultImageService(cluster.options);
  const sink = new WritableStream();
  const work = service.download(cluster.context, cluster.imageId, sink, { signal });
  const reason = await cluster.clock.run(work).catch((error) => error);
  assertEquals([reason, cluster.clock.now(), cluster.clock.pending], ["enough", 9_000, 0]);
});
