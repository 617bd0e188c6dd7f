/**
 * Rejects uploads as Glance does since 2025.1, for older servers. Imported on demand: most gateways do not inspect data.
 */
import type { GlanceImage } from "../../api/types.ts";
import type { ImageInspection } from "../../formats/types.ts";
import { verdictFor } from "../../formats/verdict.ts";
import type { abortable } from "../../http/deadline.ts";
import { InspectingReader } from "../../transfer/upload/on_demand/inspecting_reader.ts";
import type { ChunkReader } from "../../transfer/upload/upload_source.ts";
import type { HttpError } from "../error_response.ts";
import type { documentResponse, forwardRequest } from "../forward/proxy_json.ts";
import type { DefinedResponse } from "../forward/upstream_response.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";

/** Code that the gateway loads at its start. */
export interface RefuseUnsafeShared {
  readonly abortable: typeof abortable;
  readonly documentResponse: typeof documentResponse;
  readonly forwardRequest: typeof forwardRequest;
  readonly HttpError: typeof HttpError;
}

/**
 * Inspects the first bytes of an upload. Returns a reader of all of the data, which fails if the rest is unsafe, or
 * Glance's error response if the image record cannot be read.
 *
 * @param size size of the data in bytes; null if unknown
 * @throws {HttpError} 415 for data that Glance would refuse.
 */
export async function refuseUnsafe(
  gateway: Gateway,
  call: GatewayRequest,
  source: ChunkReader,
  size: number | null,
  shared: RefuseUnsafeShared,
): Promise<ChunkReader | Response> {
  const { abortable, documentResponse, HttpError } = shared;
  let record: DefinedResponse | null = null;
  const reader = new InspectingReader(source, size, async (inspection) => {
    // Read after the first bytes, which may arrive slowly: the formats can be changed until the upload begins.
    record ??= await requestRecord(gateway, call, shared);
    if (record.status !== 200) return new HttpError(record.status);
    // The definition of the operation guarantees it.
    const detail = refusal(inspection, record.result as GlanceImage, gateway.options.inspect);
    return detail === null ? null : new HttpError(415, undefined, { detail });
  });
  try {
    await reader.readAhead((chunk) => abortable(chunk, call.signal));
    return reader;
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    // TypeScript does not see the assignment in the function.
    const response = record as DefinedResponse | null;
    if (response !== null && response.status !== 200) {
      return await documentResponse(gateway, call, response);
    }
    throw error;
  }
}

/** Requests the record with the token of the upload. An error response is also the response to the upload. */
function requestRecord(
  gateway: Gateway,
  call: GatewayRequest,
  { forwardRequest }: RefuseUnsafeShared,
): Promise<DefinedResponse> {
  const path = call.address.path.replace(/\/(file|stage)$/, "");
  return forwardRequest(gateway, call, { operation: "get", method: "GET", path, idempotent: true });
}

/** Glance's reason to refuse the data; null if it is accepted. Glance inspects only data in `bare` containers. */
function refusal(
  inspection: ImageInspection,
  { disk_format: declared, container_format: containerFormat }: GlanceImage,
  mode: Gateway["options"]["inspect"],
): string | null {
  const { format, failures } = inspection;
  const compared = mode === "safe" ? undefined : declared ?? undefined;
  const verdict = verdictFor(inspection, compared, "glance", {
    containerFormat: containerFormat ?? undefined,
  });
  if (verdict.accepted) return null;
  if (failures.length === 0) {
    return `Image disk_format ${declared} does not match stream data ${format}`;
  }
  return `Image failed safety checks: ${failures.map(({ check }) => check).join(", ")}`;
}
