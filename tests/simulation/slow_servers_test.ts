/** Servers that become slow or silent: another one continues, and few bytes are sent twice. */
import { assert, assertEquals } from "@std/assert";
import { getDefaultImageService, GlanceError, type GlanceEvent } from "../../mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import {
  between,
  type ClusterOptions,
  type LinkChange,
  pick,
  seededRandom,
  SimulatedCluster,
} from "../../lib/testing/mod.ts";

const SEEDS = Number(Deno.env.get("SIMULATION_SEEDS") ?? 10_000) / 2;
const SIZE = 2_000_000;

/** Bytes per second of a healthy server, from which the image takes 10 s. */
const RATE = 200_000;

/** The share of the bytes that may be sent twice. */
const MOST_TWICE = 0.1;

interface Run {
  readonly cluster: SimulatedCluster;
  readonly bytes: Uint8Array | null;
  readonly error: unknown;
  readonly events: readonly GlanceEvent[];
  readonly moves: number;
  /** Bytes of the image that were sent more than once, as a share of it. */
  readonly twice: number;
}

/** Two healthy servers, and what changes. */
function network(...changes: readonly LinkChange[]): readonly LinkChange[] {
  return [
    { latency: 20 },
    { server: 0, bandwidth: RATE },
    { server: 1, bandwidth: RATE },
    { server: 2, bandwidth: RATE },
    ...changes,
  ];
}

/** Changes of both servers, so that it does not matter which one gets the first request. */
function whicheverServes(change: LinkChange, until: number, end: LinkChange): LinkChange[] {
  return [
    { server: 0, ...change },
    { server: 0, at: until, ...end },
    { server: 1, ...change, at: until },
  ];
}

async function run(options: ClusterOptions, isGateway = false): Promise<Run> {
  const cluster = new SimulatedCluster({ size: SIZE, ...options });
  const { context, imageId, clock } = cluster;
  const events: GlanceEvent[] = [];
  const onEvent = (event: GlanceEvent) => void events.push(event);
  const client = { ...cluster.options, onEvent };
  const download = async () => {
    if (!isGateway) {
      const stream = await getDefaultImageService(client).download(context, imageId);
      return new Uint8Array(await new Response(stream).arrayBuffer());
    }
    const router = createImageRouter({ ...client, apiServers: cluster.apiServers });
    const headers = { "x-auth-token": cluster.token };
    const response = await router.request(`/v2/images/${imageId}/file`, { headers });
    return new Uint8Array(await response.arrayBuffer());
  };
  const outcome = await clock.run(download()).then(
    (bytes) => ({ bytes, error: null }),
    (error) => ({ bytes: null, error }),
  );
  const sent = cluster.requests.filter(({ path }) => path.endsWith("/file"))
    .reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  const moves = events.filter(({ kind }) => kind === "move").length;
  return { ...outcome, cluster, events, moves, twice: sent / cluster.image.byteLength - 1 };
}

function checkDelivered({ cluster, bytes, error, twice }: Run, what: unknown): void {
  assert(bytes !== null, `${what}: ${Deno.inspect(error)}`);
  assertEquals(bytes, cluster.image, `${what}`);
  assertEquals(cluster.openBodies, 0, `${what}`);
  assert(twice <= MOST_TWICE, `${what}: ${Math.round(100 * twice)} % of the bytes were sent twice`);
}

const SLOW = { bandwidth: RATE / 10 };
const DEAD = { blackHole: true };
const ALIVE = { blackHole: false };

/** What happens -> the latest end in ms, and the most moves. */
const SITUATIONS: readonly (readonly [
  what: string,
  options: ClusterOptions,
  latest: number,
  moves: number,
])[] = [
  ["all servers are healthy", { links: network() }, 10_200, 0],
  [
    "each server in turn becomes ten times slower",
    {
      links: network(...whicheverServes({ at: 3_000, ...SLOW }, 7_000, { bandwidth: RATE })),
    },
    15_500,
    2,
  ],
  [
    "each server in turn falls silent",
    {
      links: network(...whicheverServes({ at: 3_000, ...DEAD }, 7_000, ALIVE)),
    },
    13_500,
    2,
  ],
  [
    "one connection stalls",
    {
      links: network(),
      plan: [{ kind: "stall", at: 0.3 }],
    },
    12_500,
    1,
  ],
  [
    "the only connection to the only server stalls",
    {
      servers: 1,
      links: network(),
      plan: [{ kind: "stall", at: 0.3 }],
    },
    15_500,
    1,
  ],
  [
    "the only server becomes ten times slower",
    {
      servers: 1,
      links: network({ server: 0, at: 5_000, ...SLOW }),
    },
    56_000,
    0,
  ],
  // When the silence ends, either of two connections may be first.
  [
    "the only server falls silent for 9 s",
    {
      servers: 1,
      links: network({ server: 0, at: 5_000, ...DEAD }, { server: 0, at: 14_000, ...ALIVE }),
    },
    20_500,
    1,
  ],
  [
    "the client's link becomes ten times slower",
    {
      links: network({ at: 5_000, ...SLOW }),
    },
    60_000,
    0,
  ],
  [
    "the client's link falls silent for 9 s",
    {
      links: network({ at: 5_000, ...DEAD }, { at: 14_000, ...ALIVE }),
    },
    21_000,
    1,
  ],
  [
    "the servers were always slow",
    {
      size: 100_000,
      links: network({ server: 0, bandwidth: 5_000 }, { server: 1, bandwidth: 5_000 }),
    },
    20_500,
    0,
  ],
  [
    "a server that was left is soon the better one",
    {
      links: network(
        { server: 0, at: 3_000, ...SLOW },
        { server: 1, at: 3_000, ...SLOW },
        { server: 0, at: 7_000, bandwidth: RATE },
      ),
    },
    28_000,
    2,
  ],
  [
    "no store supports ranges",
    {
      supportsRanges: false,
      links: network({ server: 0, at: 3_000, ...DEAD }, { server: 0, at: 9_000, ...ALIVE }),
    },
    16_500,
    0,
  ],
];

for (const [what, options, latest, moves] of SITUATIONS) {
  for (const isGateway of [false, true]) {
    const who = isGateway ? "GET /file" : "download()";
    Deno.test(`${who} moves at most ${moves} times and ends in time when ${what}`, async () => {
      for (let seed = 1; seed <= 10; seed++) {
        const result = await run({ ...options, seed }, isGateway);
        const { cluster: { clock }, moves: count, events } = result;
        checkDelivered(result, seed);
        assert(clock.now() <= latest, `seed ${seed} took ${clock.now()} ms`);
        assert(count <= moves, `seed ${seed}: ${Deno.inspect(events)}`);
      }
    });
  }
}

Deno.test("download() sends no second request when the consumer is slow or pauses", async () => {
  for (const pause of [100, 400, 3_000, 60_000]) {
    const cluster = new SimulatedCluster({ size: 600_000, links: network() });
    const { clock, context, imageId, options, requests } = cluster;
    const write = async () => {
      await clock.sleep(pause);
    };
    const work = getDefaultImageService(options)
      .download(context, imageId, new WritableStream({ write }));
    await clock.run(work);
    assertEquals(requests.map(({ range }) => range), [null, null], `${pause}`);
  }
});

Deno.test("download() ends soon when servers fall silent again and again for 1 to 20 s", async () => {
  const times: number[] = [];
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const links = [0, 1, 2].flatMap((server) => silences(random, server));
    const result = await run({ seed, servers: 3, links: network(...links) });
    checkDelivered(result, seed);
    times.push(result.cluster.clock.now());
  }
  // The best possible is 10 s. Each silence costs 1 to 1.5 s, or until one of the servers sends again.
  times.sort((a, b) => a - b);
  const [median = Infinity, longest = Infinity] = [times[15], times.at(-1)];
  assert(median <= 17_000 && longest <= 30_000, `${times.map(Math.round)}`);
});

/** Random black holes of one server: 1 to 20 s, after 2 to 30 s each. */
function silences(random: () => number, server: number): LinkChange[] {
  const changes: LinkChange[] = [];
  for (let at = between(random, 1_000, 10_000); at < 60_000;) {
    const end = at + between(random, 1_000, 20_000);
    changes.push({ server, at, blackHole: true }, { server, at: end, blackHole: false });
    at = end + between(random, 2_000, 30_000);
  }
  return changes;
}

/** Random bandwidths and black holes of the servers and of the client. */
function randomLinks(random: () => number): LinkChange[] {
  return Array.from({ length: between(random, 0, 8) }, () => ({
    ...random() < 0.8 && { server: between(random, 0, 2) },
    at: between(random, 0, 20_000),
    bandwidth: pick(random, [RATE / 50, RATE / 10, RATE / 2, RATE, 10 * RATE]),
    blackHole: random() < 0.25,
  }));
}

Deno.test(`download() delivers the image or a GlanceError over ${SEEDS} random networks`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const links = network(...randomLinks(random));
    const plan = random() < 0.3 ? [{ kind: "stall" as const, at: random() }] : [];
    const size = between(random, 1, 600_000);
    const servers = between(random, 1, 3);
    const supportsRanges = random() < 0.8;
    const result = await run({ seed, size, servers, supportsRanges, links, plan });
    const { bytes, error, cluster } = result;
    if (bytes === null) assert(error instanceof GlanceError, `${seed}: ${Deno.inspect(error)}`);
    else assertEquals(bytes, cluster.image, `${seed}`);
    assertEquals([cluster.openBodies, cluster.clock.pending], [0, 0], `${seed}`);
  }
});

Deno.test("download() closes both bodies when it is aborted during a challenge", async () => {
  for (let ms = 3_000; ms <= 9_000; ms += 250) {
    const slow = { at: 3_000, bandwidth: RATE / 10 };
    const links = network({ server: 0, ...slow }, { server: 1, ...slow }, {
      at: 6_000,
      blackHole: true,
    });
    const cluster = new SimulatedCluster({ size: SIZE, links });
    const { clock, context, imageId, options } = cluster;
    const controller = new AbortController();
    const { signal } = controller;
    clock.sleep(ms).then(() => controller.abort("enough"));
    const sink = new WritableStream();
    const work = getDefaultImageService(options).download(context, imageId, sink, { signal });
    assertEquals(await clock.run(work.catch((error) => error)), "enough");
    assertEquals([clock.now(), cluster.openBodies], [ms, 0]);
    await clock.run(clock.sleep(1));
    assertEquals([clock.pending, cluster.openBodies], [0, 0]);
  }
});
