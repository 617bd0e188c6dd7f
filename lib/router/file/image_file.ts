/**
 * `GET` and `HEAD /v2/images/{image_id}/file`: image data as browsers, curl and caches expect it, from
 * servers that know neither entity tags nor, some of them, ranges. What is to be answered is decided
 * here; the bytes come from `data_source.ts`.
 *
 * @module
 */
import {
  GlanceConnectionFailed,
  GlanceError,
  ImageDownloadFailed,
  ImageIntegrityError,
  ServerUnreachable,
  UnexpectedResponse,
} from "../../errors.ts";
import { unpromisedAnswer } from "../../http/response_errors.ts";
import { discard } from "../../http/transport.ts";
import type { GlanceImage } from "../../api/types.ts";
import { readAnswer } from "../forward/answer.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import { type FilePlan, isLittle, legacyPartOf, mayWantLittle, planOf } from "./conditions.ts";
import { openData } from "./file_body.ts";
import { askServers, documentResponse } from "../forward/proxy_json.ts";
import { inboundHeaders } from "../forward/headers.ts";
import { HttpError } from "../error_response.ts";
import { dataHeaders, representationOf } from "./file_headers.ts";
import type { SlowCallers } from "./slow_callers.ts";

/** The data of an image, or a part of it, or word that the caller has it already. */
export async function imageData(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  const { request, address, trace } = call;
  // What was wanted in truth, the record tells.
  const mayPass = request.method === "HEAD" || mayWantLittle(request.headers);
  trace.atEnd(() => {
    gateway.callers.leave(call);
    gateway.quickCallers.leave(call);
  });
  await takeTurn(gateway, call, mayPass ? gateway.quickCallers : gateway.callers);
  const path = address.path.replace(/\/file$/, "");
  const record = await askServers(gateway, call, {
    operation: "get",
    method: "GET",
    path,
    idempotent: true,
  });
  if (record.status !== 200) return documentResponse(gateway, call, record);
  // The row of the operation promises it.
  const image = record.result as GlanceImage;
  if (request.method === "HEAD") return headResponse(gateway, request, image);
  // What has no data, Glance answers. An administrator may read what is deactivated.
  const hasData = image.status === "active" || image.status === "deactivated";
  if (!hasData) return await forwardRefusal(gateway, call, [204]);
  const plan = dataPlanOf(request.headers, image);
  if (plan === null) return await forwardRefusal(gateway, call, []);
  // Glance answers 403 to most callers before it looks at the range.
  const isUnsatisfiable = plan.kind === "unsatisfiable";
  if (isUnsatisfiable && image.status === "deactivated") {
    return await forwardRefusal(gateway, call, []);
  }
  if (plan.kind !== "whole" && plan.kind !== "part") return withoutData(image, plan);
  if (mayPass && !isLittle(plan)) {
    gateway.quickCallers.leave(call);
    await takeTurn(gateway, call, gateway.callers);
  }
  try {
    return await openData(gateway, call, image, plan);
  } catch (error) {
    // A refusal in Glance's own words: the caller gets what it would have got there.
    if (isRefusal(error)) return await forwardRefusal(gateway, call, []);
    throw error;
  }
}

/** What is wanted of data; null for a range that Glance alone refuses in its words. */
function dataPlanOf(headers: Headers, image: GlanceImage): FilePlan | null {
  const legacy = headers.has("range") ? null : headers.get("content-range");
  if (legacy === null) return planOf("GET", headers, representationOf(image));
  return typeof image.size === "number" ? legacyPartOf(legacy, image.size) : null;
}

/** Waits until the data may be sent, or the caller is gone. */
async function takeTurn(
  { metrics }: Gateway,
  call: GatewayRequest,
  callers: SlowCallers,
): Promise<void> {
  metrics.move("waiting_requests", 1);
  await callers.turn(call, call.signal, call.caller);
  metrics.move("waiting_requests", -1);
  call.signal?.throwIfAborted();
}

/** What the data would look like, without opening it. */
function headResponse(gateway: Gateway, request: Request, image: GlanceImage): Response {
  if (image.status === "deactivated") throw new HttpError(403);
  if (image.status !== "active") return new Response(null, { status: 204 });
  const plan = planOf("HEAD", request.headers, representationOf(image));
  if (plan.kind === "failed" || plan.kind === "unmodified") return withoutData(image, plan);
  const headers = dataHeaders(image, plan);
  // An application around the router would announce 0 bytes; Glance takes no HEAD.
  const isMisread = !headers.has("content-length") && !gateway.direct.has(request);
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

/**
 * Glance's own refusal of a request for data, or its 204 where there is no data. Bytes are not forwarded:
 * they would reach the caller unchecked.
 *
 * @throws {UnexpectedResponse} for any other answer.
 */
async function forwardRefusal(
  gateway: Gateway,
  call: GatewayRequest,
  promised: readonly number[],
): Promise<Response> {
  const { request, route, address, context, trace, signal } = call;
  const imageId = address.values["image_id"];
  const action = `download image "${imageId}"`;
  const answer = await gateway.client.forward(
    context,
    {
      method: "GET",
      path: address.path + address.search,
      headers: inboundHeaders(request.headers, true),
      action,
      imageId,
      idempotent: route.idempotent,
    },
    { signal },
    async (exchange) => {
      const { response, server, deadline, attempts } = exchange;
      if (response.status >= 400 || promised.includes(response.status)) {
        return await readAnswer(exchange);
      }
      deadline[Symbol.dispose]();
      await discard(response);
      const asked = { action, imageId, server: server.endpoint, attempts };
      throw unpromisedAnswer(response, asked, promised);
    },
  );
  trace.answeredBy(answer.server);
  return documentResponse(gateway, call, answer);
}

/**
 * Whether an error is a server's refusal, which the caller would get there, too. Errors about an answer that
 * was refused here may carry its status, and are not.
 */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof GlanceError)) return false;
  const { status = 0 } = error;
  return status >= 400 && status < 500 && status !== 429 &&
    !OUR_REFUSALS.some((kind) => error instanceof kind);
}

/** Errors about what servers sent. */
const OUR_REFUSALS = [
  GlanceConnectionFailed,
  ImageDownloadFailed,
  ImageIntegrityError,
  ServerUnreachable,
  UnexpectedResponse,
];
