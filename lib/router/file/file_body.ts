/**
 * Opens the bytes of a response: a reader that continues from another server after a failure, or, with
 * `resume: false`, the body of one server.
 */
import { createTransferHasher } from "../../transfer/transfer_hasher.ts";
import { READ_IMAGE_DATA } from "../../api/operations/data.ts";
import { checkPartial, lengthOf } from "../../http/byte_range.ts";
import { descriptorOf, Verifier } from "../../transfer/integrity/descriptor.ts";
import {
  type EarlyResponse,
  GlanceRangeSource,
  type RangeSource,
} from "../../transfer/download/range_source.ts";
import { openBody, type RangeResponse } from "../../transfer/download/range_response.ts";
import { classifyFailure } from "../../transfer/download/resume_policy.ts";
import { type ResumeOptions, ResumingReader } from "../../transfer/download/resuming_reader.ts";
import type { Verify } from "../../transfer/types.ts";
import type { RequestContext } from "../../context.ts";
import { GlanceError } from "../../errors.ts";
import { isRetryableStatus } from "../../http/retry/retry_policy.ts";
import type { OpenResponse } from "../../http/request_spec.ts";
import { discard } from "../../http/transport.ts";
import { Session } from "../../api/session.ts";
import type { GlanceImage } from "../../api/types.ts";
import { type Gateway, type GatewayRequest, preferOf } from "../gateway_request.ts";
import type { DataPlan } from "./conditions.ts";
import { dataHeaders } from "./file_headers.ts";
import { countedBody, type DataResponseInput, responseBody } from "./response_body.ts";
import type { UpstreamConnection } from "./idle_upstreams.ts";

/**
 * Opens the data. Resolves after a server has started to send it.
 *
 * @param early the response to a request that was sent together with the one for the record.
 * @throws {GlanceError} if no server sends the data; its status is that of the last response, if any.
 */
export async function openData(
  gateway: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  plan: DataPlan,
  early: EarlyResponse | null,
): Promise<Response> {
  const { resume, verify } = gateway.options;
  const isHashed = plan.kind === "whole" && verify !== "off";
  const unresumed = resume || isHashed
    ? null
    : await openServerBody(gateway, call, image, plan, early);
  if (unresumed !== null) return unresumed;
  const opened = await openReader(gateway, call, image, plan, early);
  const headers = dataHeaders(image, plan);
  const body = responseBody({
    ...opened,
    recorder: call.recorder,
    length: lengthOf(headers.get("content-length")),
    admission: gateway.admission,
    upstreams: gateway.upstreams,
    download: call,
    mayReuseChunks: call.mayReuseChunks,
  });
  return new Response(body, { status: plan.kind === "part" ? 206 : 200, headers });
}

async function openReader(
  gateway: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  plan: DataPlan,
  early: EarlyResponse | null,
): Promise<Pick<DataResponseInput, "reader" | "connection">> {
  const { context, recorder, signal } = call;
  const lifetime = new AbortController();
  const abort = () => lifetime.abort(signal?.reason);
  let sent = 0;
  const { reader, supportsRanges } = upstreamOf(gateway, {
    context,
    image,
    range: plan.kind === "part" ? plan : { start: 0, end: null },
    verifier: await verifierFor(image, plan, gateway.options.verify),
    prefer: preferOf(call),
    early,
    signal: lifetime.signal,
    onProgress: ({ transferred, server, resumes }) => {
      recorder.sent(transferred - sent, server, resumes);
      sent = transferred;
    },
  });
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await reader.open();
  } finally {
    // From here on, `cancel` of the body reports a disconnect: some runtimes abort the signal of a finished
    // request.
    signal?.removeEventListener("abort", abort);
  }
  const connection: UpstreamConnection = {
    canReopen: () => supportsRanges(),
    async release() {
      recorder.released();
      await reader.release("the client is not reading");
    },
  };
  return { reader, connection };
}

type SupportsRanges = (
  keep?: (response: RangeResponse) => void,
  end?: number,
) => Promise<boolean>;

/** Bytes to read from Glance. */
export interface UpstreamRead extends Pick<ResumeOptions, "verifier" | "onProgress"> {
  readonly context: RequestContext;
  readonly image: GlanceImage;
  /** `end` is the offset of the last byte; null for the end of the image. */
  readonly range: { readonly start: number; readonly end: number | null };
  readonly prefer?: readonly string[] | undefined;
  readonly early?: EarlyResponse | null;
  /** Wraps the source if the first response is already open. */
  readonly startWith?: (source: RangeSource) => RangeSource;
  /** Whether the whole image is never requested instead of a range. */
  readonly rangesOnly?: boolean | undefined;
  readonly signal: AbortSignal;
}

/**
 * Creates a reader of bytes from Glance, and a function that returns whether the store supports ranges. Its probe
 * requests the bytes up to `end` (0 by default), and gets the whole image from a store that does not. The response is
 * passed to `keep`, or closed if it has only one byte.
 */
export function upstreamOf(
  { client, tracing: { spans } }: Gateway,
  read: UpstreamRead,
): { readonly reader: ResumingReader; readonly supportsRanges: SupportsRanges } {
  const { context, image, range: { start, end }, verifier, prefer, signal } = read;
  const descriptor = descriptorOf(image);
  const target = { end, stores: image.stores ?? "", prefer };
  const session = new Session(client, context);
  const source = new GlanceRangeSource(session, descriptor, { ...read, ...target });
  const shared = { ...target, candidates: source.candidates };
  const started = read.startWith?.(source) ?? source;
  const secondSource = new GlanceRangeSource(session, descriptor, { ...shared, rangesOnly: true });
  const reader = new ResumingReader(spans?.source(started) ?? started, {
    ...read,
    options: client.options,
    start,
    end,
    isPart: false,
    isHashed: verifier !== null,
    secondSource: spans?.source(secondSource, true) ?? secondSource,
  });
  return {
    reader,
    async supportsRanges(keep, end = 0) {
      const probe = new GlanceRangeSource(session, descriptor, { ...shared, end });
      try {
        const { supportsRanges } = await import("../../transfer/rarely_used.ts");
        return await supportsRanges(probe, signal, classifyFailure, keep, end);
      } catch {
        // Unknown counts as unsupported, so that open responses, whose servers still send, are not closed.
        return false;
      }
    },
  };
}

/** The verifier of a whole image; null for a part, or if nothing is verified. */
export async function verifierFor(
  image: GlanceImage,
  { kind }: DataPlan,
  verify: Verify,
): Promise<Verifier | null> {
  return kind === "whole"
    ? await Verifier.create(descriptorOf(image), verify, createTransferHasher)
    : null;
}

/**
 * The body of one server, if its headers describe exactly the requested bytes; else null. For logs, metrics,
 * and traces, its bytes are counted, because runtimes do not report how a forwarded body ended.
 */
async function openServerBody(
  { client, options, metrics, tracing }: Gateway,
  call: GatewayRequest,
  image: GlanceImage,
  plan: DataPlan,
  early: EarlyResponse | null,
): Promise<Response | null> {
  const { context, recorder, signal } = call;
  const prefer = preferOf(call);
  const range = plan.kind === "part" ? { start: plan.start, end: plan.end } : undefined;
  let opened: OpenResponse;
  try {
    opened = await early?.take(range, image.size ?? null, signal) ??
      await client.open(context, READ_IMAGE_DATA, [image.id, { range, prefer }], { signal });
  } catch (error) {
    // Another server may have the image, or this one may send the whole image.
    const { status = 0 } = error instanceof GlanceError ? error : {};
    const isDenied = status >= 400 && status !== 401 && !isRetryableStatus(status);
    if (isDenied) return null;
    throw error;
  }
  const { response, server, deadline } = opened;
  deadline[Symbol.dispose]();
  if (!isExactResponse(response, image, plan)) {
    await discard(response);
    return null;
  }
  const headers = dataHeaders(image, plan);
  recorder.respondedBy(server.endpoint);
  const length = lengthOf(headers.get("content-length"));
  const init = { status: plan.kind === "part" ? 206 : 200, headers };
  const isObserved = (options.log ?? metrics.counters ?? tracing.spans) !== null;
  if (isObserved && response.body !== null) {
    const source = openBody(opened, image.id, client.options);
    const body = countedBody({ source, imageId: image.id, length, recorder });
    return new Response(body, init);
  }
  recorder.sent(length ?? 0, server.endpoint, 0);
  return new Response(response.body, init);
}

function isExactResponse(
  { status, headers }: Response,
  image: GlanceImage,
  plan: DataPlan,
): boolean {
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
    checkPartial(facts, { start, end, size }).kind === "part";
}
