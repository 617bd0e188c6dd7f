/**
 * A simulated cluster of Glance servers, reached by an injected fetch, with one image and many kinds of faults. A seed and
 * a plan determine its behavior. It counts the bodies that clients leave open.
 */
import type { RequestContext } from "../context.ts";
import type { GlanceOptions } from "../options.ts";
import { type BodyEnvironment, openBody } from "./body_script.ts";
import { NEVER, SimulatedClock } from "./clock.ts";
import { type Fault, isDuringOutage, type Outage } from "./faults.ts";
import { type LinkChange, Links } from "./links.ts";
import { type ReceivedRequest, responseTo, type ServedImage } from "./responses.ts";
import { between, seededBytes, seededRandom } from "./seed.ts";

/** Options of a cluster. */
export interface ClusterOptions {
  /**
   * Seed of all random values: the image, the length of chunks, the latency of responses.
   * Default: `1`.
   */
  readonly seed?: number;
  /**
   * Clock of the cluster.
   * Default: a new clock.
   */
  readonly clock?: SimulatedClock;
  /**
   * Number of servers.
   * Default: `2`.
   */
  readonly servers?: number;
  /**
   * Size of the image in bytes.
   * Default: 100,000.
   */
  readonly size?: number;
  /**
   * Whether the store supports ranges; Ceph, Swift, and S3 do not.
   * Default: `true`.
   */
  readonly supportsRanges?: boolean;
  /**
   * Faults of the requests for data, in order; later requests succeed.
   * Default: `[]`.
   */
  readonly plan?: readonly Fault[];
  /**
   * Outages of all servers: they refuse connections, and open bodies break.
   * Default: `[]`.
   */
  readonly outages?: readonly Outage[];
  /**
   * Changes of the network: bandwidth, latency, and black holes.
   * Default: `[]`.
   */
  readonly links?: readonly LinkChange[];
  /**
   * Number of open bodies from which on requests for data get 503, as from a proxy that limits the connections of
   * a client.
   * Default: `Infinity`.
   */
  readonly bodyLimit?: number;
  /**
   * Whether responses have a `Content-Length`.
   * Default: `true`.
   */
  readonly hasLength?: boolean;
}

const IMAGE_ID = "5b0d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e90";

/**
 * A cluster of Glance servers with one image and one valid token.
 *
 * @example A cloud whose store does not support ranges, and whose token expires
 * ```ts
 * import { getDefaultImageService } from "@glance-edge/glance";
 * import { SimulatedCluster } from "@glance-edge/glance/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const cluster = new SimulatedCluster({
 *   supportsRanges: false,
 *   plan: [{ kind: "stall", at: 0.9 }, { kind: "expiredToken" }],
 * });
 * const service = getDefaultImageService({ ...cluster.options, stallTimeout: 1_000 });
 * let count = 0;
 * const sink = new WritableStream<Uint8Array>({ write: (chunk) => void (count += chunk.byteLength) });
 * await cluster.clock.run(service.download(cluster.context, cluster.imageId, sink));
 * assertEquals(count, cluster.image.byteLength);
 * ```
 *
 * @example A server that becomes ten times slower after 2 s, and loses its network for 5 s
 * ```ts
 * import { getDefaultImageService } from "@glance-edge/glance";
 * import { SimulatedCluster } from "@glance-edge/glance/testing";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const cluster = new SimulatedCluster({
 *   servers: 1,
 *   links: [
 *     { server: 0, bandwidth: 20_000, latency: 50 },
 *     { server: 0, at: 2_000, bandwidth: 2_000 },
 *     { server: 0, at: 4_000, blackHole: true },
 *     { server: 0, at: 9_000, blackHole: false },
 *   ],
 * });
 * const { clock, context, imageId } = cluster;
 * const service = getDefaultImageService(cluster.options);
 * const stream = await clock.run(service.download(context, imageId));
 * await clock.run(new Response(stream).arrayBuffer());
 * // 2 s for 38 kB, 2 s for 4 kB, 5 s for nothing, and 29 s for the remaining 58 kB.
 * assertAlmostEquals(clock.now() / 1_000, 38, 1.5);
 * ```
 */
export class SimulatedCluster {
  /** The bytes of its image. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** Its clock, which {@linkcode SimulatedClock.run} advances. */
  readonly clock: SimulatedClock;
  /** The requests it has received, in order. */
  readonly requests: ReceivedRequest[] = [];
  /** The valid token. */
  token = "token-1";
  readonly #options: ClusterOptions;
  readonly #plan: Fault[];
  readonly #environment: Omit<BodyEnvironment, "server" | "signal" | "onSent">;
  /** The bytes that are served: those of another image after the fault `replaced`. */
  #served: Uint8Array<ArrayBuffer>;

  /** Creates a cluster; see {@linkcode ClusterOptions} for the defaults. */
  constructor(options: ClusterOptions = {}) {
    const { seed = 1, size = 100_000, clock = new SimulatedClock(), plan = [] } = options;
    this.clock = clock;
    this.image = this.#served = seededBytes(seed, size);
    this.#options = options;
    this.#plan = [...plan];
    const { outages = [], links = [] } = options;
    this.#environment = {
      clock,
      random: seededRandom(seed ^ 0x5eed),
      links: new Links(clock, links),
      checkAway: () => {
        if (isDuringOutage(outages, clock.now())) throw new TypeError("connection refused");
      },
      open: new Set(),
    };
  }

  /** The id of the image. */
  get imageId(): string {
    return IMAGE_ID;
  }

  /** Number of bodies that were neither read to their end nor canceled. */
  get openBodies(): number {
    return this.#environment.open.size;
  }

  /** Client options for this cluster: its servers, fetch, clock, and random numbers. */
  get options(): Required<
    Pick<GlanceOptions, "apiServers" | "fetch" | "sleep" | "timer" | "now" | "wallClock" | "random">
  > {
    const { apiServers, fetch, clock: { sleep, timer, now } } = this;
    return {
      apiServers,
      fetch,
      sleep,
      timer,
      now,
      wallClock: now,
      random: this.#environment.random,
    };
  }

  /** The servers, in the format of the option `apiServers`. */
  get apiServers(): string[] {
    const { servers: length = 2 } = this.#options;
    return Array.from({ length }, (_, i) => `http://glance-${i}:9292`);
  }

  /** A context with the valid token, which it renews after the cluster lets it expire. */
  get context(): RequestContext {
    return { authToken: this.token, renew: () => Promise.resolve(this.context) };
  }

  /** A fetch that reaches only the cluster. */
  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const { clock, random, links, checkAway } = this.#environment;
    const request = { ...seenRequest(input, init), at: clock.now(), sentBytes: 0 };
    const signal = init.signal ?? new AbortController().signal;
    const server = this.apiServers.indexOf(request.server);
    this.requests.push(request);
    await links.awaitResponse(server, between(random, 1, 20), signal);
    checkAway();
    const fault = request.path.endsWith("/file") ? this.#nextFault() : undefined;
    if (fault?.kind === "refuse") throw new TypeError("connection refused");
    if (fault?.kind === "silence") await clock.sleep(NEVER, signal);
    this.#change(fault);
    const { status, headers, body } = responseTo(request, fault, this.#state());
    const onSent = (bytes: number) => void (request.sentBytes += bytes);
    const environment = { ...this.#environment, signal, server, onSent };
    return new Response(body && openBody(body, environment), { status, headers });
  };

  #nextFault(): Fault | undefined {
    const { bodyLimit = Infinity } = this.#options;
    return this.openBodies < bodyLimit ? this.#plan.shift() : { kind: "status", status: 503 };
  }

  /** Applies a fault that outlasts its request. */
  #change(fault: Fault | undefined): void {
    if (fault?.kind === "expiredToken") this.token = `token-${Number(this.token.slice(6)) + 1}`;
    if (fault?.kind !== "replaced") return;
    this.#served = seededBytes((this.#options.seed ?? 1) + 1, this.image.byteLength);
  }

  #state(): ServedImage {
    const { supportsRanges = true, hasLength = true } = this.#options;
    return { id: IMAGE_ID, image: this.#served, token: this.token, supportsRanges, hasLength };
  }
}

function seenRequest(
  input: string,
  init: RequestInit,
): Omit<ReceivedRequest, "at" | "sentBytes"> {
  const { origin: server, pathname: path } = new URL(input);
  const headers = new Headers(init.headers);
  return { server, path, range: headers.get("range"), token: headers.get("x-auth-token") };
}
