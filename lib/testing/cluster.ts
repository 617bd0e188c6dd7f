/**
 * A simulated cluster of Glance servers behind a fetch, with one image and many kinds of faults. A seed and a
 * plan determine its behavior. It counts the bodies that clients leave open.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { RequestContext } from "../context.ts";
import type { GlanceOptions } from "../options.ts";
import { SimulatedClock } from "./clock.ts";
import { answerTo, failure, joined } from "./answers.ts";
import type { Fault } from "./faults.ts";
import { between, seededBytes, seededRandom } from "./seed.ts";

/** Options of a cluster. */
export interface ClusterOptions {
  /**
   * Seed of all random values: the image, the length of chunks, the latency of responses.
   * @default {1}
   */
  readonly seed?: number;
  /**
   * Clock of the cluster.
   * @default {a new clock}
   */
  readonly clock?: SimulatedClock;
  /**
   * Number of servers.
   * @default {2}
   */
  readonly servers?: number;
  /**
   * Size of the image in bytes.
   * @default {100,000}
   */
  readonly size?: number;
  /**
   * Whether the store supports ranges; Ceph, Swift, and S3 do not.
   * @default {true}
   */
  readonly ranges?: boolean;
  /**
   * Faults of the requests for data, in order; later requests succeed.
   * @default {[]}
   */
  readonly plan?: readonly Fault[];
  /**
   * Whether responses have a `Content-Length`.
   * @default {true}
   */
  readonly hasLength?: boolean;
}

const IMAGE_ID = "5b0d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e90";

/** Milliseconds between the chunks of a trickling server: below any stall timeout. */
const TRICKLE = 400;

/** A request that the cluster has received. */
export interface SeenRequest {
  /** Origin of its URL, also if that is not a server of the cluster. */
  readonly server: string;
  /** Path of its URL. */
  readonly path: string;
  /** Its `Range` header. */
  readonly range: string | null;
  /** Its `X-Auth-Token` header. */
  readonly token: string | null;
}

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
 *   ranges: false,
 *   plan: [{ kind: "stall", at: 0.9 }, { kind: "expiredToken" }],
 * });
 * const service = getDefaultImageService({ ...cluster.options, stallTimeout: 1_000 });
 * let count = 0;
 * const sink = new WritableStream<Uint8Array>({ write: (chunk) => void (count += chunk.byteLength) });
 * await cluster.clock.run(service.download(cluster.context, cluster.imageId, sink));
 * assertEquals(count, cluster.image.byteLength);
 * ```
 */
export class SimulatedCluster {
  /** The id of the image. */
  readonly imageId: string = IMAGE_ID;
  /** Its bytes. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** Its clock, which {@linkcode SimulatedClock.run} advances. */
  readonly clock: SimulatedClock;
  /** The requests it has received, in order. */
  readonly requests: SeenRequest[] = [];
  /** Number of bodies that were neither read to their end nor cancelled. */
  openBodies = 0;
  /** The valid token. */
  token = "token-1";
  readonly #servers: number;
  readonly #hasRanges: boolean;
  readonly #hasLength: boolean;
  readonly #random: () => number;
  readonly #other: Uint8Array<ArrayBuffer>;
  readonly #plan: Fault[];
  #isReplaced = false;

  /** Creates a cluster; see {@linkcode ClusterOptions} for the defaults. */
  constructor(options: ClusterOptions = {}) {
    const { seed = 1, size = 100_000, servers = 2, ranges = true, hasLength = true } = options;
    this.clock = options.clock ?? new SimulatedClock();
    this.image = seededBytes(seed, size);
    this.#servers = servers;
    this.#hasRanges = ranges;
    this.#hasLength = hasLength;
    this.#random = seededRandom(seed ^ 0x5eed);
    this.#other = seededBytes(seed + 1, size);
    this.#plan = [...options.plan ?? []];
  }

  /** Client options for this cluster: its servers, fetch, clock, and random numbers. */
  get options(): Required<
    Pick<GlanceOptions, "apiServers" | "fetch" | "sleep" | "now" | "random">
  > {
    const { sleep, now } = this.clock;
    return {
      apiServers: this.apiServers,
      fetch: this.fetch,
      sleep,
      now,
      random: this.#random,
    };
  }

  /** The servers, in the format of the option `apiServers`. */
  get apiServers(): string[] {
    return Array.from({ length: this.#servers }, (_, i) => `http://glance-${i}:9292`);
  }

  /** A context with the valid token, which it renews after the cluster lets it expire. */
  get context(): RequestContext {
    return {
      authToken: this.token,
      renew: () => Promise.resolve({ ...this.context, authToken: this.token }),
    };
  }

  /** A fetch that reaches only the cluster. */
  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const url = new URL(input);
    const headers = new Headers(init.headers);
    const signal = init.signal ?? new AbortController().signal;
    this.requests.push({
      server: url.origin,
      path: url.pathname,
      range: headers.get("range"),
      token: headers.get("x-auth-token"),
    });
    await this.clock.sleep(between(this.#random, 1, 20), signal);
    const isData = url.pathname.endsWith("/file");
    const fault = isData ? this.#plan.shift() : undefined;
    const early = await this.#earlyFault(fault, signal);
    if (early !== null) return early;
    if (headers.get("x-auth-token") !== this.token) return failure(401);
    return isData ? this.#data(headers.get("range"), fault, signal) : this.#record();
  };

  /** Applies faults that replace the response. */
  async #earlyFault(fault: Fault | undefined, signal: AbortSignal): Promise<Response | null> {
    switch (fault?.kind) {
      case "refuse":
        throw new TypeError("connection refused");
      case "silence":
        await this.clock.sleep(10 ** 9, signal);
        return null;
      case "status":
        return failure(fault.status, fault.retryAfter);
      case "denied":
        return failure(fault.status);
      case "expiredToken":
        this.token = `token-${Number(this.token.slice(6)) + 1}`;
        return null;
      case "replaced":
        this.#isReplaced = true;
        return null;
      case "foreignRedirect":
        return new Response(null, { status: 302, headers: { location: "http://evil.example/x" } });
      default:
        return null;
    }
  }

  #record(): Response {
    const image = this.#current();
    return Response.json({
      id: IMAGE_ID,
      status: "active",
      size: image.byteLength,
      checksum: createHash("md5").update(image).digest("hex"),
      os_hash_algo: "sha512",
      os_hash_value: createHash("sha512").update(image).digest("hex"),
    });
  }

  #current(): Uint8Array<ArrayBuffer> {
    return this.#isReplaced ? this.#other : this.image;
  }

  #data(range: string | null, fault: Fault | undefined, signal: AbortSignal): Response {
    const image = this.#current();
    if (range !== null && !this.#hasRanges) return failure(400);
    const answer = answerTo(range, image, fault);
    const headers = new Headers({ "content-md5": createHash("md5").update(image).digest("hex") });
    for (const [name, value] of Object.entries(answer.headers)) headers.set(name, value);
    if (this.#hasLength) headers.set("content-length", String(answer.body.byteLength));
    if (fault?.kind === "gzip") headers.set("content-encoding", "gzip");
    return new Response(this.#body(answer.body, fault, signal), { status: answer.status, headers });
  }

  /** A body in chunks of random size, with the fault applied at its position. */
  #body(
    bytes: Uint8Array<ArrayBuffer>,
    fault: Fault | undefined,
    signal: AbortSignal,
  ): ReadableStream<Uint8Array> {
    const sent = fault?.kind === "extraBytes" ? joined(bytes, seededBytes(7, 33)) : bytes.slice();
    const isCut = fault !== undefined && "at" in fault && fault.kind !== "endsEarlier";
    const at = isCut ? Math.floor(fault.at * sent.byteLength) : null;
    if (fault?.kind === "flippedBit" && at !== null && at < sent.byteLength) {
      sent[at] = (sent[at] as number) ^ 1;
    }
    const ends = fault?.kind === "flippedBit" ? null : at;
    const limit = ends ?? sent.byteLength;
    this.openBodies++;
    let offset = 0;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.openBodies--;
      isOpen = false;
    };
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        signal.addEventListener("abort", () => {
          if (isOpen) controller.error(signal.reason);
          close();
        }, { once: true });
      },
      pull: async (controller) => {
        const { clock } = this;
        await clock.sleep(fault?.kind === "trickle" ? TRICKLE : 1, signal);
        if (offset < limit) {
          const chunk = sent.slice(
            offset,
            Math.min(limit, offset + between(this.#random, 1, 9_000)),
          );
          offset += chunk.byteLength;
          return controller.enqueue(chunk);
        }
        if (fault?.kind === "stall" && ends !== null) await clock.sleep(10 ** 9, signal);
        close();
        if (fault?.kind === "cut") return controller.error(new TypeError("connection reset"));
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: close,
    }, { highWaterMark: 0 });
  }
}
