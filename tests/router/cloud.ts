/** A gateway in front of an embedded Glance, without a socket, that records the requests to its servers. */
import { WINDOW } from "../../lib/transfer/race/rate_policy.ts";
import type { RequestLog } from "../../lib/router/mod.ts";
import { createImageRouter, type ImageRouterOptions } from "../../lib/router/mod.ts";
import { FakeGlance } from "../support/fake_glance.ts";
import { seededBytes } from "../support/seed.ts";
import { storeImage } from "../support/stored_image.ts";

/** Two servers, `http://a:9292` and `http://b:9292`, on one storage. */
export class Cloud extends FakeGlance {
  readonly logged: RequestLog[] = [];
  #now = 0;

  /** Short timeouts are reached at once; long ones, and the windows in which rates are measured, never. */
  #timer(ms: number, callback: () => void): () => void {
    let isPending = ms !== WINDOW && ms < 30_000;
    queueMicrotask(() => {
      if (!isPending) return;
      this.#now += ms;
      callback();
    });
    return () => isPending = false;
  }

  /** A router in front of both, or of others. */
  router(options: Partial<ImageRouterOptions> = {}): ReturnType<typeof createImageRouter> {
    return createImageRouter({
      apiServers: ["http://a:9292", "http://b:9292"],
      fetch: this.fetch,
      random: () => 0.99,
      now: () => this.#now,
      sleep: (ms) => Promise.resolve(void (this.#now += ms)),
      timer: (ms, callback) => this.#timer(ms, callback),
      // Its timer would fire before any response.
      hedgeDelay: Infinity,
      log: (entry) => this.logged.push(entry),
      ...options,
    });
  }

  /** Sends a request to the embedded Glance itself. */
  send(path: string, init?: RequestInit): Promise<Response> {
    return this.respond(new Request(`http://a:9292${path}`, init));
  }

  /** An image with data, created without the gateway. */
  async image(
    size: number,
    name = "disk",
  ): Promise<{ id: string; bytes: Uint8Array<ArrayBuffer> }> {
    const bytes = seededBytes(size, size);
    const id = await storeImage((path, init) => this.send(path, init), name, bytes);
    return { id, bytes };
  }

  /** The requests in order, with server and query: `a GET /v2/images`. */
  get requestLines(): string[] {
    return this.requests.map(({ server, method, path }) =>
      `${new URL(server).hostname} ${method} ${path}`
    );
  }
}

/** The bytes of a response. */
export async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

/** Headers as an object, without those that differ from time to time. */
export function headersOf(response: Response): Record<string, string> {
  const { "x-openstack-request-id": _, ...rest } = Object.fromEntries(response.headers);
  return rest;
}

/** A body that breaks after a number of bytes. */
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
