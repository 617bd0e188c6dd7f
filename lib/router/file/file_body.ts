/**
 * Where the bytes of an answer come from: a reader that goes on elsewhere when a server breaks, or the
 * server's own body where nothing has to be healed.
 *
 * @module
 */
import { judgePartial, lengthOf } from "../../http/byte_range.ts";
import { descriptorOf, Verifier } from "../../transfer/integrity/descriptor.ts";
import { GlanceRangeSource } from "../../transfer/download/range_source.ts";
import { openBody } from "../../transfer/download/answer_body.ts";
import { ResumingReader } from "../../transfer/download/resuming_reader.ts";
import { GlanceError } from "../../errors.ts";
import type { OpenResponse } from "../../http/attempt.ts";
import { discard } from "../../http/transport.ts";
import type { GlanceImage } from "../../api/types.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import { ChunkSize } from "./chunk_size.ts";
import { type FilePlan, isLittle } from "./conditions.ts";
import { dataHeaders } from "./file_headers.ts";
import { countedBody, type DataAnswer, responseBody } from "./response_body.ts";
import type { UpstreamConnection } from "./slow_callers.ts";

/** What is to be sent: all of the image, or a part. */
export type DataPlan = FilePlan & { readonly kind: "whole" | "part" };

/**
 * Opens the data; nothing is answered before a server has shown that it has it.
 *
 * @throws {GlanceError} where no server gives it; with the status of a refusal.
 */
export async function openData(
  gateway: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  plan: DataPlan,
): Promise<Response> {
  const { resume, verify } = gateway.options;
  const isHashed = plan.kind === "whole" && verify !== "off";
  const own = resume || isHashed ? null : await serversOwnBody(gateway, call, image, plan);
  if (own !== null) return own;
  const opened = await openReader(gateway, call, image, plan);
  const headers = dataHeaders(image, plan);
  const body = responseBody({
    ...opened,
    trace: call.trace,
    length: lengthOf(headers.get("content-length")),
    chunkSize: new ChunkSize(gateway.client.options.now),
    callers: isLittle(plan) ? gateway.quickCallers : gateway.callers,
    caller: call,
    freesChunks: gateway.options.freesChunks,
  });
  return new Response(body, { status: plan.kind === "part" ? 206 : 200, headers });
}

async function openReader(
  { client, options }: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  plan: DataPlan,
): Promise<Pick<DataAnswer, "reader" | "connection">> {
  const { context, trace, signal } = call;
  const identity = descriptorOf(image);
  const [start, end] = plan.kind === "part" ? [plan.start, plan.end] : [0, null];
  const verifier = plan.kind === "whole" ? await Verifier.create(identity, options.verify) : null;
  const wanted = { end, stores: image.stores ?? "", prefer: preferOf(call) };
  const lifetime = new AbortController();
  const leave = () => lifetime.abort(signal?.reason);
  let handed = 0;
  const pieces = new GlanceRangeSource(client, context, identity, wanted);
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
  signal?.addEventListener("abort", leave, { once: true });
  try {
    await reader.open();
  } finally {
    // From here on the body's own cancel tells: some runtimes abort the signal of a finished request.
    signal?.removeEventListener("abort", leave);
  }
  const connection: UpstreamConnection = {
    // A server that fails to answer is no reason to give up a connection to one that sends.
    canReopen: () => pieces.canSeek(lifetime.signal).catch(() => false),
    async release() {
      trace.released();
      await reader.release("the caller takes nothing for the moment");
    },
  };
  return { reader, connection };
}

/**
 * The server's body, if its headers describe exactly what was asked for; null if they do not. It is counted
 * where there is a log: what becomes of a body that is handed on untouched, no runtime tells.
 */
async function serversOwnBody(
  { client, options }: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  plan: DataPlan,
): Promise<Response | null> {
  const { context, trace, signal } = call;
  const prefer = preferOf(call);
  const range = plan.kind === "part" ? { start: plan.start, end: plan.end } : undefined;
  let answer: OpenResponse;
  try {
    const asked = { ...range && { range }, ...prefer && { prefer } };
    answer = await client.exchange(context, "data", [image.id, asked], { signal });
  } catch (error) {
    // Another server may have the image, or the same one all of it.
    const { status = 0 } = error instanceof GlanceError ? error : {};
    if (status >= 400 && status !== 401) return null;
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
  const length = lengthOf(headers.get("content-length"));
  const init = { status: plan.kind === "part" ? 206 : 200, headers };
  if (options.log !== null && response.body !== null) {
    const source = openBody(answer, image.id, client.options);
    const body = countedBody({ source, imageId: image.id, length, trace });
    return new Response(body, init);
  }
  trace.sent(length ?? 0, server.endpoint, 0);
  return new Response(response.body, init);
}

function isExactly({ status, headers }: Response, image: GlanceImage, plan: DataPlan): boolean {
  const size = image.size ?? null;
  const md5 = headers.get("content-md5");
  if (md5 !== null && image.checksum && md5 !== image.checksum) return false;
  const contentLength = headers.get("content-length");
  const contentEncoding = headers.get("content-encoding");
  if (plan.kind === "whole") {
    return status === 200 && contentEncoding === null && lengthOf(contentLength) === size;
  }
  const contentRange = headers.get("content-range");
  const facts = { status, contentRange, contentLength, contentEncoding };
  const { start, end } = plan;
  return lengthOf(contentLength) === end - start + 1 &&
    judgePartial(facts, { start, end, size }).kind === "part";
}

/** Stores to read from, best first, as `prefer` names them; undefined where it names none. */
function preferOf({ address: { search } }: GatewayRequest): readonly string[] | undefined {
  const stores = new URLSearchParams(search).get("prefer")?.split(",").filter(Boolean) ?? [];
  return stores.length === 0 ? undefined : stores;
}
