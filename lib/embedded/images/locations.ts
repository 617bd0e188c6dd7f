/** Lists the locations of an image, and deletes its data from one store. */

import { type EmbeddedRequest, json, noContent, param } from "../request/request.ts";
import { conflict, forbidden, notFound } from "../http/errors.ts";
import { isService } from "../request/identity.ts";
import { requireAdmin } from "../request/policy.ts";
import { locationView } from "./image_view.ts";
import { changeImage, requireOwner, visibleImage } from "./access.ts";
import { removeData } from "../request/embedded_cloud.ts";

/** `GET /v2/images/{image_id}/locations`: for services and administrators. */
export function listLocations(call: EmbeddedRequest): Response {
  const row = visibleImage(call);
  if (!isService(call.identity)) requireAdmin(call);
  return json(row.locations.map(locationView));
}

/** `DELETE /v2/stores/{store_id}/{image_id}` */
export async function deleteFromStore(call: EmbeddedRequest): Promise<Response> {
  const [storeId, imageId] = [param(call, 0), param(call, 1)];
  if (!call.cloud.multiStore) throw notFound();
  if (!call.cloud.stores.some(({ id }) => id === storeId)) {
    throw conflict(`The selected store ${storeId} is not available on this node.`);
  }
  const atImage = { ...call, params: [imageId] };
  requireOwner(call, visibleImage(atImage, () => notFound(`Failed to find image ${imageId}`)));
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
  if (key !== null) await removeData(call.cloud, key);
  return noContent();
}
