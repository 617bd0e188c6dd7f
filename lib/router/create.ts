/**
 * Requests that must not be carried out twice: an image that is created, and changes.
 *
 * @module
 */
import { isRecord } from "../api/operation.ts";
import { canonicalId } from "./path.ts";
import type { Gateway, GatewayRequest } from "./gateway_request.ts";
import { parseJson } from "../http/json.ts";
import type { UpstreamResponse } from "./forward/answer.ts";
import { askServers, documentResponse } from "./forward/proxy_json.ts";
import { withBody } from "./request_body.ts";

/**
 * Creates an image. Where the caller leaves the id to Glance, it is chosen here: so a request that a
 * network repeats makes one image, and a 409 for that id means that an earlier attempt was carried out
 * though its answer was lost.
 */
export async function createImage(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (bytes) => {
    const text = textOf(bytes);
    const id = crypto.randomUUID();
    const withOne = withId(text ?? "", id);
    const isOurs = text !== null && withOne !== text;
    const body = text === null ? bytes : new TextEncoder().encode(withCanonicalId(withOne));
    const answer = await askServers(gateway, call, { body, idempotent: isOurs });
    if (!isOurs || answer.status !== 409) return documentResponse(gateway, call, answer);
    const path = `${call.address.path}/${id}`;
    const inspect = await askServers(gateway, call, {
      operation: "get",
      method: "GET",
      path,
      idempotent: true,
    });
    return documentResponse(
      gateway,
      call,
      inspect.status === 200 ? created(inspect, path) : answer,
    );
  });
}

/**
 * Changes an image. Changes that may be made twice are repeated where it is open whether they were
 * carried out: `add` and `replace` of properties, not what removes something or touches locations.
 */
export async function updateImage(gateway: Gateway, call: GatewayRequest): Promise<Response> {
  return await withBody(gateway, call, async (body) => {
    const idempotent = isIdempotentPatch(textOf(body) ?? "");
    const answer = await askServers(gateway, call, { body, idempotent });
    return documentResponse(gateway, call, answer);
  });
}

/**
 * A JSON object with an id, in front of all that it holds already, byte for byte; any other text, and
 * an object that has an id, as it is.
 */
export function withId(text: string, id: string): string {
  const document = parseJson(text);
  if (!isRecord(document) || Object.hasOwn(document, "id")) return text;
  const start = text.indexOf("{") + 1;
  const comma = Object.keys(document).length === 0 ? "" : ", ";
  return `${text.slice(0, start)}"id": "${id}"${comma}${text.slice(start)}`;
}

/**
 * A JSON object whose id has the spelling under which the gateway finds the image again; all else stays byte
 * for byte. Of two members with one name, JSON parsers take the last.
 */
export function withCanonicalId(text: string): string {
  const document = parseJson(text);
  if (!isRecord(document) || typeof document["id"] !== "string") return text;
  const id = canonicalId(document["id"]);
  if (id === null || id === document["id"]) return text;
  const end = text.lastIndexOf("}");
  return `${text.slice(0, end)}, "id": ${JSON.stringify(id)}${text.slice(end)}`;
}

/** Whether a JSON patch has the same result when it is applied twice. */
export function isIdempotentPatch(text: string): boolean {
  const patch = parseJson(text);
  return Array.isArray(patch) &&
    patch.every((change) =>
      isRecord(change) && (change["op"] === "add" || change["op"] === "replace") &&
      !String(change["path"]).startsWith("/locations")
    );
}

/** Bytes as text; null if they are not UTF-8, which Glance refuses. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function created(inspect: UpstreamResponse, path: string): UpstreamResponse {
  const headers = new Headers(inspect.headers);
  headers.set("location", path);
  return { ...inspect, status: 201, headers };
}
