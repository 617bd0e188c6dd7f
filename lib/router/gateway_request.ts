/**
 * One request on its way through the gateway: what it asks for, who asks, and its record.
 *
 * @module
 */
import type { BodyBudget } from "../body_budget.ts";
import type { RequestContext } from "../context.ts";
import type { GlanceClientWrapper } from "../api/client.ts";
import { inspect, isRecord, isResponse } from "../validate.ts";
import type { GatewayPath } from "./path.ts";
import { credentialOf } from "./forward/headers.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { GatewayOptions } from "./options.ts";
import { HttpError } from "./error_response.ts";
import type { SlowCallers } from "./file/slow_callers.ts";
import type { GatewayRoute } from "./routes.ts";
import type { Trace } from "./observe/access_log.ts";

/** What all requests of a gateway share. */
export interface Gateway {
  readonly client: GlanceClientWrapper;
  readonly options: GatewayOptions;
  readonly metrics: Metrics;
  /** Whole images and large parts. */
  readonly callers: SlowCallers;
  /** Small parts and what may turn out to be no data: many at once, and never after a whole image. */
  readonly quickCallers: SlowCallers;
  readonly bodies: BodyBudget;
  /** Requests that reach the router itself, and not as a part of another application. */
  readonly direct: WeakSet<Request>;
}

/** A request that fits a row of the table. */
export interface GatewayRequest {
  readonly request: Request;
  readonly route: GatewayRoute;
  readonly address: GatewayPath;
  readonly context: RequestContext;
  readonly trace: Trace;
  /** Who asks, for what callers share: see {@linkcode callerKey}. */
  readonly caller: unknown;
  /** Aborted when the caller leaves, where the runtime tells without harm. */
  readonly signal: AbortSignal | undefined;
}

/**
 * The signal of a request; none under `Deno.serve`, which hands the handler an info with `completed`:
 * there it is aborted behind every good answer, too, and a warning is printed where it is looked at. The
 * cancelled body tells as well that a caller has left.
 */
export function callerSignal(request: Request, env: unknown): AbortSignal | undefined {
  const isDenoServe = typeof env === "object" && env !== null && "completed" in env;
  return isDenoServe ? undefined : request.signal ?? undefined;
}

/**
 * What tells callers apart: the token, else the address of the connection; without either, each request
 * counts for itself.
 */
export function callerKey(
  { authToken }: RequestContext,
  env: unknown,
  isService: boolean,
): unknown {
  if (authToken !== undefined && !isService) return authToken;
  return addressIn(env) ?? {};
}

/** The address that a server hands over: `Deno.serve` in its info, Node's adapter in its request. */
function addressIn(env: unknown): string | null {
  if (!isRecord(env)) return null;
  const { remoteAddr, incoming } = env;
  if (isRecord(remoteAddr) && typeof remoteAddr["hostname"] === "string") {
    return remoteAddr["hostname"];
  }
  const socket = isRecord(incoming) ? incoming["socket"] : null;
  const address = isRecord(socket) ? socket["remoteAddress"] : null;
  return typeof address === "string" ? address : null;
}

/** Where the caller finds the gateway, without a slash at its end. */
export function publicEndpoint({ options }: Gateway, request: Request, mount: string): string {
  return options.publicEndpoint ?? new URL(request.url).origin + mount;
}

/** Who asks Glance: the gateway itself, or the caller with the tokens that came. */
export function contextOf(
  { options }: Gateway,
  request: Request,
  requestId: string,
): RequestContext {
  if (options.service !== null) return { ...options.service(), globalRequestId: requestId };
  const authToken = credentialOf(request.headers, "x-auth-token");
  const serviceToken = credentialOf(request.headers, "x-service-token");
  return {
    globalRequestId: requestId,
    ...authToken !== null && { authToken },
    ...serviceToken !== null && { serviceToken },
  };
}

/** The same servers without the token: for what nobody needs one. */
export function withoutToken({ serviceCatalog }: RequestContext): RequestContext {
  return serviceCatalog === undefined ? {} : { serviceCatalog };
}

/**
 * Lets a request pass, or not.
 *
 * @throws {HttpError} 403.
 */
export async function admit(gateway: Gateway, call: GatewayRequest): Promise<Response | null> {
  const { request, route: { operation, path }, address: { values } } = call;
  const isReading = request.method === "GET" || request.method === "HEAD";
  const { isReadOnly, authorize } = gateway.options;
  if (isReadOnly && !isReading) throw new HttpError(403, "This endpoint is read-only.");
  if (authorize === null) return null;
  // A function without types may give anything.
  const verdict: unknown = await authorize({ request, operation, path, values });
  if (verdict === true) return null;
  if (verdict === false) throw new HttpError(403);
  if (isResponse(verdict)) {
    // Some answers, redirects for one, do not let their headers be completed.
    return new Response(verdict.body, verdict);
  }
  const cause = new Error(
    `Cannot authorize a request: "authorize" gave ${
      inspect(verdict)
    }; it must give true, false or a Response`,
  );
  throw new HttpError(500, undefined, { cause });
}

/**
 * The answer of the image service as callers may see it. A 401 in service mode speaks of the gateway's own
 * token, and names the Keystone that issues it.
 *
 * @throws {HttpError} 502 for such an answer.
 */
export async function concealOwnToken(
  { options }: Gateway,
  response: Response,
): Promise<Response> {
  if (options.service === null || response.status !== 401) return response;
  await response.body?.cancel();
  const cause = new Error("the image service refused the token of the gateway");
  throw new HttpError(502, undefined, { cause });
}
