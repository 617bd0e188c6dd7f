/**
 * One request on its way through the gateway: what it asks for, who asks, and its record.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { GlanceClientWrapper } from "../http/client.ts";
import type { Address } from "./address.ts";
import { announcesBody, credentialOf } from "./headers.ts";
import type { Metrics } from "./metrics.ts";
import type { GatewayOptions } from "./options.ts";
import { Refusal } from "./refusal.ts";
import type { SlowCallers } from "./slow_callers.ts";
import type { Route } from "./table.ts";
import type { Trace } from "./trace.ts";

/** What all requests of a gateway share. */
export interface Gateway {
  readonly client: GlanceClientWrapper;
  readonly options: GatewayOptions;
  readonly metrics: Metrics;
  readonly callers: SlowCallers;
}

/** A request that fits a row of the table. */
export interface Call {
  readonly request: Request;
  readonly route: Route;
  readonly address: Address;
  readonly context: RequestContext;
  readonly trace: Trace;
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
 * @throws {Refusal} 403, and 400 for a body where Glance takes none.
 */
export async function admit(gateway: Gateway, call: Call): Promise<Response | null> {
  const { request, route: { operation, path }, address: { values } } = call;
  const isReading = request.method === "GET" || request.method === "HEAD";
  if (isReading && operation !== "list" && announcesBody(request.headers)) {
    throw new Refusal(400, "A body is not expected with this request.");
  }
  const { isReadOnly, authorize } = gateway.options;
  if (isReadOnly && !isReading) throw new Refusal(403, "This endpoint is read-only.");
  const verdict = await authorize?.({ request, operation, path, values }) ?? true;
  if (verdict === false) throw new Refusal(403);
  // Some answers, redirects for one, do not let their headers be completed.
  return verdict === true ? null : new Response(verdict.body, verdict);
}
