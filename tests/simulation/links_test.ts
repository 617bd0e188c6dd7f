/** The network of a simulated cluster: bandwidth, latency, and black holes, by its clock alone. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type LinkChange, SimulatedCluster } from "../../lib/testing/mod.ts";

const SIZE = 200_000;

/** Requests the image from one server, and returns when its response and its last byte arrived. */
async function fetchImage(
  { fetch, apiServers, context, imageId, clock }: SimulatedCluster,
  server = 0,
): Promise<readonly [response: number, end: number]> {
  const url = `${apiServers[server]}/v2/images/${imageId}/file`;
  const response = await fetch(url, { headers: { "x-auth-token": context.authToken ?? "" } });
  const at = clock.now();
  await response.arrayBuffer();
  return [at, clock.now()];
}

function clusterWith(links: readonly LinkChange[], seed = 1): SimulatedCluster {
  return new SimulatedCluster({ seed, size: SIZE, links });
}

/** The links of two servers -> when the response and the last byte of the first one arrive, in ms. */
const CASES: readonly (readonly [
  what: string,
  links: readonly LinkChange[],
  response: number,
  end: number,
])[] = [
  ["a latency", [{ latency: 70, bandwidth: 1e9 }], 70, 110],
  ["latencies of both links", [{ latency: 30 }, { server: 0, latency: 50 }], 80, 125],
  ["a bandwidth", [{ server: 0, latency: 0, bandwidth: 10_000 }], 0, 20_000],
  [
    "the narrower of two links",
    [
      { latency: 0, bandwidth: 5_000 },
      { server: 0, bandwidth: 10_000 },
    ],
    0,
    40_000,
  ],
  ["the link of another server", [{ latency: 0 }, { server: 1, bandwidth: 1 }], 0, 45],
  [
    "a bandwidth that changes",
    [
      { server: 0, at: 10_000, bandwidth: 1_000 },
      { server: 0, latency: 0, bandwidth: 10_000 },
    ],
    0,
    110_000,
  ],
  [
    "a black hole from the start",
    [
      { blackHole: true, latency: 0, bandwidth: 10_000 },
      { at: 5_000, blackHole: false },
    ],
    5_000,
    25_000,
  ],
  [
    "a black hole in the middle",
    [
      { server: 0, latency: 0, bandwidth: 10_000 },
      { server: 0, at: 6_000, blackHole: true },
      { server: 0, at: 9_000, blackHole: false },
    ],
    0,
    23_000,
  ],
];

for (const [what, links, response, end] of CASES) {
  Deno.test(`SimulatedCluster sends a body over ${what}`, async () => {
    const cluster = clusterWith(links);
    const times = await cluster.clock.run(fetchImage(cluster));
    assertEquals(times[0], response);
    assertAlmostEquals(times[1], end, 20 + end / 100);
    assertEquals([cluster.clock.pending, cluster.openBodies], [0, 0]);
  });
}

Deno.test("SimulatedCluster divides the client's bandwidth among the bodies", async () => {
  const cluster = clusterWith([{ latency: 0, bandwidth: 20_000 }]);
  const work = Promise.all([fetchImage(cluster, 0), fetchImage(cluster, 1)]);
  for (const [, end] of await cluster.clock.run(work)) assertAlmostEquals(end, 20_000, 1_000);
});

Deno.test("SimulatedCluster counts the bytes of each body that were read", async () => {
  const cluster = clusterWith([{ latency: 0, bandwidth: 10_000 }, { at: 5_000, blackHole: true }]);
  const url = `${cluster.apiServers[0]}/v2/images/${cluster.imageId}/file`;
  const controller = new AbortController();
  const { signal } = controller;
  cluster.clock.sleep(60_000).then(() => controller.abort());
  const fetched = cluster.fetch(url, { signal, headers: { "x-auth-token": cluster.token } });
  const body = fetched.then((response) => response.arrayBuffer()).catch(() => null);
  assertEquals(await cluster.clock.run(body), null);
  const [request] = cluster.requests;
  assertEquals([cluster.openBodies, cluster.clock.pending, request?.at], [0, 0, 0]);
  assertAlmostEquals(request?.sentBytes ?? 0, 50_000, 1_000);
});

Deno.test("SimulatedCluster repeats every time and byte of a seed", async () => {
  const run = async () => {
    const cluster = clusterWith([{ bandwidth: 70_000 }, { at: 900, bandwidth: 9_000 }], 5);
    const work = Promise.all([fetchImage(cluster, 0), fetchImage(cluster, 1)]);
    return [await cluster.clock.run(work), cluster.requests];
  };
  assertEquals(await run(), await run());
});
