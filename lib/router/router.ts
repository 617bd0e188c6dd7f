/** The gateway as a Hono application: every path of the Image API v2, discovery, and metrics. */
import type { Hono, MiddlewareHandler } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { getPath } from "hono/utils/url";
import { BodyBudget } from "../http/body_budget.ts";
import { checkObject, isResponse } from "../validate.ts";
import { isWorkerd } from "../http/fixed_length.ts";
import { ApiClient } from "../api/api_client.ts";
import { type GlanceOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { addressOf, versionOf } from "./path.ts";
import type { Gateway } from "./gateway_request.ts";
import {
  discover,
  recordedPreflight,
  redirectToRoot,
  refuseUnknown,
  refuseVersioned,
  serve,
  servePage,
  showOwn,
} from "./dispatch.ts";
import { typedVersionOf } from "./forward/headers.ts";
import { Metrics } from "./observe/metrics.ts";
import { Tracing } from "./observe/tracing.ts";
import { resolveGatewayOptions } from "./gateway_options.ts";
import type { CorsOptions, ImageRouterOptions } from "./options.ts";
import { Admission, MAX_STARTING, MAX_STARTING_SMALL } from "./file/admission.ts";
import { cacheOpener } from "./file/open_cache.ts";
import { IdleUpstreams, MAX_IDLE } from "./file/idle_upstreams.ts";
import { API_PATHS } from "./routes.ts";

/** A Hono application. Use its `fetch` as a handler, or mount it with `app.route(prefix, router)`. */
export type ImageRouter = Hono;

/** The version before a path. Glance responds with 300 to an unknown version. */
const VERSION = "/:glance_version{v2(?:\\.[0-9]+)?}";

/** The second pattern is the root with a trailing slash, if the router is mounted below a prefix. */
const DISCOVERY_PATHS = [
  ["/", "/"],
  ["/:nothing{.{0}}", "/"],
  ["/versions/*", "/versions"],
  ["/healthcheck", "/healthcheck"],
] as const;

/**
 * Creates an Image API v2 endpoint in front of one or many Glance servers.
 *
 * Requests are distributed round-robin, skip failing servers, and are retried if that is safe. If a server fails
 * after the headers of a download are sent, the download continues from another server. Without
 * `serviceMode`, the token of each request is forwarded.
 *
 * `Deno.serve` (Deno 2.9) queues a chunked request body ahead of its reader, and each read takes time in
 * proportion to that queue: an upload that arrives faster than the servers take it costs quadratic time. For
 * large uploads, serve the router with `@hono/node-server`, which also runs on Deno. Downloads, and uploads
 * with a `Content-Length`, are not affected.
 *
 * @throws {Invalid} if the options are not an object.
 * @throws {InvalidConfigurationValue} if an option is invalid or unknown, or no server is given.
 *
 * @example
 * ```ts
 * import { createImageRouter } from "@glance-edge/glance/router";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 *
 * const glance = createEmbeddedGlance();
 * const router = createImageRouter({
 *   apiServers: ["http://a:9292", "http://b:9292"],
 *   fetch: (input, init) => glance.fetch(new Request(input, init)), // default: the network
 * });
 * const response = await router.request("/v2/images");
 * console.assert((await response.json()).images.length === 0);
 * ```
 */
export function createImageRouter(options: ImageRouterOptions): ImageRouter {
  checkObject("the options of an image router", options);
  const own = resolveOptions(options);
  const resolved = resolveGatewayOptions(options, own);
  const { now, timer } = own;
  const metrics = new Metrics(resolved.metrics, own.wallClock);
  const tracing = new Tracing(resolved.tracing);
  const client = new ApiClient({ ...options, ...observed(own, { metrics, tracing }) });
  // On workerd, a request can neither resolve a promise of another request nor detect a disconnect, so a download that
  // waits for another one might never start.
  const atMost = (limit: number) => isWorkerd() ? Infinity : limit;
  const isContended = (): boolean => admission.isContended || smallAdmission.isContended;
  const upstreams = new IdleUpstreams({ limit: atMost(MAX_IDLE), isContended, now, timer });
  const isIdleClient = (download: object) => upstreams.isIdleClient(download);
  const admissionOf = (limit: number) =>
    new Admission({ limit: atMost(limit), isIdleClient, now, timer });
  const admission = admissionOf(MAX_STARTING);
  const smallAdmission = admissionOf(MAX_STARTING_SMALL);
  const bodies = new BodyBudget({ timer });
  const directHeadRequests = new WeakSet<Request>();
  const shared = { client, metrics, tracing, admission, smallAdmission, upstreams, bodies };
  const cache = options.cache === undefined ? null : cacheOpener(options.cache, () => gateway);
  const gateway: Gateway = { ...shared, options: resolved, directHeadRequests, cache };
  // Of the two routers of `Hono`, only this one accepts the pattern of the root with a trailing slash.
  const app: ImageRouter = new HonoBase({
    router: new TrieRouter(),
    // As in Glance: clients append `/v2` to an endpoint with a trailing slash.
    getPath: (request) => getPath(request).replace(/^\/+(?=\/v2)/, ""),
  });
  const { cors } = gateway.options;
  const all = (pattern: string, route: string, handler: MiddlewareHandler) => {
    if (cors !== null) app.use(pattern, allowOrigins(cors, gateway, route));
    app.all(pattern, handler);
  };
  const { page } = gateway.options;
  for (const [pattern, what] of DISCOVERY_PATHS) {
    all(pattern, what, (c) => {
      const { req: { raw }, env } = c;
      return page && what === "/" && isPageRequest(raw)
        ? servePage(gateway, raw, env, (request) => app.fetch(request, env))
        : discover(gateway, raw, what);
    });
  }
  if (page) app.all("/page/:file", (c) => servePage(gateway, c.req.raw, c.env, null));
  all(VERSION, "/", (c) => redirectToRoot(gateway, c.req.raw));
  all("/openapi.json", "/openapi.json", (c) => showOwn(gateway, c.req.raw, false));
  // Pages of other origins cannot read metrics, since metrics need no token.
  if (gateway.options.metrics) app.all("/metrics", (c) => showOwn(gateway, c.req.raw, true));
  for (const path of API_PATHS) {
    const pattern = path.path.replaceAll(/\{(\w+)\}/g, ":$1");
    const route = `/v2${path.path}`;
    all(VERSION + pattern, route, (c) => serve(gateway, c.req.raw, c.env, path, true));
    all(pattern, route, async (c, next) => {
      const hasVersion = typedVersionOf(c.req.raw.headers) !== null;
      return hasVersion ? await serve(gateway, c.req.raw, c.env, path, false) : await next();
    });
  }
  // Hono does not match a path with several slashes after the version.
  all(`${VERSION}/*`, "", (c) => {
    const { url } = c.req.raw;
    const mount = versionOf(url)?.mount;
    const path = API_PATHS.find((each) => addressOf(url, each, null)?.mount === mount);
    return path === undefined
      ? refuseVersioned(gateway, c.req.raw)
      : serve(gateway, c.req.raw, c.env, path, true);
  });
  app.notFound((c) => refuseUnknown(gateway, c.req.raw));
  const { fetch } = app;
  app.fetch = async (request, ...rest) => {
    if (request.method !== "HEAD") return await fetch(request, ...rest);
    // `app.mount` of another application always passes an execution context, even an undefined one.
    const isMounted = rest.length > 1 && rest[1] === undefined;
    if (!isMounted) directHeadRequests.add(request);
    return withoutLength(await fetch(request, ...rest));
  };
  return app;
}

/** Whether a browser navigates to a page. Other clients accept JSON or anything, but do not list `text/html`. */
function isPageRequest({ method, headers }: Request): boolean {
  return /^(GET|HEAD)$/.test(method) && /\btext\/html\b/.test(headers.get("accept") ?? "");
}

/**
 * Replaces the null body of a response to HEAD for data of unknown size with an empty stream. Deno sends
 * `Content-Length: 0` for null, and no length for a stream. An application that mounts the router removes the
 * body again, so HEAD is rejected there.
 */
function withoutLength(response: Response): Response {
  if (response.status !== 200 || response.headers.has("content-length")) return response;
  return new Response(new Blob([]).stream(), response);
}

/** The options of the client by which its events and responses are observed, and its requests traced. */
function observed(
  { fetch, onEvent }: ResolvedOptions,
  { metrics, tracing }: Pick<Gateway, "metrics" | "tracing">,
): Pick<GlanceOptions, "fetch" | "onEvent"> {
  const traced: typeof fetch = (url, init) =>
    tracing.spans === null ? fetch(url, init) : tracing.spans.fetch(fetch, url, init);
  const counted: typeof fetch = async (url, init) => {
    const response = await traced(url, init);
    if (isResponse(response)) metrics.counters?.responded(url, response.status);
    return response;
  };
  return {
    fetch: metrics.isServed ? counted : traced,
    onEvent: (event) => {
      metrics.counters?.observe(event);
      tracing.spans?.addEvent(event);
      onEvent(event);
    },
  };
}

/** Adds the headers for web pages of other origins. */
function allowOrigins(options: CorsOptions, gateway: Gateway, route: string): MiddlewareHandler {
  return async (c, next) => {
    // Imported on demand: most gateways have no clients in web pages.
    const { corsHandler } = await import("./on_demand/cors_headers.ts");
    const respond = async () => await corsHandler(options)(c, next);
    const { raw } = c.req;
    return raw.method === "OPTIONS"
      ? await recordedPreflight(gateway, raw, route, respond)
      : respond();
  };
}
