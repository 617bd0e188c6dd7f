/**
 * `GET` and `HEAD /v2/images/{image_id}/file`: image data as browsers, curl and caches expect it, from
 * servers that know neither entity tags nor, some of them, ranges.
 *
 * @module
 */
import { judgePartial, lengthOf } from "../data/byte_range.ts";
import { identityOf, Verifier } from "../data/integrity.ts";
import { GlancePieces } from "../data/piece.ts";
import { ResumingReader } from "../data/resume.ts";
import { GlanceError } from "../errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { discard } from "../http/transport.ts";
import { isRecord } from "../images/operation.ts";
import type { GlanceImage } from "../images/types.ts";
import { jsonOf } from "./answer.ts";
import type { Call, Gateway } from "./call.ts";
import { type Plan, planOf } from "./conditions.ts";
import { askServers, documentResponse } from "./document.ts";
import { inboundHeaders, outboundHeaders } from "./headers.ts";
import { Refusal } from "./refusal.ts";
import { dataHeaders, representationOf } from "./representation.ts";
import { responseBody } from "./response_body.ts";

/** The data of an image, or a part of it, or word that the caller has it already. */
export async function imageData(gateway: Gateway, call: Call): Promise<Response> {
  const { request, address, trace } = call;
  const path = address.path.replace(/\/file$/, "");
  const record = await askServers(gateway, call, { method: "GET", path, idempotent: true });
  if (record.status !== 200) return documentResponse(gateway, call, record);
  const image = imageIn(jsonOf(record));
  const isLegacyRange = !request.headers.has("range") && request.headers.has("content-range");
  if (request.method === "HEAD") return headResponse(call, image);
  // What has no data, or may not be read, and what Glance alone understands, Glance answers.
  if (image.status !== "active" || isLegacyRange) return await forwardData(gateway, call);
  const plan = planOf(request.method, request.headers, representationOf(image));
  if (plan.kind !== "whole" && plan.kind !== "part") return withoutData(call, image, plan);
  try {
    return await openData(gateway, call, image, plan);
  } catch (error) {
    trace.failed(error);
    if (!(error instanceof GlanceError) || !isAnswer(error)) throw error;
    // A refusal in Glance's own words: the caller gets what it would have got there.
    return await forwardData(gateway, call);
  }
}

/** Opens the data; nothing is answered before a server has shown that it has it. */
async function openData(
  gateway: Gateway,
  call: Call,
  image: GlanceImage,
  plan: Plan & { kind: "whole" | "part" },
): Promise<Response> {
  const direct = gateway.options.resume ? null : await serversOwnBody(gateway, call, image, plan);
  if (direct !== null) return direct;
  const { client, options } = gateway;
  const { context, trace, signal } = call;
  const identity = identityOf(image);
  const [start, end] = plan.kind === "part" ? [plan.start, plan.end] : [0, null];
  const verifier = plan.kind === "whole" ? await Verifier.create(identity, options.verify) : null;
  const stores = image.stores ?? "";
  const pieces = new GlancePieces(client, context, identity, {
    end,
    stores,
    prefer: preferOf(call),
  });
  const lifetime = new AbortController();
  const leave = () => lifetime.abort(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  let handed = 0;
  const reader = new ResumingReader(pieces, {
    options: client.options,
    start,
    end,
    verifier,
    isPart: false,
    isHashed: verifier !== null,
    signal: lifetime.signal,
    onProgress: ({ transferred, server, resumes }) => {
      trace.sent(transferred - handed, server, resumes);
      handed = transferred;
    },
  });
  try {
    await reader.open();
  } finally {
    // From here on the body's own cancel tells: some runtimes abort the signal of a finished request.
    signal?.removeEventListener("abort", leave);
  }
  const headers = dataHeaders(image, plan);
  const body = responseBody(reader, trace, lengthOf(headers.get("content-length")));
  return new Response(body, { status: plan.kind === "part" ? 206 : 200, headers });
}

/** The server's body as it is, where it is exactly what was asked for; null where it is not. */
async function serversOwnBody(
  { client }: Gateway,
  call: Call,
  image: GlanceImage,
  plan: Plan & { kind: "whole" | "part" },
): Promise<Response | null> {
  const { context, trace, signal } = call;
  const prefer = preferOf(call);
  const range = plan.kind === "part" ? { start: plan.start, end: plan.end } : undefined;
  let answer: Exchange;
  try {
    const asked = { ...range && { range }, ...prefer && { prefer } };
    answer = await client.exchange(context, "data", [image.id, asked], { signal });
  } catch (error) {
    if (range !== undefined && error instanceof GlanceError && error.status === 400) return null;
    throw error;
  }
  const { response, server, deadline } = answer;
  deadline[Symbol.dispose]();
  if (!isExactly(response, image, plan)) {
    await discard(response);
    return null;
  }
  const headers = dataHeaders(image, plan);
  trace.answeredBy(server.endpoint);
  trace.sent(lengthOf(headers.get("content-length")) ?? 0, server.endpoint, 0);
  return new Response(response.body, { status: response.status, headers });
}

function isExactly(
  { status, headers }: Response,
  image: GlanceImage,
  plan: Plan & { kind: "whole" | "part" },
): boolean {
  const size = image.size ?? null;
  const contentLength = headers.get("content-length");
  const contentEncoding = headers.get("content-encoding");
  if (plan.kind === "whole") {
    return status === 200 && contentEncoding === null && lengthOf(contentLength) === size;
  }
  const contentRange = headers.get("content-range");
  const facts = { status, contentRange, contentLength, contentEncoding };
  return judgePartial(facts, { start: plan.start, end: plan.end, size }).kind === "part";
}

/** What the data would look like, without opening it. */
function headResponse(call: Call, image: GlanceImage): Response {
  if (image.status === "deactivated") throw new Refusal(403);
  if (image.status !== "active") return new Response(null, { status: 204 });
  const plan = planOf("HEAD", call.request.headers, representationOf(image));
  if (plan.kind === "failed" || plan.kind === "unmodified") return withoutData(call, image, plan);
  return new Response(null, { status: 200, headers: dataHeaders(image, plan) });
}

function withoutData(_: Call, image: GlanceImage, plan: Plan): Response {
  if (plan.kind === "unmodified") {
    return new Response(null, { status: 304, headers: dataHeaders(image, plan) });
  }
  if (plan.kind === "failed") throw new Refusal(412);
  throw new Refusal(416, undefined, { headers: { "content-range": `bytes */${image.size}` } });
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

/** Stores to read from, best first, as `prefer` names them. */
function preferOf({ address: { search } }: Call): readonly string[] | undefined {
  return new URLSearchParams(search).get("prefer")?.split(",");
}
