/**
 * `GET` and `HEAD /v2/images/{image_id}/file`: image data as browsers, curl and caches expect it, from
 * servers that know neither entity tags nor, some of them, ranges. What is to be answered is decided
 * here; the bytes come from `data_source.ts`.
 *
 * @module
 */
import { lengthOf } from "../data/byte_range.ts";
import { GlanceError } from "../errors.ts";
import { isRecord } from "../images/operation.ts";
import type { GlanceImage } from "../images/types.ts";
import { jsonOf } from "./answer.ts";
import type { Call, Gateway } from "./call.ts";
import { isLittle, mayWantLittle, type Plan, planOf } from "./conditions.ts";
import { openData } from "./data_source.ts";
import { askServers, documentResponse } from "./document.ts";
import { inboundHeaders, outboundHeaders } from "./headers.ts";
import { Refusal } from "./refusal.ts";
import { dataHeaders, representationOf } from "./representation.ts";

/** The data of an image, or a part of it, or word that the caller has it already. */
export async function imageData(gateway: Gateway, call: Call): Promise<Response> {
  const { request, address, trace } = call;
  // What was wanted in truth, the record tells.
  const mayPass = request.method === "HEAD" || mayWantLittle(request.headers);
  trace.atEnd(() => gateway.callers.leave(call));
  if (!mayPass) await takeTurn(gateway, call);
  const path = address.path.replace(/\/file$/, "");
  const record = await askServers(gateway, call, { method: "GET", path, idempotent: true });
  if (record.status !== 200) return documentResponse(gateway, call, record);
  const image = imageIn(jsonOf(record));
  const isLegacyRange = !request.headers.has("range") && request.headers.has("content-range");
  if (request.method === "HEAD") return headResponse(request, image);
  // What has no data, or may not be read, and what Glance alone understands, Glance answers.
  if (image.status !== "active" || isLegacyRange) return await forwardData(gateway, call);
  const plan = planOf(request.method, request.headers, representationOf(image));
  if (plan.kind !== "whole" && plan.kind !== "part") return withoutData(image, plan);
  if (mayPass && !isLittle(plan)) await takeTurn(gateway, call);
  try {
    return await openData(gateway, call, image, plan);
  } catch (error) {
    // A refusal in Glance's own words: the caller gets what it would have got there.
    if (error instanceof GlanceError && isAnswer(error)) return await forwardData(gateway, call);
    throw error;
  }
}

/** Waits until the data may be sent, or the caller is gone. */
async function takeTurn({ callers, metrics }: Gateway, call: Call): Promise<void> {
  metrics.move("waiting_requests", 1);
  await callers.turn(call, call.signal);
  metrics.move("waiting_requests", -1);
  call.signal?.throwIfAborted();
}

/** What the data would look like, without opening it. */
function headResponse(request: Request, image: GlanceImage): Response {
  if (image.status === "deactivated") throw new Refusal(403);
  if (image.status !== "active") return new Response(null, { status: 204 });
  const plan = planOf("HEAD", request.headers, representationOf(image));
  if (plan.kind === "failed" || plan.kind === "unmodified") return withoutData(image, plan);
  return new Response(null, { status: 200, headers: dataHeaders(image, plan) });
}

function withoutData(
  image: GlanceImage,
  plan: Exclude<Plan, { readonly kind: "whole" | "part" }>,
): Response {
  if (plan.kind === "unmodified") {
    return new Response(null, { status: 304, headers: dataHeaders(image, plan) });
  }
  if (plan.kind === "failed") throw new Refusal(412);
  const last = (image.size ?? 0) - 1;
  throw new Refusal(416, undefined, {
    headers: { "content-range": `bytes */${image.size}` },
    detail: plan.reason === "syntax"
      ? "Invalid Range header."
      : `Invalid start position in Range header. Start position MUST be in the inclusive range [0, ${last}].`,
  });
}

/** Glance's own answer to the request, handed through. */
async function forwardData(gateway: Gateway, call: Call): Promise<Response> {
  const { client } = gateway;
  const { request, route, address, context, trace, signal } = call;
  const { response, server } = await client.forward(
    context,
    {
      method: "GET",
      path: address.path + address.search,
      headers: inboundHeaders(request.headers, true),
      action: `download image "${address.values["image_id"]}"`,
      imageId: address.values["image_id"],
      idempotent: route.idempotent,
    },
    { signal },
    (answer) => {
      answer.deadline[Symbol.dispose]();
      return Promise.resolve(answer);
    },
  );
  trace.answeredBy(server.endpoint);
  const headers = outboundHeaders(response.headers);
  const length = lengthOf(response.headers.get("content-length"));
  const { status } = response;
  if (length !== null && response.headers.get("content-encoding") === null && status !== 204) {
    headers.set("content-length", String(length));
    trace.sent(length, server.endpoint, 0);
  }
  return new Response(response.body, { status, headers });
}

/** Whether an error is a server's answer, which it would give to the caller, too. */
function isAnswer({ status }: GlanceError): boolean {
  return status !== undefined && status < 500 && status !== 429;
}

function imageIn(document: unknown): GlanceImage {
  if (isRecord(document) && typeof document["id"] === "string") {
    // The seam where the wire gets its type: what Image API v2 says an image is.
    return document as unknown as GlanceImage;
  }
  throw new Refusal(502, "The image server gave no image.");
}
