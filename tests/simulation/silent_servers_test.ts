/** Reads while servers are silent or slow: every one succeeds soon, and few requests are sent twice. */
import { assert, assertEquals } from "@std/assert";
import { GlanceClientWrapper, type GlanceEvent } from "../../mod.ts";
import { between, type LinkChange, seededRandom, SimulatedCluster } from "../../lib/testing/mod.ts";

const SEEDS = Math.ceil(Number(Deno.env.get("SIMULATION_SEEDS") ?? 10_000) / 50);
const FIRST_SEED = Number(Deno.env.get("SIMULATION_SEED") ?? 1);

/** Milliseconds of one run. */
const END = 120_000;

Deno.test(`call() succeeds in time while some servers are silent or slow, over ${SEEDS} seeds`, async () => {
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
  const servers = between(random, 2, 4);
  // The first server always works.
  const links = Array.from({ length: servers - 1 }, (_, i) => faultsOf(i + 1, random)).flat();
  const cluster = new SimulatedCluster({ seed, servers, size: 10, links });
  const { clock, context, imageId } = cluster;
  const events: GlanceEvent[] = [];
  const client = new GlanceClientWrapper({
    ...cluster.options,
    onEvent: (event) => events.push(event),
  });
  let calls = 0;
  let late = 0;
  const caller = async () => {
    while (clock.now() < END) {
      const start = clock.now();
      await client.call(context, "get", imageId);
      calls++;
      if (clock.now() - start > 2_500 * servers + 500) late++;
      await clock.sleep(between(random, 10, 500));
    }
  };
  await clock.run(Promise.all(Array.from({ length: between(random, 1, 10) }, caller)));
  const count = (kind: GlanceEvent["kind"]) => events.filter((event) => event.kind === kind).length;
  assertEquals(cluster.requests.length, calls + count("hedge") + count("retry"));
  assertEquals([clock.pending, cluster.openBodies], [0, 0]);
  // A body that falls silent after its headers is limited by `requestTimeout`.
  assert(late < servers, `${late} of ${calls} calls were late`);
  const unneeded = count("hedge") - count("cooldown");
  assert(unneeded <= 8 * servers + calls / 50, `${unneeded} of ${calls} were sent twice`);
}

/** A black hole, and a latency below the delay of a hedged request. */
function faultsOf(server: number, random: () => number): LinkChange[] {
  const at = between(random, 0, END / 2);
  return [
    { server, latency: between(random, 1, 2_000) },
    { server, at, blackHole: true },
    { server, at: at + between(random, 1_000, END / 2), blackHole: false },
  ];
}
