/**
 * The location APIs of 2.17, and the data of one store taken away.
 *
 * @module
 */

import type { ValidationData } from "../images/types.ts";
import { type Call, json, type JsonBody, jsonBody, noContent, param } from "./call.ts";
import { badRequest, conflict, forbidden, notFound } from "./failures.ts";
import { canChange, isAdmin, isService } from "./identity.ts";
import { locationView } from "./image_view.ts";
import { changeImage, refuseStrangers, visibleImage } from "./lookup.ts";
import { timestamp, webStoreId } from "./options.ts";
import { refuseMissingFormats } from "./rows.ts";
import { measured } from "./web_store.ts";

const ALGORITHMS = ["sha1", "sha256", "sha512", "md5"];

/** `GET /v2/images/{image_id}/locations`: for services. */
export function listLocations(call: Call): Response {
  const row = visibleImage(call);
  if (!isService(call.identity) && !isAdmin(call.identity)) {
    throw forbidden("You are not authorized to complete fetch_image_location action.");
  }
  return json(row.locations.map(locationView));
}

/** `POST /v2/images/{image_id}/locations`: for services, and for owners with a web URL. */
export async function addLocation(call: Call): Promise<Response> {
  const { url, expected } = newLocation(await jsonBody(call));
  const row = visibleImage(call);
  if (!isService(call.identity) && !canChange(call.identity, row)) {
    throw forbidden("You are not authorized to complete add_image_location action.");
  }
  const added = await changeImage(call, (current) => {
    if (current.status !== "queued") {
      throw conflict(`It's not allowed to add locations if image status is ${current.status}.`);
    }
    refuseMissingFormats(current);
    const location = { url, metadata: { store: webStoreId(call.cloud) }, key: null };
    return {
      ...current,
      status: "active",
      locations: [location],
      os_hash_algo: expected?.os_hash_algo ?? null,
      os_hash_value: expected?.os_hash_value ?? null,
      updated_at: timestamp(call.cloud),
    };
  });
  await measured(call, added);
  return new Response(null, { status: 202 });
}

/** `DELETE /v2/stores/{store_id}/{image_id}` */
export async function deleteFromStore(call: Call): Promise<Response> {
  const [storeId, imageId] = [param(call, 0), param(call, 1)];
  if (!call.cloud.stores.some(({ id }) => id === storeId)) {
    throw conflict(`The selected store ${storeId} is not available on this node.`);
  }
  const atImage = { ...call, params: [imageId] };
  refuseStrangers(
    call,
    visibleImage(atImage, () => notFound(`Failed to find image ${imageId}`)),
  );
  let key: string | null = null;
  await changeImage(atImage, (row) => {
    if (row.status !== "active") {
      throw conflict(
        "It's not allowed to remove image data from store if image status is not 'active'",
      );
    }
    if (row.locations.length === 1) {
      throw forbidden(
        "Cannot delete image data from the only store containing it. Consider deleting the " +
          "image instead.",
      );
    }
    const gone = row.locations.find(({ metadata }) => metadata["store"] === storeId);
    if (gone === undefined) {
      throw notFound(`Image ${imageId} is not stored in store ${storeId}.`);
    }
    key = gone.key;
    return { ...row, locations: row.locations.filter((location) => location !== gone) };
  });
  if (key !== null) await call.cloud.store.bytes.remove(key);
  return noContent();
}

function newLocation(
  body: JsonBody,
): { url: string; expected: ValidationData | null } {
  const url = Array.isArray(body) ? undefined : body["url"];
  if (Array.isArray(body) || typeof url !== "string" || url === "") {
    throw badRequest("Add location request requires a 'url' field.");
  }
  const { validation_data: data = null } = body;
  if (data === null) return { url, expected: null };
  if (typeof data !== "object" || !("os_hash_algo" in data) || !("os_hash_value" in data)) {
    throw badRequest("'validation_data' needs both 'os_hash_algo' and 'os_hash_value'");
  }
  const [algo, value] = [String(data.os_hash_algo), String(data.os_hash_value)];
  if (!ALGORITHMS.includes(algo)) {
    throw badRequest(`os_hash_algo must be one of ${ALGORITHMS.join(", ")}, not ${algo}`);
  }
  return { url, expected: { os_hash_algo: algo, os_hash_value: value } };
}
