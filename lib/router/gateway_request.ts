/** A request in the gateway: its route, credentials, and recorder. */
import type { BodyBudget } from "../http/body_budget.ts";
import type { RequestContext } from "../context.ts";
import type { ApiClient } from "../api/api_client.ts";
import { isSafe } from "../http/retry/hedge_policy.ts";
import { inspect, isObject, isResponse } from "../validate.ts";
import type { GlanceImage } from "../api/types.ts";
import type { DataPlan } from "./file/conditions.ts";
import type { DefinedResponse } from "./forward/upstream_response.ts";
import type { GatewayPath } from "./path.ts";
import { credentialOf, userTokenOf } from "./forward/headers.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { Tracing } from "./observe/tracing.ts";
import type { GatewayOptions } from "./gateway_options.ts";
import { HttpError } from "./error_response.ts";
import type { Admission } from "./file/admission.ts";
import type { IdleUpstreams } from "./file/idle_upstreams.ts";
import type { GatewayRoute } from "./routes.ts";
import type { RequestRecorder } from "./observe/access_log.ts";

/** The state that all requests of a gateway share. */
export interface Gateway {
  readonly client: ApiClient;
  readonly options: GatewayOptions;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Downloads of whole images and large ranges. */
  readonly admission: Admission;
  /** Requests for small ranges and requests that may need no data; they never wait for a whole image. */
  readonly smallAdmission: Admission;
  readonly upstreams: IdleUpstreams;
  readonly bodies: BodyBudget;
  /** Returns the edge cache; null if there is none. */
  readonly cache: (() => Promise<DataCache>) | null;
  /** `HEAD` requests that the router received directly, not through an application that mounts it. */
  readonly directHeadRequests: WeakSet<Request>;
}

/** The edge cache of a gateway. */
export interface DataCache {
  /**
   * The record of an image whose data the reader may read, or Glance's error response. `request` requests the record.
   */
  record(
    call: GatewayRequest,
    request: () => Promise<DefinedResponse>,
  ): Promise<DefinedResponse | Response>;
  /** Opens the data of an image; null if it cannot be cached. */
  open(call: GatewayRequest, image: GlanceImage, plan: DataPlan): Promise<Response | null>;
  /** Handles a request for Glance's cache API. */
  manage(call: GatewayRequest): Promise<Response>;
}

/** A request for a route, with what its handler needs. */
export interface GatewayRequest {
  readonly request: Request;
  readonly route: GatewayRoute;
  readonly address: GatewayPath;
  readonly context: RequestContext;
  readonly recorder: RequestRecorder;
  /** Identifies the client, for limits that clients share: see {@linkcode clientKeyOf}. */
  readonly clientKey: unknown;
  /** Whether no other code keeps chunks of bodies, so that their memory can be freed immediately. */
  readonly mayReuseChunks: boolean;
  /** Aborted when the client disconnects; undefined under `Deno.serve`. */
  readonly signal: AbortSignal | undefined;
}

/**
 * The signal of a request; undefined under `Deno.serve`, which passes the handler an object with `completed`. There,
 * the signal is also aborted after every successful response, and reading it prints a warning; a disconnect cancels
 * the response body instead.
 */
export function disconnectSignal(request: Request, env: unknown): AbortSignal | undefined {
  const isDenoServe = typeof env === "object" && env !== null && "completed" in env;
  return isDenoServe ? undefined : request.signal ?? undefined;
}

/**
 * The environment to pass to the router's `fetch` if neither the server nor a middleware keeps chunks. It must
 * keep no chunk of a request body. It may keep a chunk of a response body only until it reads the next one.
 */
export const CHUNKS_NOT_RETAINED = Object.freeze({ chunksNotRetained: true });

/**
 * Identifies the client of a request: by its token, else by the address of its connection. If both are unknown,
 * every request counts as a different client.
 */
export function clientKeyOf(
  { authToken }: RequestContext,
  env: unknown,
  isService: boolean,
): unknown {
  if (authToken !== undefined && !isService) return authToken;
  return addressIn(env) ?? {};
}

/** The client's address as the runtime's server passes it: `Deno.serve` in its info, Node's adapter in its request. */
function addressIn(env: unknown): string | null {
  if (!isObject(env)) return null;
  const { remoteAddr, incoming } = env;
  if (isObject(remoteAddr) && typeof remoteAddr["hostname"] === "string") {
    return remoteAddr["hostname"];
  }
  const socket = isObject(incoming) ? incoming["socket"] : null;
  const address = isObject(socket) ? socket["remoteAddress"] : null;
  return typeof address === "string" ? address : null;
}

/** The stores that the query parameter `prefer` names, best first; undefined if it names none. */
export function preferOf({ address: { search } }: GatewayRequest): readonly string[] | undefined {
  const stores = new URLSearchParams(search).get("prefer")?.split(",").filter(Boolean) ?? [];
  return stores.length === 0 ? undefined : stores;
}

/** The public URL of the gateway, without a trailing slash. */
export function publicEndpoint({ options }: Gateway, request: Request, mount: string): string {
  return options.publicEndpoint ?? new URL(request.url).origin + mount;
}

/** The credentials for Glance: those of the gateway in service mode, else the tokens of the request. */
export function contextOf(
  { options }: Gateway,
  request: Request,
  { requestId, traceHeaders }: RequestRecorder,
): RequestContext {
  const common = { globalRequestId: requestId, trace: traceHeaders };
  if (options.service !== null) return { ...options.service(), ...common };
  return {
    ...common,
    authToken: userTokenOf(request.headers) ?? undefined,
    serviceToken: credentialOf(request.headers, "x-service-token") ?? undefined,
  };
}

/** A context for requests that need no token. */
export function withoutToken({ serviceCatalog, trace }: RequestContext): RequestContext {
  return { serviceCatalog, trace };
}

/**
 * Checks whether a request is allowed. Returns null if it is, or the response of `authorize`.
 *
 * @throws {HttpError} 403 if it is not; 500 if `authorize` returns anything but a boolean or a `Response`.
 */
export async function authorizeRequest(
  gateway: Gateway,
  call: GatewayRequest,
): Promise<Response | null> {
  const { request, route: { operation, path }, address: { values } } = call;
  const { isReadOnly, authorize } = gateway.options;
  if (isReadOnly && !isSafe(request.method)) {
    throw new HttpError(403, "This endpoint is read-only.");
  }
  if (authorize === null) return null;
  // A JavaScript function may return any value.
  const verdict: unknown = await authorize({ request, operation, path, values });
  if (verdict === true) return null;
  if (verdict === false) throw new HttpError(403);
  if (isResponse(verdict)) {
    // The headers of some responses, such as redirects, are immutable.
    return new Response(verdict.body, verdict);
  }
  const cause = new Error(
    `Cannot authorize a request: "authorize" returned ${
      inspect(verdict)
    }; return true, false or a Response`,
  );
  throw new HttpError(500, undefined, { cause });
}

/**
 * Replaces a 401 in service mode: it concerns the gateway's own token, and names the Keystone that issued it.
 *
 * @throws {HttpError} 502 for such a response.
 */
export async function concealOwnToken({ options }: Gateway, response: Response): Promise<Response> {
  if (options.service === null || response.status !== 401) return response;
  await response.body?.cancel();
  const cause = new Error("Cannot call Glance: it rejected the token of the gateway");
  throw new HttpError(502, undefined, { cause });
}
