/** Downloads over several connections whose servers fall silent at random: each ends, with all bytes or an error. */
import { assert, assertEquals } from "@std/assert";
import { getDefaultImageService } from "../../mod.ts";
import {
  between,
  type LinkChange,
  pick,
  seededRandom,
  SimulatedCluster,
} from "../../lib/testing/mod.ts";

const SEEDS = Math.ceil(Number(Deno.env.get("SIMULATION_SEEDS") ?? 10_000) / 400);
const FIRST_SEED = Number(Deno.env.get("SIMULATION_SEED") ?? 1);

/** Larger than the smallest parts, which have 1 MiB. */
const SIZE = 6_000_000;

/** Milliseconds of silence after which a download has ended: `stallTimeout`, `requestTimeout`, and the last requests. */
const LONGEST_SILENCE = 140_000;

Deno.test(`download() over several connections ends while servers fall silent, over ${SEEDS} seeds`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    try {
      await simulate(seed);
    } catch (cause) {
      throw new Error(`SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 repeats it`, { cause });
    }
  }
});

async function simulate(seed: number): Promise<void> {
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
