/**
 * Dispatches a request: finds its route, checks access, calls the handler, and turns errors into responses.
 */
import { newTrace } from "../http/new_trace.ts";
import { addressOf, rawPath, versionOf } from "./path.ts";
import {
  authorizeRequest,
  CHUNKS_NOT_RETAINED,
  clientKeyOf,
  concealOwnToken,
  contextOf,
  disconnectSignal,
  type Gateway,
  type GatewayRequest,
  publicEndpoint,
} from "./gateway_request.ts";
import { forwardCreate, forwardUpdate } from "./forward/image_writes.ts";
import { DEFINITIONS } from "../api/operations.ts";
import {
  checkHealth,
  earlyResponse,
  listVersions,
  refuseBody,
  refuseMethod,
  unknownPath,
} from "./discovery.ts";
import { announcesBody, requestIdOf, typedVersionOf } from "./forward/headers.ts";
import { checkHost } from "./host_guard.ts";
import { imageData } from "./file/image_file.ts";
import { HttpError, toHttpError } from "./error_response.ts";
import { forwardDocument } from "./forward/request_body.ts";
import type { ApiPath, GatewayRoute, RouteKind } from "./routes.ts";
import { RequestRecorder } from "./observe/access_log.ts";
import { uploadData } from "./forward/upload.ts";

type RouteHandler = (gateway: Gateway, call: GatewayRequest) => Promise<Response>;

const HANDLERS: Readonly<Record<RouteKind, RouteHandler>> = {
  document: forwardDocument,
  create: forwardCreate,
  patch: forwardUpdate,
  data: imageData,
  upload: uploadData,
};

/** The logged status if the client disconnects before the response; nginx's number. */
const CLIENT_CLOSED_REQUEST = 499;

/** A supported version of the API; Glance responds with 300 to any other. */
const VERSION = /^v2(\.\d+)?$/;

/**
 * Handles a request whose URL ends with a path of the API. The version is either in the URL or in the media
 * type, not in both.
 */
export async function serve(
  gateway: Gateway,
  request: Request,
  env: unknown,
  path: ApiPath,
  isVersioned: boolean,
): Promise<Response> {
  const typedVersion = typedVersionOf(request.headers);
  const hasOneVersion = isVersioned ? typedVersion === null : VERSION.test(typedVersion ?? "");
  const address = hasOneVersion ? addressOf(request.url, path, typedVersion) : null;
  if (address === null) return await refuseVersioned(gateway, request);
  return await recorded(gateway, request, `/v2${path.path}`, async (recorder) => {
    // Glance's CORS filter handles OPTIONS for every path.
    if (request.method === "OPTIONS") return new Response(null);
    const context = contextOf(gateway, request, recorder);
    const route = routeFor(path, request.method);
    const refused = { request, context, address, recorder };
    if (route === undefined) return await refuseMethod(gateway, refused, path);
    if (route.refusesBody && announcesBody(request.headers)) {
      return await refuseBody(gateway, refused);
    }
    const signal = disconnectSignal(request, env);
    const clientKey = clientKeyOf(context, env, gateway.options.service !== null);
    const mayReuseChunks = env === CHUNKS_NOT_RETAINED;
    const call: GatewayRequest = { ...refused, route, clientKey, signal, mayReuseChunks };
    try {
      return await authorizeRequest(gateway, call) ??
        await concealOwnToken(gateway, await handle(gateway, call));
    } catch (error) {
      if (!signal?.aborted) throw error;
      recorder.disconnected();
      return new Response(null, { status: CLIENT_CLOSED_REQUEST });
    }
  });
}

async function handle(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  const { operation, kind } = call.route;
  const cache = operation.startsWith("cache.") ? await gateway.cache?.() : undefined;
  return await (cache?.manage(call) ?? HANDLERS[kind](gateway, call));
}

/** Handles requests for the versions and the health check. */
export async function discover(
  gateway: Gateway,
  request: Request,
  what: "/" | "/versions" | "/healthcheck",
): Promise<Response> {
  const hasTypedVersion = what === "/" && typedVersionOf(request.headers) !== null;
  if (hasTypedVersion) return await refuseUnknown(gateway, request);
  return await recorded(gateway, request, what, async () => {
    // Glance's CORS filter handles OPTIONS, except for /versions and /healthcheck.
    if (what === "/" && request.method === "OPTIONS") return new Response(null);
    if (what === "/healthcheck") return await checkHealth(gateway, request);
    const mount = rawPath(request.url).replace(/(\/versions(\/.*)?|\/)$/, "");
    return await listVersions(gateway, request, what, mount);
  });
}

/**
 * Handles requests of the page: its document, one of its files, or its sign-in session; 404 for any other path.
 *
 * @param send sends the requests for the lists in the document; null for paths below `/page`.
 */
export async function servePage(
  gateway: Gateway,
  request: Request,
  env: unknown,
  send: ((request: Request) => Response | Promise<Response>) | null,
): Promise<Response> {
  return await recorded(gateway, request, send === null ? "/page" : "/", async (recorder) => {
    // Imported on demand: most clients are programs.
    const { pageResponse } = await import("../page/mod.ts");
    const path = rawPath(request.url);
    const client = clientKeyOf({}, env, true);
    return await pageResponse(gateway, { request, path, send, client, recorder }) ??
      Promise.reject(new HttpError(404));
  });
}

/** Redirects `/v2` to `/v2/`, as Glance does. */
export async function redirectToRoot(gateway: Gateway, request: Request): Promise<Response> {
  const { mount, version } = versionOf(request.url) ?? { mount: "", version: "" };
  if (typedVersionOf(request.headers) !== null) return await refuseVersioned(gateway, request);
  return await recorded(gateway, request, "/", async (recorder) => {
    if (request.method === "OPTIONS") return new Response(null);
    const context = contextOf(gateway, request, recorder);
    const responseContext = { request, recorder, address: { mount } };
    const early = await earlyResponse(gateway, context, version, responseContext);
    if (early !== null) return early;
    const location = `${publicEndpoint(gateway, request, mount)}/v2/`;
    const headers = { location, "content-type": "text/plain; charset=utf8" };
    return new Response(null, { status: 302, headers });
  });
}

/** Handles requests for read-only resources of the gateway itself: metrics, or the OpenAPI document. */
export async function showOwn(
  gateway: Gateway,
  request: Request,
  isMetrics: boolean,
): Promise<Response> {
  try {
    checkHost(gateway.options, request);
    if (!/^(GET|HEAD)$/.test(request.method)) {
      throw new HttpError(405, undefined, { headers: { allow: "GET, HEAD" } });
    }
    if (isMetrics) {
      const { client, metrics, options } = gateway;
      const servers = await client.servers(options.service?.() ?? {}).catch(() => []);
      await metrics.load();
      return metrics.counters?.response(servers) ?? Promise.reject(new HttpError(500));
    }
    // Imported on demand: most clients do not read it.
    const { openApiAt } = await import("../api/openapi/document.ts");
    return Response.json(openApiAt(DEFINITIONS, rawPath(request.url)));
  } catch (error) {
    return await responseTo(request, error);
  }
}

/** Handles a request for a versioned path that is not part of the API, as Glance does. */
export async function refuseVersioned(gateway: Gateway, request: Request): Promise<Response> {
  return await refuse(gateway, request, versionOf(request.url));
}

/** Handles any other path; if the media type names a version, as Glance does. */
export async function refuseUnknown(gateway: Gateway, request: Request): Promise<Response> {
  return await refuse(gateway, request, null);
}

async function refuse(
  gateway: Gateway,
  request: Request,
  found: ReturnType<typeof versionOf>,
): Promise<Response> {
  const typedVersion = typedVersionOf(request.headers);
  const { mount, version } = found ?? { mount: "", version: null };
  return await recorded(gateway, request, "", async (recorder) => {
    const requested = typedVersion ?? version;
    if (requested === null) throw new HttpError(404);
    if (request.method === "OPTIONS") return new Response(null);
    if (!VERSION.test(requested)) return await listVersions(gateway, request, "/", mount);
    const context = contextOf(gateway, request, recorder);
    const responseContext = { request, recorder, address: { mount } };
    return await earlyResponse(gateway, context, requested, responseContext) ??
      Promise.reject(unknownPath(request));
  });
}

/** Checks the host of a preflight request, which does not reach the handler of its path, and logs the request. */
export async function recordedPreflight(
  gateway: Gateway,
  request: Request,
  route: string,
  respond: () => Promise<Response | void>,
): Promise<Response> {
  return await recorded(gateway, request, route, async () => await respond() ?? new Response(null));
}

/** The route for a method. `HEAD` is supported for image data only; Glance does not support it at all. */
function routeFor({ routes }: ApiPath, method: string): GatewayRoute | undefined {
  return routes.find((route) =>
    route.method === method || (method === "HEAD" && route.kind === "data")
  );
}

/** Checks the host, handles a request in a span, turns errors into responses, and records the result. */
async function recorded(
  gateway: Gateway,
  request: Request,
  route: string,
  handle: (recorder: RequestRecorder) => Promise<Response>,
): Promise<Response> {
  const { metrics, client, options, tracing } = gateway;
  await metrics.load();
  const recorder = new RequestRecorder({
    method: request.method,
    path: rawPath(request.url),
    route,
    requestId: requestIdOf(request.headers),
    metrics,
    now: client.options.now,
    log: options.log,
  });
  const guarded = async () => {
    checkHost(options, request);
    return await handle(recorder);
  };
  const respond = () => guarded().catch((error) => errorResponse(request, recorder, error));
  const code = await tracing.codeFor(request);
  recorder.traceHeaders = code?.traceHeadersOf(request.headers) ??
    (tracing.spans === null ? newTrace(client.options) : undefined);
  const response =
    await (tracing.spans?.request({ request, route, recorder }, respond) ?? respond());
  if (!response.headers.has("x-openstack-request-id")) {
    response.headers.set("x-openstack-request-id", recorder.requestId);
  }
  recorder.responded(response.status);
  await dropBody(request);
  return response;
}

async function errorResponse(
  request: Request,
  recorder: RequestRecorder,
  error: unknown,
): Promise<Response> {
  if (!(error instanceof HttpError) || error.cause !== undefined) recorder.failed(error);
  return await responseTo(request, error, recorder);
}

async function responseTo(
  request: Request,
  error: unknown,
  recorder?: RequestRecorder,
): Promise<Response> {
  // Imported on demand: most responses come from Glance.
  const { httpErrorResponse } = await import("./on_demand/error_formats.ts");
  return httpErrorResponse(request, toHttpError(request, error), recorder);
}

/** Cancels the body of a request whose response is ready before the body was read. */
async function dropBody({ body, bodyUsed }: Request): Promise<void> {
  if (body !== null && !bodyUsed && !body.locked) await body.cancel().catch(() => {});
}
