/**
 * Handles the probes of an orchestrator or a load balancer, for every host name and without an entry in the log:
 * `/healthz` (liveness) while the process runs, and `/readyz` (readiness) while new requests should be sent to it.
 */
import { withinTime } from "../http_server/time_limit.ts";
import type { Handler } from "./serve.ts";

/** The health check of the router; every router allows this host. */
const HEALTH_CHECK = "http://localhost/healthcheck";

/** Errors have their explanation in `message`. */
const JSON_ERRORS = { accept: "application/json" };

const NO_RESPONSE = "No Glance server responds.";

/** Timeout of a Glance's response to a probe, in milliseconds. */
const CHECK_LIMIT = 5_000;

/** Handles probes, and passes all other requests to `handler`. */
export function withProbes(handler: Handler): Handler {
  // Probes share one check: while Glance does not respond, more of them would only pile up.
  let checking: Promise<string | null> | null = null;
  const check = async () => {
    try {
      return await problemIn(await handler(new Request(HEALTH_CHECK, { headers: JSON_ERRORS })));
    } finally {
      checking = null;
    }
  };
  return async (request) => {
    const path = probeOf(request);
    if (path === null) return await handler(request);
    if (!isRead(request)) return refuseMethod();
    if (path === "/healthz") return probeResponse(200, "The server is running.");
    checking ??= check();
    const problem = await withinTime(checking, CHECK_LIMIT).catch(() => NO_RESPONSE);
    return problem === null
      ? probeResponse(200, "A Glance server responds.")
      : probeResponse(503, problem);
  };
}

/** Why the response to a health check is not a success; null if it is one. */
async function problemIn(response: Response): Promise<string | null> {
  if (response.ok) {
    await response.body?.cancel().catch(() => {});
    return null;
  }
  const { message = NO_RESPONSE } = await response.json() as { readonly message?: string };
  return message.replace(/<br.*$/s, "");
}

/** The responses to probes while the server stops: it is alive, but not ready. */
export function probeWhileStopping(request: Request): Response | null {
  const path = probeOf(request);
  if (path === null) return null;
  if (!isRead(request)) return refuseMethod();
  return probeResponse(path === "/healthz" ? 200 : 503, "The server is stopping.");
}

function probeOf({ url }: Request): string | null {
  return /^https?:\/\/[^/]*(\/healthz|\/readyz)(?:\?.*)?$/.exec(url)?.[1] ?? null;
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function refuseMethod(): Response {
  const response = probeResponse(405, "A probe supports only GET and HEAD.");
  response.headers.set("allow", "GET, HEAD");
  return response;
}

function probeResponse(status: number, text: string): Response {
  const headers = { "cache-control": "no-store", "content-type": "text/plain; charset=utf-8" };
  return new Response(`${text}\n`, { status, headers });
}
