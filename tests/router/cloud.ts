/** A gateway in front of an embedded Glance, without a socket: what reaches the servers is on record. */
import type { RequestLog } from "../../lib/router/mod.ts";
import { createImageRouter, type ImageRouterOptions } from "../../lib/router/mod.ts";
import { createEmbeddedGlance, type EmbeddedGlanceOptions } from "../../lib/embedded/mod.ts";
import { seededBytes } from "../support/seed.ts";
import { storeImage } from "../support/stored_image.ts";

/** A request as a server got it. */
export interface Arrived {
  readonly server: string;
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly headers: Headers;
}

/** What a server does instead of answering well: an answer, an error, or nothing special. */
export type Disturbance = (
  arrived: Arrived,
  answer: () => Promise<Response>,
) => Response | Promise<Response> | undefined;

/** Two servers, `http://a:9292` and `http://b:9292`, on one store. */
export class Cloud {
  readonly arrived: Arrived[] = [];
  readonly logged: RequestLog[] = [];
  /** Called for each request that arrives at a server. */
  disturb: Disturbance = () => undefined;
  #now = 0;
  readonly #glance: ReturnType<typeof createEmbeddedGlance>;

  constructor(options: EmbeddedGlanceOptions = {}) {
    this.#glance = createEmbeddedGlance(options);
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const request = new Request(input, { ...init, body: alongWire(init) });
    const { origin, pathname, search } = new URL(input);
    const path = pathname + search;
    const arrived = { server: origin, method: request.method, path, headers: request.headers };
    this.arrived.push(arrived);
    const answer = () => this.#glance.fetch(request);
    return await this.disturb(arrived, answer) ?? await answer();
  };

  /** A wait between attempts is over at once; a time limit, which is longer, is never reached. */
  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms < 30_000) {
      this.#now += ms;
      return Promise.resolve();
    }
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /** A router in front of both, or of others. */
  router(options: Partial<ImageRouterOptions> = {}): ReturnType<typeof createImageRouter> {
    return createImageRouter({
      apiServers: ["http://a:9292", "http://b:9292"],
      fetch: this.fetch,
      random: () => 0.99,
      now: () => this.#now,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      log: (entry) => this.logged.push(entry),
      ...options,
    });
  }

  /** Asks the embedded Glance itself. */
  ask(path: string, init?: RequestInit): Promise<Response> {
    return this.#glance.fetch(new Request(`http://a:9292${path}`, init));
  }

  /** An image with data, made behind the gateway's back. */
  async image(
    size: number,
    name = "disk",
  ): Promise<{ id: string; bytes: Uint8Array<ArrayBuffer> }> {
    const bytes = seededBytes(size, size);
    const id = await storeImage((path, init) => this.ask(path, init), name, bytes);
    return { id, bytes };
  }

  /** What was asked of the servers, in order: `a GET /v2/images`. */
  get asked(): string[] {
    return this.arrived.map(({ server, method, path }) =>
      `${new URL(server).hostname} ${method} ${path}`
    );
  }
}

/** On a network, a sender that gives up breaks the body that it was sending. */
function alongWire({ body, signal }: RequestInit): BodyInit | null {
  if (!(body instanceof ReadableStream)) return body ?? null;
  return body.pipeThrough(new TransformStream(), signal ? { signal } : {});
}

/** The bytes of an answer. */
export async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Headers as an object, without those that differ from time to time. */
export function headersOf(response: Response): Record<string, string> {
  const { "x-openstack-request-id": _, ...rest } = Object.fromEntries(response.headers);
  return rest;
}

/** A body that breaks after so many bytes. */
export function cutAfter(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (isSent) return controller.error(new TypeError("connection reset"));
      isSent = true;
      controller.enqueue(bytes.slice(0, count));
    },
  }, { highWaterMark: 0 });
}
