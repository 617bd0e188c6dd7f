/**
 * A simulated cluster of Glance servers behind a fetch: one image, many ways to fail. Everything that
 * it does follows from its seed and its plan; what its clients leave open is on record.
 */
import { createHash } from "node:crypto";
import type { SimulatedClock } from "./clock.ts";
import type { Fault } from "./faults.ts";
import { between, seededBytes, seededRandom } from "./seed.ts";

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly servers: number;
  /** Bytes of the image. */
  readonly size: number;
  /** Whether the store can seek; Ceph, Swift and S3 cannot. */
  readonly ranges: boolean;
  /** Faults of the requests for data, in their order; later requests are well served. */
  readonly plan: readonly Fault[];
  /** Whether answers say how long they are. */
  readonly hasLength?: boolean;
}

/** The id of the one image. */
export const IMAGE_ID = "5b0d2b7a-6f0c-4c5e-9e4b-3f6d1c2a7e90";

/** Milliseconds that a trickling server takes for a chunk: below any stall timeout. */
const TRICKLE = 400;

/** A request that the cluster has seen. */
export interface SeenRequest {
  readonly server: string;
  readonly path: string;
  readonly range: string | null;
  readonly token: string | null;
}

/** The cluster. */
export class SimulatedCluster {
  readonly image: Uint8Array<ArrayBuffer>;
  readonly requests: SeenRequest[] = [];
  /** Bodies that were neither read to their end nor cancelled. */
  openBodies = 0;
  /** The token that is good. */
  token = "token-1";
  readonly #options: ClusterOptions;
  readonly #random: () => number;
  readonly #other: Uint8Array<ArrayBuffer>;
  readonly #plan: Fault[];
  #isReplaced = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed ^ 0x5eed);
    this.image = seededBytes(options.seed, options.size);
    this.#other = seededBytes(options.seed + 1, options.size);
    this.#plan = [...options.plan];
  }

  /** The servers, as `apiServers` takes them. */
  get apiServers(): string[] {
    return Array.from({ length: this.#options.servers }, (_, i) => `http://glance-${i}:9292`);
  }

  /** A context whose token the cluster can let expire. */
  get context(): { authToken: string; renew(): Promise<{ authToken: string }> } {
    return {
      authToken: this.token,
      renew: () => Promise.resolve({ ...this.context, authToken: this.token }),
    };
  }

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
    await this.#options.clock.sleep(between(this.#random, 1, 20), signal);
    const isData = url.pathname.endsWith("/file");
    const fault = isData ? this.#plan.shift() : undefined;
    const early = await this.#earlyFault(fault, signal);
    if (early !== null) return early;
    if (headers.get("x-auth-token") !== this.token) return failure(401);
    return isData ? this.#data(headers.get("range"), fault, signal) : this.#record();
  };

  /** Faults that replace the answer. */
  async #earlyFault(fault: Fault | undefined, signal: AbortSignal): Promise<Response | null> {
    switch (fault?.kind) {
      case "refuse":
        throw new TypeError("connection refused");
      case "silence":
        await this.#options.clock.sleep(10 ** 9, signal);
        return null;
      case "status":
        return failure(fault.status, fault.retryAfter);
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
    if (range !== null && !this.#options.ranges) {
      return failure(400);
    }
    const [start, end] = range === null ? [0, image.byteLength - 1] : boundsOf(range, image);
    const isPart = range !== null;
    const whole = isPart && fault?.kind === "wholeAs206";
    const body = whole ? image : image.subarray(start, end + 1);
    const headers = new Headers({ "content-md5": createHash("md5").update(image).digest("hex") });
    if (this.#options.hasLength !== false) headers.set("content-length", String(body.byteLength));
    if (fault?.kind === "gzip") headers.set("content-encoding", "gzip");
    if (isPart) setContentRange(headers, start, end, image.byteLength, fault);
    return new Response(this.#body(body, fault, signal), { status: isPart ? 206 : 200, headers });
  }

  /** A body in chunks of random size, which goes wrong where its fault says. */
  #body(
    bytes: Uint8Array<ArrayBuffer>,
    fault: Fault | undefined,
    signal: AbortSignal,
  ): ReadableStream<Uint8Array> {
    const sent = fault?.kind === "extraBytes" ? joined(bytes, seededBytes(7, 33)) : bytes.slice();
    const at = fault !== undefined && "at" in fault ? Math.floor(fault.at * sent.byteLength) : null;
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
        const { clock } = this.#options;
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

function failure(status: number, retryAfter?: string): Response {
  const headers = new Headers(retryAfter === undefined ? {} : { "retry-after": retryAfter });
  return Response.json({ message: `simulated ${status}` }, { status, headers });
}

function boundsOf(range: string, image: Uint8Array): [start: number, end: number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range);
  const last = image.byteLength - 1;
  return [Number(match?.[1]), match?.[2] ? Math.min(Number(match[2]), last) : last];
}

function setContentRange(
  headers: Headers,
  start: number,
  end: number,
  size: number,
  fault: Fault | undefined,
): void {
  if (fault?.kind === "noContentRange") return;
  const from = fault?.kind === "wrongStart" ? Math.max(0, start - 1) : start;
  const to = fault?.kind === "wrongEnd" ? end - 1 : end;
  const total = fault?.kind === "wrongTotal" ? size + 5 : size;
  headers.set("content-range", `bytes ${from}-${to}/${total}`);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}
