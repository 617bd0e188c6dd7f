/** Serves the Image API from one fetch handler. */

import { type EmbeddedRequest, isRequestId, tokenOf } from "./request/request.ts";
import { ignoreRejection } from "../events.ts";
import { health, isVersion, versions } from "./discovery.ts";
import { latin1, percentDecoded, utf8 } from "./http/encoded_text.ts";
import { Failure, failureResponse, storageFailure } from "./http/errors.ts";
import { type EmbeddedCloud, resolveOptions } from "./request/embedded_cloud.ts";
import type { EmbeddedGlanceOptions } from "./request/options.ts";
import { dispatch } from "./routes.ts";

/** An Image API v2 server. */
export interface EmbeddedGlance {
  /**
   * Handles a request; never rejects. Pass it to `Deno.serve`, or use it as a client's `fetch` in
   * tests.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /**
   * Opens the storage: reads its content and repairs it after a crash. Optional, because the first
   * request does the same.
   *
   * @throws {Error} if the storage cannot be opened.
   */
  readonly ready: () => Promise<void>;
}

/**
 * Creates an Image API v2 server in this process.
 *
 * @throws {TypeError} if an option is invalid.
 *
 * @example
 * ```ts
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 *
 * const glance = createEmbeddedGlance();
 * const response = await glance.fetch(new Request("http://glance/v2/images"));
 * console.assert((await response.json()).images.length === 0);
 * ```
 */
export function createEmbeddedGlance(options: EmbeddedGlanceOptions = {}): EmbeddedGlance {
  const cloud = resolveOptions(options);
  const ready = opener(cloud);
  return { fetch: (request) => respond({ ...cloud, ready }, request), ready };
}

/** Opens the storage and reports unreadable files once. */
function opener({ storage, onError }: EmbeddedCloud): () => Promise<void> {
  let isReported = false;
  return async () => {
    await storage.ready();
    if (isReported) return;
    isReported = true;
    for (const fault of storage.faults) onError(fault);
  };
}

/** A cloud whose storage may not be open yet. */
interface OpeningCloud extends EmbeddedCloud {
  readonly ready: () => Promise<void>;
}

async function respond(cloud: OpeningCloud, request: Request): Promise<Response> {
  try {
    return await route(cloud, request);
  } catch (error) {
    return failureResponse(request, asFailure(cloud, error));
  } finally {
    // If the body was not read, stop the upload.
    if (!request.bodyUsed) await request.body?.cancel().catch(() => undefined);
  }
}

/** Routes a request. As in Glance, only the API's own responses have a request id. */
async function route(cloud: OpeningCloud, request: Request): Promise<Response> {
  const { pathname: rawPath } = new URL(request.url);
  // In Glance, the CORS middleware responds to OPTIONS, except for /versions.
  const isVersions = /^\/+versions(\/|$)/.test(rawPath);
  if (request.method === "OPTIONS" && !isVersions) return new Response(null);
  const pathname = decodePath(rawPath).replaceAll(/\/{2,}/g, "/");
  if (pathname === "/healthcheck") {
    await checkStorage(cloud, request);
    return health(request);
  }
  const [, first = ""] = pathname.split("/", 2);
  if (first === "versions") return versions(cloud, request, 200);
  const named = versionOf(request.headers.get("accept"));
  if (!isVersion(cloud, named ?? first)) return versions(cloud, request, 300);

  const identity = cloud.identify(tokenOf(request));
  if (identity === null) throw new Failure(401);
  if (!Array.isArray(Object(identity).roles)) {
    ignoreRejection(identity);
    throw new TypeError('Cannot identify a caller: "identify" must return null or an identity');
  }
  const requestId = requestIdOf(cloud, request);
  const path = named === null ? pathname.slice(first.length + 1) : pathname;
  const response = await serve(cloud, { request, identity, requestId }, path);
  const given = request.headers.get("x-openstack-request-id") ?? "";
  if (isRequestId(given)) response.headers.set("x-openstack-request-id", requestId);
  return response;
}

/**
 * Checks that the storage can be used.
 *
 * @throws {Failure} 503 with the cause. It has a request id, which proxies do not send: gateways forward the cause.
 */
async function checkStorage(cloud: EmbeddedCloud, request: Request): Promise<void> {
  await cloud.storage.check().catch(({ message }) => {
    const headers = { "x-openstack-request-id": requestIdOf(cloud, request) };
    throw new Failure(503, message, { headers });
  });
}

/**
 * Version in an `Accept: application/vnd.openstack.images-v2` header; null if the path selects it.
 */
function versionOf(accept: string | null): string | null {
  const named = /^application\/vnd\.openstack\.images-(.*)$/s.exec(accept ?? "")?.[1] ?? null;
  const cut = named?.lastIndexOf(";") ?? -1;
  const isWhole = cut >= 0 && /^ *q=1(\.0*)?$/.test(named?.slice(cut + 1) ?? "");
  return isWhole ? named?.slice(0, cut).trimEnd() ?? null : named;
}

async function serve(
  cloud: OpeningCloud,
  call: Pick<EmbeddedRequest, "request" | "identity" | "requestId">,
  path: string,
): Promise<Response> {
  const { request } = call;
  if (path === "") return redirect("/v2/", request);
  try {
    await cloud.ready();
    return await dispatch({ ...call, cloud }, path);
  } catch (error) {
    return failureResponse(request, asFailure(cloud, error));
  }
}

function redirect(path: string, request: Request): Response {
  const location = new URL(path, request.url).href;
  const headers = { location, "content-type": "text/plain; charset=utf8" };
  return new Response(null, { status: 302, headers });
}

function asFailure(cloud: EmbeddedCloud, error: unknown): Failure {
  if (error instanceof Failure) return error;
  cloud.onError(error);
  return storageFailure(error) ?? new Failure(500);
}

/**
 * Decodes a path as Glance does: each byte becomes one character, so `%C3%BC` is "Ã¼", not "ü".
 *
 * @throws {Failure} 400 if the bytes are not UTF-8.
 */
function decodePath(path: string): string {
  const bytes = percentDecoded(path);
  if (utf8(bytes) === null) throw new Failure(400);
  return latin1(bytes);
}

function requestIdOf(cloud: EmbeddedCloud, request: Request): string {
  const given = request.headers.get("x-openstack-request-id");
  if (given === null || given === "") return `req-${cloud.randomUUID()}`;
  return given.startsWith("req-") ? given : `req-${given}`;
}
