/**
 * `PATCH /v2/images/{image_id}`: parses and validates a JSON patch in Glance's dialect (`add`,
 * `remove`, and `replace` of one property each) before the image is looked up.
 */

import { type EmbeddedRequest, json, jsonBody } from "../request/request.ts";
import { badRequest, Failure, forbidden } from "../http/errors.ts";
import { canSee } from "../request/identity.ts";
import { BASE_PROPERTIES, checkImage } from "../images/schema.ts";
import { imageView } from "../images/image_view.ts";
import { touchImage, visibleImage } from "../images/access.ts";
import { type EmbeddedCloud, removeData } from "../request/embedded_cloud.ts";
import { applyChange } from "./apply_patch.ts";
import { inStoredOrder } from "./location_patch.ts";
import type { PatchChange } from "./patch_change.ts";
import { checkUnreserved, checkWritable } from "../images/property_rules.ts";
import { python } from "../http/python_format.ts";
import type { ImageRow, LocationRow } from "../storage/image_records.ts";
import { addedSize } from "../data/location_data.ts";

const OPERATIONS = ["add", "remove", "replace"] as const;
type JsonPatchOperation = typeof OPERATIONS[number];

const V21 = "application/openstack-images-v2.1-json-patch";
const V20 = "application/openstack-images-v2.0-json-patch";

/** `PATCH /v2/images/{image_id}` */
export async function updateImage(call: EmbeddedRequest): Promise<Response> {
  const changes = await changesOf(call);
  const before = visibleImage(call);
  if (changes.length === 0) return json(imageView(call, before));
  const changed = (current: ImageRow) => {
    const next = changes.reduce((image, change) => applyChange(call, image, change), current);
    checkOwnerChange(call, next);
    return next;
  };
  const isReplaced = changes.some(({ op, path: [name] }) =>
    op === "replace" && name === "locations"
  );
  const explanation = isReplaced ? "The Store URI was malformed." : "Invalid location";
  const size = await addedSize(call.cloud, before, changed(before), explanation);
  let gone: readonly LocationRow[] = [];
  let locations: readonly LocationRow[] = [];
  const row = await touchImage(call, (current) => {
    const next = changed(current);
    locations = next.locations;
    gone = current.locations.filter((location) => !locations.includes(location));
    const stored = inStoredOrder(current.locations, locations);
    return { ...next, size: next.size ?? size, locations: stored };
  });
  await removeBytes(call.cloud, gone, row.locations);
  return json(imageView(call, { ...row, locations }));
}

/**
 * Rejects a change after which the client could not see the image, for example to another owner.
 *
 * @throws {Failure} 403 if the image would be invisible.
 */
function checkOwnerChange(call: EmbeddedRequest, next: ImageRow): void {
  if (canSee(call.identity, next)) return;
  throw forbidden(`Forbidding request, image ${next.id} not visible`);
}

/** Removes data that no location refers to. */
async function removeBytes(
  cloud: EmbeddedCloud,
  gone: readonly LocationRow[],
  kept: readonly LocationRow[],
): Promise<void> {
  for (const { key } of gone) {
    const isNamed = kept.some((location) => location.key === key);
    if (key !== null && !isNamed) await removeData(cloud, key);
  }
}

async function changesOf(call: EmbeddedRequest): Promise<readonly PatchChange[]> {
  const type = (call.request.headers.get("content-type") ?? "").split(";")[0]?.trim();
  if (type !== V20 && type !== V21) {
    throw new Failure(415, undefined, { headers: { "accept-patch": `${V20}, ${V21}` } });
  }
  const body = await jsonBody(call);
  if (!Array.isArray(body)) {
    throw badRequest("Request body must be a JSON array of operation objects.");
  }
  return body.map((raw) => changeOf(raw, type === V21));
}

function changeOf(raw: unknown, isV21: boolean): PatchChange {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw badRequest("Operations must be JSON objects.");
  }
  // A parsed JSON object has string keys and unknown values.
  const object = raw as Record<string, unknown>;
  const [op, pointer] = isV21 ? operationV21(object) : operationV20(object);
  const path = pathOf(op, pointerParts(pointer));
  if (op !== "remove" && !Object.hasOwn(object, "value")) {
    throw badRequest(`Operation "${op}" requires a member named "value".`);
  }
  const change = { op, path, value: object["value"], replaces: isV21 };
  checkChange(change);
  return change;
}

function operationV21(object: Readonly<Record<string, unknown>>): [JsonPatchOperation, unknown] {
  const known = OPERATIONS.join(", ");
  const name = object["op"] ?? null;
  if (name === null) {
    throw badRequest(
      "Unable to find `op` in JSON Schema change. It must be one of the following: " +
        `${known}.`,
    );
  }
  const op = OPERATIONS.find((candidate) => candidate === name);
  if (op === undefined) {
    throw badRequest(
      `Invalid operation: \`${
        typeof name === "string" ? name : python(name)
      }\`. It must be one of the following: ${known}.`,
    );
  }
  if (!Object.hasOwn(object, "path")) {
    throw badRequest("Unable to find 'path' in JSON Schema change");
  }
  return [op, object["path"]];
}

function operationV20(object: Readonly<Record<string, unknown>>): [JsonPatchOperation, unknown] {
  const named = OPERATIONS.filter((candidate) => Object.hasOwn(object, candidate));
  const [op] = named;
  if (op === undefined || named.length > 1) {
    const count = op === undefined ? "exactly one member" : "only one member";
    throw badRequest(
      `Operation objects must contain ${count} named "add", "remove", or "replace".`,
    );
  }
  return [op, object[op]];
}

/** Decoded segments of a JSON pointer. The checks and their order are Glance's. */
function pointerParts(pointer: unknown): readonly string[] {
  if (typeof pointer !== "string") {
    throw badRequest(`Pointer \`${python(pointer)}\` does not start with "/".`);
  }
  const fault = !pointer.startsWith("/")
    ? 'does not start with "/".'
    : /\/\s*?\//.test(pointer.slice(1))
    ? 'contains adjacent "/".'
    : pointer.length > 1 && pointer.endsWith("/")
    ? 'end with "/".'
    : pointer.slice(1).trim() === "/"
    ? "does not contains valid token."
    : /~[^01]/.test(pointer) || pointer.endsWith("~")
    ? 'contains "~" not part of a recognized escape sequence.'
    : null;
  if (fault !== null) throw badRequest(`Pointer \`${pointer}\` ${fault}`);
  return pointer.replace(/^\/+/, "").split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~").trim());
}

/** `locations` is a list, addressed by position; all other properties are top-level. */
function pathOf(op: JsonPatchOperation, parts: readonly string[]): PatchChange["path"] {
  const [name = "", position] = parts;
  const depth = name === "locations" && op !== "replace" ? 2 : 1;
  if (parts.length !== depth) {
    throw badRequest(`Invalid JSON pointer for this resource: '/${parts.join("/")}'`);
  }
  return position === undefined ? [name] : [name, position];
}

function checkChange({ op, path, value }: PatchChange): void {
  const [name, position] = path;
  checkWritable(name);
  checkUnreserved(name);
  if (op === "remove") return;
  if (position === undefined) return checkImage({ [name]: value });
  if (BASE_PROPERTIES[name]?.type === "array") checkImage({ [name]: [value] });
}
