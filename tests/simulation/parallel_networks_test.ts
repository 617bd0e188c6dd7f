/**
 * Downloads over several connections whose servers fall silent, or become slower and faster, at random: each ends, with
 * all bytes or an error.
 */
import { assert, assertEquals } from "@std/assert";
import { concat } from "../../lib/concat.ts";
import { getDefaultImageService } from "../../mod.ts";
import {
  between,
  type LinkChange,
  pick,
  seededRandom,
  SimulatedCluster,
} from "../../lib/testing/mod.ts";

const SEEDS = Math.ceil(Number(Deno.env.get("SIMULATION_SEEDS") ?? 10_000) / 400);
const CHANGES = 10 * SEEDS;
const FIRST_SEED = Number(Deno.env.get("SIMULATION_SEED") ?? 1);

/** Larger than the smallest parts, which have 1 MiB. */
const SIZE = 6_000_000;

/** Milliseconds of silence after which a download has ended: `stallTimeout`, `requestTimeout`, and the last requests. */
const LONGEST_SILENCE = 140_000;

Deno.test(`download() over several connections ends while servers fall silent, over ${SEEDS} seeds`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    try {
      await simulateSilence(seed);
    } catch (cause) {
      throw new Error(`SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 repeats it`, { cause });
    }
  }
});

Deno.test(`download() over several connections delivers each byte once while the throughput changes, over ${CHANGES} seeds`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CHANGES; seed++) {
    try {
      await simulateChanges(seed);
    } catch (cause) {
      throw new Error(`SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 repeats it`, { cause });
    }
  }
});

/** Without verification, so that each wrong byte is seen. */
async function simulateChanges(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const servers = between(random, 1, 3);
  const links = Array.from({ length: servers }, (_, server) => changingLink(server, random));
  const size = between(random, 20_000, 800_000);
  const cluster = new SimulatedCluster({ seed, servers, size, links: links.flat() });
  const { clock, context, imageId } = cluster;
  const service = getDefaultImageService(cluster.options);
  const connections = pick(random, ["auto", "auto", 2, 4] as const);
  const options = {
    connections,
    partSize: between(random, 10_000, 150_000),
    verify: "off",
  } as const;
  const pause = pick(random, [0, 0, 20, 200]);
  const download = async () => {
    const parts: Uint8Array[] = [];
    for await (const chunk of await service.download(context, imageId, options)) {
      parts.push(chunk);
      if (pause > 0) await clock.sleep(between(random, 1, pause));
    }
    return concat(parts);
  };
  const data = await clock.run(download());
  assertEquals(data.byteLength, size);
  assertEquals(data, cluster.image);
  assertEquals([clock.pending, cluster.openBodies], [0, 0]);
}

/** A link whose bandwidth changes in the first seconds. */
function changingLink(server: number, random: () => number): LinkChange[] {
  const latency = between(random, 0, 40);
  return Array.from({ length: 8 }, (_, i) => ({
    server,
    at: i * between(random, 100, 600),
    latency,
    bandwidth: between(random, 30_000, 600_000),
  }));
}

async function simulateSilence(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const servers = between(random, 1, 3);
  const isDead = random() < 0.3;
  const links = Array.from({ length: servers }, (_, server) => linkOf(server, isDead, random));
  const cluster = new SimulatedCluster({ seed, servers, size: SIZE, links: links.flat() });
  const { clock, context, imageId } = cluster;
  const service = getDefaultImageService(cluster.options);
  const partSize = pick(random, [undefined, 500_000]);
  const options = { connections: pick(random, [2, 4, 8, "auto"] as const), partSize };
  const download = async () => {
    const stream = await service.download(context, imageId, options);
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const outcome = await clock.run(download().catch((error: unknown) => error));
  const lastChange = Math.max(...links.flat().map(({ at = 0 }) => at));
  assert(clock.now() < lastChange + LONGEST_SILENCE, `It took ${clock.now()} ms`);
  if (outcome instanceof Error) {
    assert(isDead, `${outcome}`);
  } else assertEquals(outcome, cluster.image);
  assertEquals([clock.pending, cluster.openBodies], [0, 0]);
}

/** A link that falls silent, for some seconds or until the end. */
function linkOf(server: number, isDead: boolean, random: () => number): LinkChange[] {
  const at = between(random, 0, 5_000);
  const silence: LinkChange[] = [{ server, at, blackHole: true }];
  if (!isDead) silence.push({ server, at: at + between(random, 500, 25_000), blackHole: false });
  const state = {
    bandwidth: between(random, 300_000, 3_000_000),
    latency: between(random, 1, 150),
  };
  return [{ server, ...state }, ...silence];
}
