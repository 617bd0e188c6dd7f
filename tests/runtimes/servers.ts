/**
 * The servers of the suite: one healthy, one that cuts every body, one unresponsive, and one of another origin,
 * which must receive no request.
 */
import { createEmbeddedGlance, memoryStorage } from "../../lib/embedded/mod.ts";
import { storeImage } from "../support/stored_image.ts";

/** The servers, on free ports of loopback. */
export interface Servers extends AsyncDisposable {
  /** Below `/sized` it refuses a body of unknown length with 411, as some proxies do. */
  readonly healthy: string;
  readonly cutting: string;
  /** Accepts connections, and reads nothing of a body. */
  readonly unresponsive: string;
  readonly imageId: string;
  /** An image of which the healthy server sends a chunk, and then nothing. */
  readonly endlessId: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of image data that the healthy server has sent, by the id of the image. */
  readonly sent: ReadonlyMap<string, number>;
  /** Creates an image with the same bytes. */
  image(): Promise<string>;
  /** Requests that reached the host to which `/redirecting` leads, with their tokens. */
  readonly foreign: (string | null)[];
}

/** A token with which no data can be read from the healthy server. */
export const REFUSED_TOKEN = "refused";

/** Starts them, with two images of `size` bytes. */
export async function startServers(size: number): Promise<Servers> {
  const store = memoryStorage();
  const glance = createEmbeddedGlance({ storage: store });
  const foreign: (string | null)[] = [];
  const sent = new Map<string, number>();
  const otherOrigin = listen((request) => {
    foreign.push(request.headers.get("x-auth-token"));
    return new Response("{}");
  });
  let endlessId = "";
  const healthy = listen(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/sized/")) return await sized(glance, request);
    if (pathname === `/v2/images/${endlessId}/file`) return endless(await glance.fetch(request));
    const [, id] = /^\/v2\/images\/([^/]+)\/file$/.exec(pathname) ?? [];
    if (id !== undefined && request.headers.get("x-auth-token") === REFUSED_TOKEN) {
      return new Response("not for this token", { status: 403 });
    }
    if (id !== undefined && request.method === "GET") {
      const count = (bytes: number) => sent.set(id, (sent.get(id) ?? 0) + bytes);
      return counted(await glance.fetch(request), count);
    }
    if (!pathname.startsWith("/redirecting")) return await glance.fetch(request);
    return new Response(null, {
      status: 302,
      headers: { location: `${otherOrigin.url}/v2/images/x` },
    });
  });
  const cutting = listen(async (request) => {
    const response = await glance.fetch(request);
    const isData = request.method === "GET" && new URL(request.url).pathname.endsWith("/file");
    return isData ? cut(response, size / 2) : response;
  });
  const unresponsive = listenUnresponsive();
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31) ^ (i >> 7));
  const ask = (path: string, init: RequestInit) => fetch(healthy.url + path, init);
  const imageId = await storeImage(ask, "suite", bytes);
  endlessId = await storeImage(ask, "suite", bytes);
  return {
    healthy: healthy.url,
    cutting: cutting.url,
    unresponsive: unresponsive.url,
    imageId,
    endlessId,
    bytes,
    sent,
    image: () => storeImage(ask, "cached", bytes),
    foreign,
    async [Symbol.asyncDispose]() {
      unresponsive.close();
      await Promise.all([otherOrigin, healthy, cutting].map(({ server }) => server.shutdown()));
    },
  };
}

/** CORS headers that let a page of any origin use the Image API. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
  "access-control-allow-headers":
    "content-type, range, traceparent, x-auth-token, x-openstack-image-size, x-openstack-request-id",
  "access-control-expose-headers": "content-range, content-md5, x-openstack-request-id",
};

function listen(
  handler: (request: Request) => Response | Promise<Response>,
): { server: Deno.HttpServer<Deno.NetAddr>; url: string } {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError: gone };
  const server = Deno.serve(options, async (request) => {
    // The page has another origin, like a dashboard.
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: CORS });
    const response = await handler(request);
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(CORS)) headers.set(name, value);
    return new Response(response.body, { status: response.status, headers });
  });
  return { server, url: `http://127.0.0.1:${server.addr.port}` };
}

/** The Image API below `/sized`, for bodies whose length is announced. */
async function sized(
  glance: ReturnType<typeof createEmbeddedGlance>,
  request: Request,
): Promise<Response> {
  const isData = request.method === "PUT";
  if (isData && !request.headers.has("content-length")) {
    await request.body?.cancel();
    return new Response("Length Required", { status: 411 });
  }
  return await glance.fetch(new Request(request.url.replace("/sized/", "/"), request));
}

function listenUnresponsive(): { url: string; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const accept = async () => {
    for await (const connection of listener) connections.push(connection);
  };
  const accepting = accept();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    close() {
      listener.close();
      for (const connection of connections) connection.close();
      accepting.catch(() => {});
    },
  };
}

/** The same response, whose bytes are counted if it has data. */
function counted(response: Response, count: (bytes: number) => void): Response {
  if (!response.ok || response.body === null) return response;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      count(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counter), response);
}

function gone(): Response {
  return new Response("gone", { status: 500 });
}

/** The same response, whose body ends early after byte `at` of the image. */
function cut(response: Response, at: number): Response {
  const reader = response.body?.getReader();
  if (reader === undefined) return response;
  let sent = Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? 0);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      sent += value.byteLength;
      if (sent <= at) return controller.enqueue(value);
      await reader.cancel();
      controller.error(new Error("cut"));
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(body, response);
}

/** The same response, with a first chunk that nothing follows. */
function endless(response: Response): Response {
  const reader = response.body?.getReader();
  if (reader === undefined) return response;
  let isBegun = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (isBegun) return await new Promise(() => {});
      isBegun = true;
      const { value } = await reader.read();
      if (value !== undefined) controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(body, response);
}
