/**
 * `GET` and `HEAD /v2/images/{image_id}/file` as browsers, curl, and caches expect them. Glance itself supports
 * neither HEAD nor entity tags, and some of its stores do not support ranges. This module chooses the response;
 * `file_body.ts` opens the data.
 */
import {
  GlanceConnectionFailed,
  GlanceError,
  ImageDownloadFailed,
  ImageIntegrityError,
  ServerUnreachable,
  UnexpectedResponse,
} from "../../errors.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { EarlyResponse } from "../../transfer/download/range_source.ts";
import {
  type DefinedResponse,
  readUpstream,
  type UpstreamResponse,
} from "../forward/upstream_response.ts";
import { forward } from "../forward/forwarded_request.ts";
import { discard } from "../../http/transport.ts";
import { inboundHeaders } from "../forward/headers.ts";
import type { DataCache, Gateway, GatewayRequest } from "../gateway_request.ts";
import { type FilePlan, isSmall, legacyPartOf, mayBeSmall, planOf } from "./conditions.ts";
import { requestEarly } from "./early_request.ts";
import { openData } from "./file_body.ts";
import { documentResponse, forwardRequest } from "../forward/proxy_json.ts";
import { HttpError } from "../error_response.ts";
import { dataHeaders, representationOf } from "./file_headers.ts";
import type { Admission } from "./admission.ts";

/** Responds with the image, a range of it, or no data (HEAD, 304, 412, 416). */
export async function imageData(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  const { request, recorder } = call;
  // A guess from the headers; the image record decides later.
  const mayBypass = request.method === "HEAD" || mayBeSmall(request.headers);
  recorder.onEnd(() => {
    gateway.admission.release(call);
    gateway.smallAdmission.release(call);
    gateway.upstreams.active(call);
  });
  const cache = request.method === "GET" ? await gateway.cache?.() ?? null : null;
  if (cache !== null) return await responseFor(gateway, call, { mayBypass: true, cache });
  await waitForAdmission(gateway, call, mayBypass ? gateway.smallAdmission : gateway.admission);
  // Sent first, so that it gets the most recently used connection, which has the largest TCP window.
  const early = requestEarly(gateway, call);
  try {
    return await responseFor(gateway, call, { early, mayBypass });
  } finally {
    await early?.discard();
  }
}

/** Requests the image record. An error response is also the response to the request for data. */
export function requestRecord(gateway: Gateway, call: GatewayRequest): Promise<DefinedResponse> {
  const path = call.address.path.replace(/\/file$/, "");
  const record = { operation: "get", method: "GET", path, idempotent: true } as const;
  return forwardRequest(gateway, call, { ...record, keepsServer: true });
}

/** What was started before the record arrived. */
interface Preparation {
  readonly early?: EarlyResponse | null;
  /** Whether the request was admitted as a small one, or not yet, so that a large response must still be admitted. */
  readonly mayBypass: boolean;
  readonly cache?: DataCache;
}

/**
 * Reads the record, and responds.
 *
 * @param isAgain whether it reads the record again because data has been stored since. While an image is imported to
 * further stores, Glance sends its data although it is not active yet.
 */
async function responseFor(
  gateway: Gateway,
  call: GatewayRequest,
  preparation: Preparation,
  isAgain = false,
): Promise<Response> {
  const { cache } = preparation;
  const request = () => requestRecord(gateway, call);
  const record = cache === undefined ? await request() : await cache.record(call, request);
  if (record instanceof Response) return record;
  if (record.status !== 200) return await documentResponse(gateway, call, record);
  // The definition of the operation guarantees it.
  const image = record.result as GlanceImage;
  if (call.request.method === "HEAD") return headResponse(gateway, call.request, image);
  // An administrator can read a deactivated image.
  const hasData = image.status === "active" || image.status === "deactivated";
  // Without a size and a hash, the data could not be checked.
  if (hasData || isAgain && image.size !== null) {
    return await dataResponse(gateway, call, image, preparation);
  }
  if (isAgain) return new Response(null, { status: 204 });
  return await errorResponse(gateway, call) ??
    await responseFor(gateway, call, preparation, true);
}

async function dataResponse(
  gateway: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  { early = null, mayBypass, cache }: Preparation,
): Promise<Response> {
  const plan = dataPlanOf(call.request.headers, image);
  // Glance responds with 403 to most users of a deactivated image before it reads the range. To an administrator, it
  // sends a suffix range of an empty one.
  if (plan === null || plan.kind === "unsatisfiable" && image.status === "deactivated") {
    const refusal = await errorResponse(gateway, call);
    if (refusal !== null && refusal.status >= 400) return refusal;
  }
  // Glance has sent what it refuses by its own rules.
  if (plan === null) throw new HttpError(502);
  if (plan.kind !== "whole" && plan.kind !== "part") return withoutData(image, plan);
  try {
    const cached = await cache?.open(call, image, plan) ?? null;
    if (cached !== null) return cached;
    if (mayBypass && (cache !== undefined || !isSmall(plan))) {
      gateway.smallAdmission.release(call);
      await waitForAdmission(gateway, call, gateway.admission);
    }
    return await openData(gateway, call, image, plan, early);
  } catch (error) {
    // Forward Glance's own error response. A 204 would contradict the record.
    const refusal = isClientError(error) && await errorResponse(gateway, call);
    if (refusal && refusal.status >= 400) return refusal;
    throw error;
  }
}

/** Plans the response; null for a range that Glance rejects with a message of its own. */
function dataPlanOf(headers: Headers, image: GlanceImage): FilePlan | null {
  const legacy = headers.has("range") ? null : headers.get("content-range");
  if (legacy === null) return planOf("GET", headers, representationOf(image));
  return typeof image.size === "number" ? legacyPartOf(legacy, image.size) : null;
}

/** Waits until the download is admitted; throws if the client disconnects before. */
async function waitForAdmission(
  { metrics }: Gateway,
  call: GatewayRequest,
  admission: Admission,
): Promise<void> {
  metrics.counters?.move("waiting_requests", 1);
  await admission.acquire(call, call.signal, call.clientKey);
  metrics.counters?.move("waiting_requests", -1);
  call.signal?.throwIfAborted();
}

/** Responds to HEAD from the image record, without opening the data. */
function headResponse(gateway: Gateway, request: Request, image: GlanceImage): Response {
  if (image.status === "deactivated") throw new HttpError(403);
  if (image.status !== "active") return new Response(null, { status: 204 });
  const plan = planOf("HEAD", request.headers, representationOf(image));
  if (plan.kind === "failed" || plan.kind === "unmodified") return withoutData(image, plan);
  const headers = dataHeaders(image, plan);
  // An application that mounts the router would announce 0 bytes. Glance itself rejects HEAD with 405.
  const isMisread = !headers.has("content-length") && !gateway.directHeadRequests.has(request);
  if (isMisread) throw new HttpError(405, undefined, { headers: { allow: "GET, PUT" } });
  return new Response(null, { status: 200, headers });
}

function withoutData(
  image: GlanceImage,
  plan: Exclude<FilePlan, { readonly kind: "whole" | "part" }>,
): Response {
  if (plan.kind === "unmodified") {
    return new Response(null, { status: 304, headers: dataHeaders(image, plan) });
  }
  if (plan.kind === "failed") throw new HttpError(412);
  const last = (image.size ?? 0) - 1;
  throw new HttpError(416, undefined, {
    headers: { "content-range": `bytes */${image.size}` },
    detail: plan.reason === "syntax"
      ? "Invalid Range header."
      : `Invalid start position in Range header. Start position MUST be in the inclusive range [0, ${last}].`,
  });
}

/** Glance's error response to a request for data, or its 204 if there is no data; null if it sends data. */
async function errorResponse(gateway: Gateway, call: GatewayRequest): Promise<Response | null> {
  const response = await requestErrorResponse(gateway, call);
  return response && await documentResponse(gateway, call, response);
}

/** Sends a request for data. Returns an error response or a 204; null for any other, whose body is discarded. */
export async function requestErrorResponse(
  gateway: Gateway,
  call: GatewayRequest,
): Promise<UpstreamResponse | null> {
  const { request, route, address, context, recorder, signal } = call;
  const imageId = address.values["image_id"];
  const upstream = await forward(
    gateway.client,
    context,
    {
      method: "GET",
      path: address.path + address.search,
      headers: inboundHeaders(request.headers, true),
      action: `download image "${imageId}"`,
      imageId,
      idempotent: route.idempotent,
    },
    { signal },
    async (exchange) => {
      const { response, deadline } = exchange;
      if (response.status >= 400 || response.status === 204) return await readUpstream(exchange);
      deadline[Symbol.dispose]();
      await discard(response);
      return null;
    },
  );
  if (upstream !== null) recorder.respondedBy(upstream.server);
  return upstream;
}

/**
 * Whether an error is a 4xx response of Glance. Errors about a response that the gateway rejects may have such a
 * status, too, but do not count.
 */
function isClientError(error: unknown): boolean {
  if (!(error instanceof GlanceError)) return false;
  const { status = 0 } = error;
  return status >= 400 && status < 500 && status !== 429 &&
    !GATEWAY_ERRORS.some((kind) => error instanceof kind);
}

/** Errors about responses that the gateway rejects. */
const GATEWAY_ERRORS = [
  GlanceConnectionFailed,
  ImageDownloadFailed,
  ImageIntegrityError,
  ServerUnreachable,
  UnexpectedResponse,
];
