/**
 * Image records: create, show, delete.
 *
 * @module
 */

import { type EmbeddedRequest, json, jsonBody, noContent, param } from "../request/request.ts";
import { badRequest, conflict, forbidden, notFound } from "../http/errors.ts";
import { imageView } from "./image_view.ts";
import { importMethods } from "../data/import_request.ts";
import { requireOwner, visibleImage } from "./access.ts";
import { newRow } from "./new_image.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import type { ImageRow } from "../store/image_records.ts";
import { checkLimit } from "./usage.ts";

/** `POST /v2/images` */
export async function createImage(call: EmbeddedRequest): Promise<Response> {
  const { cloud } = call;
  const body = await jsonBody(call);
  if (Array.isArray(body)) throw badRequest("Unexpected body type. Expected list/dict.");
  const row = newRow(call, body);
  checkLimit(call, "image_count_total", 1);
  if (!await cloud.store.images.insert(row)) throw conflict(`Image ID ${row.id} already exists!`);
  return json(imageView(call, row), 201, {
    location: new URL(`/v2/images/${row.id}`, call.request.url).href,
    "openstack-image-import-methods": importMethods(cloud).join(","),
    ...(cloud.multiStore
      ? { "openstack-image-store-ids": cloud.stores.map(({ id }) => id).join(",") }
      : {}),
  });
}

/** `GET /v2/images/{image_id}` */
export function showImage(call: EmbeddedRequest): Response {
  return json(imageView(call, visibleImage(call)));
}

/** `DELETE /v2/images/{image_id}` */
export async function deleteImage(call: EmbeddedRequest): Promise<Response> {
  const id = param(call, 0);
  const missing = () => notFound(`Failed to find image ${id} to delete`);
  visibleImage(call, missing);
  const gone = await call.cloud.store.images.remove(id, (row) => {
    requireOwner(call, row);
    if (row.protected) throw forbidden(`Image ${row.id} is protected and cannot be deleted.`);
  });
  if (gone === null) throw missing();
  call.cloud.cache?.remove(gone.id);
  await removeData(call.cloud, gone);
  return noContent();
}

async function removeData(cloud: EmbeddedCloud, row: ImageRow): Promise<void> {
  const keys = row.locations.map(({ key }) => key).concat(row.staged?.key ?? null);
  for (const key of keys) {
    if (key !== null) await cloud.store.bytes.remove(key);
  }
}
