/** Requests that must not be executed twice: creations and updates of images. */
import { isObject } from "../../validate.ts";
import { canonicalId } from "../path.ts";
import type { Gateway, GatewayRequest } from "../gateway_request.ts";
import { parseJson } from "../../http/json.ts";
import type { UpstreamResponse } from "./upstream_response.ts";
import { documentResponse, forwardRequest } from "./proxy_json.ts";
import { withBody } from "./request_body.ts";

/**
 * Creates an image. If the request has no id, the gateway chooses one, so that a retry cannot create a second
 * image: a 409 for that id means that an earlier attempt succeeded and its response was lost.
 */
export async function forwardCreate(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (bytes) => {
    const text = textOf(bytes);
    const id = gateway.client.options.randomUUID();
    const identified = withId(text ?? "", id);
    const isOurId = text !== null && identified !== text;
    const body = text === null ? bytes : new TextEncoder().encode(withCanonicalId(identified));
    const response = await forwardRequest(gateway, call, { body, idempotent: isOurId });
    if (!isOurId || response.status !== 409) return await documentResponse(gateway, call, response);
    const path = `${call.address.path}/${id}`;
    const record = await forwardRequest(gateway, call, {
      operation: "get",
      method: "GET",
      path,
      idempotent: true,
    });
    return await documentResponse(
      gateway,
      call,
      record.status === 200 ? created(record, path) : response,
    );
  });
}

/**
 * Updates an image. If the outcome of an attempt is unknown, only `add` and `replace` of properties are
 * retried, not removals or changes of locations.
 */
export async function forwardUpdate(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (body) => {
    const idempotent = isIdempotentPatch(textOf(body) ?? "");
    const response = await forwardRequest(gateway, call, { body, idempotent });
    return await documentResponse(gateway, call, response);
  });
}

/**
 * Inserts an id as the first member of a JSON object, and leaves all other bytes unchanged. Returns any other
 * text, and an object that has an id, unchanged.
 */
export function withId(text: string, id: string): string {
  const document = parseJson(text);
  if (!isObject(document) || Object.hasOwn(document, "id")) return text;
  const start = text.indexOf("{") + 1;
  const comma = Object.keys(document).length === 0 ? "" : ", ";
  return `${text.slice(0, start)}"id": "${id}"${comma}${text.slice(start)}`;
}

/**
 * Appends the canonical spelling of the id to a JSON object, since the gateway looks images up by it. All other
 * bytes stay unchanged: of two members with one name, JSON parsers use the last.
 */
function withCanonicalId(text: string): string {
  const document = parseJson(text);
  if (!isObject(document) || typeof document["id"] !== "string") return text;
  const id = canonicalId(document["id"]);
  if (id === null || id === document["id"]) return text;
  const end = text.lastIndexOf("}");
  return `${text.slice(0, end)}, "id": ${JSON.stringify(id)}${text.slice(end)}`;
}

/** Whether a JSON patch is known to have the same result if it is applied twice. */
export function isIdempotentPatch(text: string): boolean {
  const patch = parseJson(text);
  return Array.isArray(patch) &&
    patch.every((change) =>
      isObject(change) && (change["op"] === "add" || change["op"] === "replace") &&
      !String(change["path"]).startsWith("/locations")
    );
}

/** Maximum bytes of a body that is parsed. 16 MiB would take seconds, also for a caller whom Glance refuses. */
const PARSED_BYTES = 1_048_576;

/** Decodes UTF-8; null if the bytes are not UTF-8, which Glance rejects, or too many: they are forwarded once. */
function textOf(bytes: Uint8Array): string | null {
  if (bytes.byteLength > PARSED_BYTES) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function created(record: UpstreamResponse, path: string): UpstreamResponse {
  const headers = new Headers(record.headers);
  headers.set("location", path);
  return { ...record, status: 201, headers };
}
