/**
 * `PUT /v2/images/{image_id}/file` and `/stage`: forwards image data as fast as the server reads it. The data
 * is sent once. If the client's body fails, the upstream request fails too, so Glance stores no partial image. A
 * response that acknowledges the data before its end was sent is an error. The code that inspects data is imported
 * on demand.
 */
import { forward } from "./forwarded_request.ts";
import { abortable } from "../../http/deadline.ts";
import { lengthOf } from "../../http/byte_range.ts";
import { UploadBody } from "../../transfer/upload/upload_body.ts";
import { type ChunkReader, streamReader } from "../../transfer/upload/upload_source.ts";
import { Invalid, UnexpectedResponse } from "../../errors.ts";
import type { OpenResponse } from "../../http/request_spec.ts";
import { actionWith } from "../../api/operation.ts";
import { readDefined, readUpstream, type UpstreamResponse } from "./upstream_response.ts";
import { type Gateway, type GatewayRequest, withoutToken } from "../gateway_request.ts";
import { documentResponse, forwardRequest } from "./proxy_json.ts";
import { inboundHeaders } from "./headers.ts";
import { HttpError } from "../error_response.ts";

/** Functions that are passed to the code that inspects data. */
const INSPECT_SHARED = { abortable, documentResponse, forwardRequest, HttpError };

/** Forwards image data. */
export async function uploadData(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  const { request } = call;
  const size = contentLength(request.headers);
  const { maxUploadSize } = gateway.options;
  const announced = lengthOf(request.headers.get("x-openstack-image-size")) ?? size ?? 0;
  if (announced > maxUploadSize) throw tooLarge(maxUploadSize);
  const source = await inspectedSource(gateway, call, size);
  if (!("next" in source)) return source;
  const body = new UploadBody(source, {
    options: gateway.client.options,
    imageId: call.address.values["image_id"] ?? "",
    size,
    hasher: null,
    onProgress: () => {},
  });
  try {
    const first = await healthyServer(gateway, call);
    const response = await send(gateway, call, body, size, first);
    return await documentResponse(gateway, call, response);
  } catch (error) {
    throw body.failure === null ? error : bodyError(body.failure.error);
  } finally {
    await body.close("the upload has ended");
  }
}

async function send(
  { client }: Gateway,
  { request, route, address, context, recorder }: GatewayRequest,
  body: UploadBody,
  size: number | null,
  first: string | undefined,
): Promise<UpstreamResponse> {
  const headers = inboundHeaders(request.headers);
  if (size !== null) {
    // Some runtimes send a stream without `Content-Length`. Glance reads the size from this header since 2025.2.
    headers["x-openstack-image-size"] ??= String(size);
    if (size > 0) headers["content-length"] = String(size);
  }
  const { operation, method, idempotent } = route;
  const { path, search, values } = address;
  const action = actionWith(route.action, (name) => values[name]);
  const imageId = values["image_id"];
  const response = await forward(
    client,
    context,
    {
      method,
      path: path + search,
      headers,
      body: size === 0 ? new Uint8Array() : body.stream,
      action,
      imageId,
      idempotent,
    },
    { retries: 0, first, onAttempt: (deadline) => body.watch(deadline) },
    async (exchange) => {
      const defined = await readDefined(exchange, { operation, action, imageId, path });
      const isWhole = size === 0 || body.isSent;
      if (defined.status < 300 && !isWhole) throw acknowledgedEarly(action, exchange, imageId);
      return defined;
    },
  );
  recorder.respondedBy(response.server);
  return response;
}

/** The error for a response that acknowledges all data, while a part of it was not yet sent. */
function acknowledgedEarly(
  action: string,
  { server: { endpoint: server }, response: { status } }: OpenResponse,
  imageId: string | undefined,
): UnexpectedResponse {
  return new UnexpectedResponse(
    `Cannot ${action}: "${server}" acknowledged the data before it was sent; check the proxies in front of it`,
    { server, imageId, status },
  );
}

/**
 * Finds a server that responds; undefined if there is only one. A stream can be sent only once, so an upload
 * to a server that is down would fail.
 */
async function healthyServer(
  { client }: Gateway,
  { context }: GatewayRequest,
): Promise<string | undefined> {
  if ((await client.servers(context)).length === 1) return undefined;
  const healthCheck = {
    method: "GET",
    path: "/healthcheck",
    action: "find a server for an upload",
    idempotent: true,
  };
  return (await forward(client, withoutToken(context), healthCheck, {}, readUpstream)).server;
}

/** Opens the request's body, inspected if the options say so; or Glance's error response. */
async function inspectedSource(
  gateway: Gateway,
  call: GatewayRequest,
  size: number | null,
): Promise<ChunkReader | Response> {
  const source = openSource(gateway, call);
  if (gateway.options.inspect === "off") return source;
  const { refuseUnsafe } = await import("../on_demand/refuse_unsafe.ts");
  return await refuseUnsafe(gateway, call, source, size, INSPECT_SHARED);
}

/** Reads the request's body, and fails with 413 after `maxUploadSize` bytes. */
function openSource(
  { options: { maxUploadSize } }: Gateway,
  { request, recorder }: GatewayRequest,
): ChunkReader {
  const opened = streamReader(request.body ?? new Blob([]).stream());
  let bytes = 0;
  return {
    async next() {
      const chunk = await opened.next().catch((cause) => {
        throw new HttpError(400, "The request body is broken.", { cause });
      });
      const length = chunk?.byteLength ?? 0;
      bytes += length;
      recorder.received(length);
      if (bytes > maxUploadSize) throw tooLarge(maxUploadSize);
      return chunk;
    },
    // If the response is sent early, the runtime drains the rest of the upload.
    cancel: (reason) => opened.cancel(reason),
  };
}

/**
 * Bytes of the body; null if it is chunked. `X-OpenStack-Image-Size` is not used: Glance checks it, and ignores
 * it before 2.17.
 */
function contentLength(headers: Headers): number | null {
  return headers.has("transfer-encoding") ? null : lengthOf(headers.get("content-length"));
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, `The image is larger than the limit of ${limit} bytes.`);
}

/** The error response if the client's body failed: its source, or the check of its length. */
function bodyError(cause: unknown): unknown {
  if (!(cause instanceof Invalid)) return cause;
  return new HttpError(400, "The length of the body differs from the announced size.", { cause });
}
