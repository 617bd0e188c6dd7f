/**
 * Servers, proxies and clients with random faults at the same time, over real sockets. Each outcome is the exact
 * bytes or a typed error, and no descriptor leaks.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  getDefaultImageService,
  GlanceError,
  type GlanceImageService,
  type GlanceOptions,
} from "../../mod.ts";
import { serve } from "../../lib/cli/server/serve.ts";
import { sleep } from "../../lib/timer.ts";
import { createImageRouter, type RequestLog } from "../../lib/router/mod.ts";
import { between, pick, seededBytes, seededRandom } from "../support/seed.ts";
import { callGateway, planClient } from "./random_client.ts";
import { FaultyProxy } from "./faulty_proxy.ts";
import { type FaultLog, FaultyServer, IMAGE, IMAGE_ID, StoredImages } from "./faulty_server.ts";

/** Seeds of one run. `HOSTILE_SEED` replays one of them, `HOSTILE_SEEDS` runs more. */
const SEEDS = Number(Deno.env.get("HOSTILE_SEEDS") ?? 2_000);
const ONLY = Deno.env.get("HOSTILE_SEED");

/** Seeds that run at the same time. */
const AT_ONCE = 12;

/** Milliseconds of all timeouts; short, because tests wait for them. */
const SILENCE = 120;

/** Milliseconds within which every seed must have ended, also on a machine that is busy with other work. */
const TIME_LIMIT = 300_000;

const OPTIONS: GlanceOptions = {
  requestTimeout: SILENCE,
  stallTimeout: SILENCE,
  sleep: (ms, signal) => sleep(Math.min(ms, SILENCE), signal),
  numRetries: 3,
};

/** One cloud of two servers with proxies, made from a seed. */
class FaultyCloud implements AsyncDisposable {
  readonly faultLog: FaultLog = [];
  readonly stored = new StoredImages();
  readonly urls: readonly string[];
  readonly #servers: readonly FaultyServer[];
  readonly #proxies: readonly FaultyProxy[];

  constructor(random: () => number, isHashed: boolean) {
    const { faultLog } = this;
    const options = { random, faultRate: pick(random, [0, 0.3, 0.6]), isHashed, faultLog };
    this.#servers = [1, 2].map(() => new FaultyServer(options, this.stored));
    const faultRate = pick(random, [0, 0, 0.4]);
    this.#proxies = this.#servers.map(({ port }) =>
      new FaultyProxy(port, { random, faultRate, faultLog })
    );
    this.urls = this.#proxies.map(({ url }) => url);
  }

  /** Connections to a server that is not configured, after a redirect. */
  get foreignConnections(): number {
    return this.#servers.reduce((sum, { foreignConnections }) => sum + foreignConnections, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }
}

Deno.test("createImageRouter() sends exact bytes or an error when servers, proxies and clients misbehave", async () => {
  const reached = await runSeeds(async (seed) => {
    const random = seededRandom(seed);
    const plan = planClient(random);
    await using cloud = new FaultyCloud(random, plan.name === "whole");
    const logged: RequestLog[] = [];
    using client = Deno.createHttpClient({});
    const router = createImageRouter({
      ...OPTIONS,
      apiServers: cloud.urls,
      random,
      resume: random() < 0.8,
      verify: "auto",
      fetch: (input, init) => fetch(input, { ...init, client }),
      log: (entry) => void logged.push(entry),
    });
    const gateway = serve(async (request) => await router.fetch(request), {
      host: "127.0.0.1",
      port: 0,
    });
    try {
      const response = await callGateway(Number(new URL(gateway.url).port), plan);
      const reported = `seed ${seed}: ${plan.name}; ${cloud.faultLog.join(", ")}`;
      assertEquals(cloud.foreignConnections, 0, `${reported}: a redirect was followed`);
      if (response.kind !== "complete") return `${plan.name}: ${response.kind}`;
      const { status, body } = response;
      if (plan.requestedBytes !== null && (status === 200 || status === 206)) {
        const [start, stop] = status === 206 ? plan.requestedBytes : [0, IMAGE.byteLength];
        assertEquals(body.byteLength, stop - start, `${reported}: the length is wrong`);
        assert(isSame(body, IMAGE.subarray(start, stop)), `${reported}: the bytes are wrong`);
      } else if (plan.requestedBytes !== null) {
        assert(status >= 400, `${reported}: status ${status} without data`);
      }
      return `${plan.name}: ${status}`;
    } finally {
      await gateway.kill();
    }
  });
  if (ONLY !== undefined) return;
  for (const outcome of ["whole: 200", "range: 206", "whole: cut", "whole: left", "whole: 502"]) {
    assert((reached.get(outcome) ?? 0) > 0, `no seed reached "${outcome}": ${[...reached]}`);
  }
});

Deno.test("GlanceImageService downloads exact bytes or fails with a GlanceError when servers and proxies misbehave", async () => {
  const reached = await runSeeds(async (seed) => {
    const random = seededRandom(seed + 1_000_000);
    const isHashed = random() < 0.7;
    await using cloud = new FaultyCloud(random, isHashed);
    using client = Deno.createHttpClient({});
    const service = serviceOf(cloud, client, random);
    const start = isHashed ? 0 : between(random, 0, IMAGE.byteLength - 1);
    const end = isHashed ? IMAGE.byteLength - 1 : between(random, start, IMAGE.byteLength - 1);
    const connections = pick(random, [1, 1, 3]);
    const label = () => `seed ${seed}: ${start}-${end}; ${cloud.faultLog.join(", ")}`;
    try {
      const options = isHashed ? { connections, partSize: 20_000 } : { range: { start, end } };
      const stream = await service.download({ authToken: "t" }, IMAGE_ID, options);
      const body = new Uint8Array(await new Response(stream).arrayBuffer());
      assert(isSame(body, IMAGE.subarray(start, end + 1)), `${label()}: the bytes are wrong`);
      return "exact";
    } catch (error) {
      assertInstanceOf(error, GlanceError, `${label()}: ${error}`);
      return (error as GlanceError).name;
    } finally {
      assertEquals(cloud.foreignConnections, 0, `${label()}: a redirect was followed`);
    }
  });
  if (ONLY !== undefined) return;
  assert((reached.get("exact") ?? 0) > SEEDS / 4, `${[...reached]}`);
});

Deno.test("GlanceImageService.create() leaves the sent bytes or no active image when servers and proxies misbehave", async () => {
  const reached = await runSeeds(async (seed) => {
    const random = seededRandom(seed + 2_000_000);
    await using cloud = new FaultyCloud(random, true);
    using client = Deno.createHttpClient({});
    const service = serviceOf(cloud, client, random);
    const data = seededBytes(seed, between(random, 1, 60_000));
    const source = pick(random, [
      () => data,
      () => new Blob([data]),
      () => new Blob([data]).stream(),
    ]);
    const label = () => `seed ${seed}: ${data.byteLength} bytes; ${cloud.faultLog.join(", ")}`;
    const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
    try {
      const image = await service.create({ authToken: "t" }, meta, source());
      const stored = cloud.stored.get(image.id);
      assert(stored?.data && isSame(stored.data, data), `${label()}: other bytes are stored`);
      return "stored";
    } catch (error) {
      assertInstanceOf(error, GlanceError, `${label()}: ${error}`);
      return (error as GlanceError).name;
    }
  });
  if (ONLY !== undefined) return;
  assert((reached.get("stored") ?? 0) > SEEDS / 4, `${[...reached]}`);
});

function serviceOf(
  { urls }: FaultyCloud,
  client: Deno.HttpClient,
  random: () => number,
): GlanceImageService {
  return getDefaultImageService({
    ...OPTIONS,
    apiServers: urls,
    random,
    fetch: (input, init) => fetch(input, { ...init, client }),
  });
}

/** Runs every seed and counts the outcomes. Fails if a descriptor is left open. */
async function runSeeds(one: (seed: number) => Promise<string>): Promise<Map<string, number>> {
  const reached = new Map<string, number>();
  const failures: string[] = [];
  const seeds = ONLY === undefined
    ? Array.from({ length: SEEDS }, (_, seed) => seed)
    : [Number(ONLY)];
  const before = openDescriptors();
  const work = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const outcome = await withinTimeLimit(seed, one(seed)).catch((error) => {
        failures.push(error.message);
        return "failed";
      });
      reached.set(outcome, (reached.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assertEquals(failures.slice(0, 20), [], `${failures.length} of ${SEEDS} seeds failed`);
  const after = openDescriptors();
  assert(after - before < AT_ONCE, `${after - before} descriptors were not closed`);
  return reached;
}

async function withinTimeLimit<T>(seed: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`seed ${seed}: it does not end`)), TIME_LIMIT);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && hash(a) === hash(b);
}

function hash(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}
