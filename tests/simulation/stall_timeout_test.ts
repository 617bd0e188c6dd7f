/** How long a download keeps trying after a break: bounded in time and in requests, and fair to slow stores. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { getDefaultImageService, type GlanceOptions, ImageDownloadFailed } from "../../mod.ts";
import { type ClusterOptions, SimulatedCluster } from "../../lib/testing/mod.ts";

const SEEDS = 20;

async function download(cluster: SimulatedCluster, options: GlanceOptions = {}) {
  const service = getDefaultImageService({ ...cluster.options, ...options });
  const stream = await service.download(cluster.context, cluster.imageId);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Runs a download that fails, for each seed. */
async function failures(
  options: ClusterOptions,
  clientOptions: GlanceOptions,
  check: (cluster: SimulatedCluster) => void,
): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const cluster = new SimulatedCluster({ size: 600_000, ...options, seed });
    const work = () => cluster.clock.run(download(cluster, clientOptions));
    await assertRejects(work, ImageDownloadFailed, 'raise "stallTimeout"');
    check(cluster);
    assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0], `${seed}`);
  }
}

/** What an outage without an end sees of a client whose waits are unusual. */
const UNUSUAL_WAITS: readonly (readonly [what: string, options: GlanceOptions])[] = [
  ["sleep returns at once", { sleep: () => Promise.resolve() }],
  ["random always returns 0", { random: () => 0 }],
  ["random always returns almost 1", { random: () => 1 - Number.EPSILON }],
];

for (const [what, options] of UNUSUAL_WAITS) {
  Deno.test(`download() sends a bounded number of requests after a break when ${what}`, async () => {
    await failures({ outages: [{ from: 80, until: 1e9 }] }, options, ({ requests }) => {
      assert(requests.length > 10 && requests.length < 100, `${requests.length} requests`);
    });
  });
}

for (const servers of [1, 2, 5]) {
  Deno.test(`download() from ${servers} servers ends one request after stallTimeout when all are black holes`, async () => {
    const links = [{ at: 80, blackHole: true }];
    await failures({ servers, links }, {}, ({ clock, requests }) => {
      assert(clock.now() >= 30_000, `${clock.now()}`);
      // Then three more requests of two seconds each.
      assert(clock.now() <= 80 + 30_000 + 60_000 + 3 * 3_000, `${clock.now()}`);
      assert(requests.length < 8 * servers, `${requests.length} requests`);
    });
  });

  Deno.test(`download() from ${servers} servers ends in time when each sends Retry-After`, async () => {
    const plan = [
      { kind: "cut", at: 0.5 } as const,
      ...Array.from(
        { length: 100 },
        () => ({ kind: "status", status: 503, retryAfter: "20" }) as const,
      ),
    ];
    await failures({ servers, plan }, {}, ({ clock }) => {
      assert(clock.now() >= 30_000 && clock.now() < 35_000, `${clock.now()}`);
    });
  });
}

Deno.test("download() gives a slow store all of requestTimeout after a break", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const cluster = new SimulatedCluster({
      seed,
      servers: 1,
      size: 600_000,
      plan: [{ kind: "cut", at: 0.5 }],
      links: [{ at: 40, latency: 45_000 }],
    });
    assertEquals(await cluster.clock.run(download(cluster)), cluster.image);
    assert(cluster.clock.now() < 100_000, `${cluster.clock.now()}`);
  }
});
