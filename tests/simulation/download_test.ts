/** Downloads from a simulated cluster with random faults: the exact image or a typed error. */
import { assert, assertEquals } from "@std/assert";
import { toBytes } from "@std/streams";
import { type DownloadOptions, getDefaultImageService, GlanceError } from "../../mod.ts";
import {
  between,
  type Fault,
  pick,
  randomFault,
  RECOVERABLE,
  seededRandom,
  SimulatedClock,
  SimulatedCluster,
} from "../../lib/testing/mod.ts";
import { concat } from "../../lib/concat.ts";
import { SeekableFile } from "../support/seekable_file.ts";

const SEEDS = Number(Deno.env.get("SIMULATION_SEEDS") ?? 10_000);
const FIRST_SEED = Number(Deno.env.get("SIMULATION_SEED") ?? 1);
const NUM_RETRIES = 3;

/** How the bytes are read; a file accepts them in any order, and unhashed. */
type Way = "byob" | "default" | "sink" | "file";

interface Run {
  readonly bytes: Uint8Array | null;
  readonly error: unknown;
  readonly cluster: SimulatedCluster;
  readonly clock: SimulatedClock;
  readonly plan: readonly Fault[];
  /** Parts of a download over several connections. */
  readonly parts: number;
}

Deno.test(`download() returns the image or throws a GlanceError, over ${SEEDS} seeds`, async () => {
  let delivered = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const run = await simulate(seed);
    try {
      check(run);
    } catch (cause) {
      throw new Error(
        `SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 repeats it: ${JSON.stringify(run.plan)}`,
        { cause },
      );
    }
    if (run.bytes !== null) delivered++;
  }
  assert(delivered > SEEDS / 2, `only ${delivered} of ${SEEDS} downloads were delivered`);
});

async function simulate(seed: number): Promise<Run> {
  const random = seededRandom(seed);
  const clock = new SimulatedClock();
  const faults = between(random, 0, 5);
  const plan = Array.from({ length: faults }, () => randomFault(random));
  const cluster = new SimulatedCluster({
    seed,
    clock,
    servers: between(random, 1, 4),
    size: random() < 0.1 ? between(random, 0, 2) : between(random, 3, 60_000),
    supportsRanges: random() < 0.6,
    hasLength: random() < 0.8,
    plan,
  });
  const chosen = pick(random, ["byob", "default", "sink", "file"] as const);
  // Only a hash detects a changed bit, and proves that additional bytes are harmless.
  const needsHash = plan.some(({ kind }) => kind === "flippedBit" || kind === "extraBytes");
  const way = chosen === "file" && needsHash ? "sink" : chosen;
  const connections = random() < 0.3 ? pick(random, [2, 3, 4, "auto"] as const) : 1;
  const options = { connections, partSize: between(random, 4_000, 20_000) };
  const parts = connections === 1 ? 0 : Math.ceil(cluster.image.byteLength / options.partSize);
  const download = clock.run(take(cluster, clock, random, way, options));
  const outcome = await download.then(
    (bytes) => ({ bytes, error: null }),
    (error) => ({ bytes: null, error }),
  );
  return { ...outcome, cluster, clock, plan, parts };
}

async function take(
  cluster: SimulatedCluster,
  clock: SimulatedClock,
  random: () => number,
  way: Way,
  options: DownloadOptions,
): Promise<Uint8Array> {
  const service = getDefaultImageService({
    apiServers: cluster.apiServers,
    numRetries: NUM_RETRIES,
    fetch: cluster.fetch,
    sleep: clock.sleep,
    timer: clock.timer,
    now: clock.now,
    random,
    requestTimeout: 5_000,
    stallTimeout: 1_000,
  });
  if (way === "sink") {
    const parts: Uint8Array[] = [];
    await service.download(
      cluster.context,
      cluster.imageId,
      new WritableStream({ write: (c) => void parts.push(c) }),
      options,
    );
    return concat(parts);
  }
  if (way === "file") {
    const file = new SeekableFile(cluster.image.byteLength);
    await service.download(cluster.context, cluster.imageId, file, { ...options, verify: "off" });
    return file.bytes;
  }
  const stream = await service.download(cluster.context, cluster.imageId, options);
  return way === "byob" ? await readByob(stream, between(random, 1, 5_000)) : await toBytes(stream);
}

async function readByob(stream: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const reader = stream.getReader({ mode: "byob" });
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(size));
    if (done) return concat(parts);
    parts.push(value);
  }
}

function check({ bytes, error, cluster, clock, plan, parts }: Run): void {
  if (bytes === null) {
    assert(error instanceof GlanceError, `no typed error: ${Deno.inspect(error)}`);
  } else assertEquals(bytes, cluster.image);
  assertEquals(cluster.openBodies, 0, "a body was neither consumed nor canceled");
  assertEquals(clock.pending, 0, "a timer was left");
  assert(
    cluster.requests.every(({ server }) => cluster.apiServers.includes(server)),
    "a foreign origin was asked",
  );
  // One call renews a token once: a second refusal in a row is a response.
  const isHealable = plan.length <= NUM_RETRIES &&
    plan.every(({ kind }) => RECOVERABLE.has(kind) || kind === "denied") &&
    plan.filter(({ kind }) => kind === "expiredToken").length <= 1;
  // A server that has denied the image gets no other request: another one must be left.
  const denials =
    plan.filter((fault) =>
      fault.kind === "denied" || fault.kind === "status" && fault.status === 500
    ).length;
  if (isHealable && denials < cluster.apiServers.length) {
    assert(bytes !== null, `not delivered: ${Deno.inspect(error)}`);
  }
  // A late part is requested a second time, over another connection.
  const most = 3 * (plan.length + 1 + NUM_RETRIES) + 2 * parts + 2;
  assert(
    cluster.requests.length <= most,
    `${cluster.requests.length} requests for ${plan.length} faults`,
  );
}
