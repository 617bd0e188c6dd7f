/** Image records: create, show, tag, deactivate, reactivate, delete. */
import { type EmbeddedRequest, json, jsonBody, noContent, param } from "../request/request.ts";
import { badRequest, conflict, forbidden, notFound } from "../http/errors.ts";
import { imageView } from "./image_view.ts";
import { importMethods } from "../data/import_request.ts";
import { changeImage, imageNotFound, requireOwner, touchImage, visibleImage } from "./access.ts";
import { newRow } from "./new_image.ts";
import { type EmbeddedCloud, removeData, timestamp } from "../request/embedded_cloud.ts";
import type { ImageRow } from "../storage/image_records.ts";
import { checkLimit } from "./usage.ts";
import { checkImage } from "./schema.ts";
import { checkCount } from "./quotas.ts";

/** `POST /v2/images` */
export async function createImage(call: EmbeddedRequest): Promise<Response> {
  const { cloud } = call;
  const body = await jsonBody(call);
  if (Array.isArray(body)) throw badRequest("Unexpected body type. Expected list/dict.");
  const row = newRow(call, body);
  checkLimit(call, "image_count_total", 1);
  if (!await cloud.storage.images.insert(row)) throw conflict(`Image ID ${row.id} already exists!`);
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
  const gone = await call.cloud.storage.images.remove(id, (row) => {
    requireOwner(call, row);
    if (row.protected) throw forbidden(`Image ${row.id} is protected and cannot be deleted.`);
  });
  if (gone === null) throw missing();
  call.cloud.cache?.remove(gone.id);
  await removeAllData(call.cloud, gone);
  return noContent();
}

async function removeAllData(cloud: EmbeddedCloud, row: ImageRow): Promise<void> {
  const keys = row.locations.map(({ key }) => key).concat(row.staged?.key ?? null);
  for (const key of keys) {
    if (key !== null) await removeData(cloud, key);
  }
}

/** `PUT /v2/images/{image_id}/tags/{tag}` */
export async function addTag(call: EmbeddedRequest): Promise<Response> {
  const tag = param(call, 1);
  checkImage({ tags: [tag] });
  visibleImage(call, imageNotFound);
  await touchImage(call, (row) => {
    requireOwner(call, row, `Not allowed to update tags for image ${row.id}.`);
    const tags = [...new Set([...row.tags, tag])];
    const refused = `Image tag limit exceeded for image ${row.id}`;
    checkCount("tags", tags.length, call.cloud.tagQuota, refused);
    return { ...row, tags };
  });
  return noContent();
}

/** `DELETE /v2/images/{image_id}/tags/{tag}` */
export async function removeTag(call: EmbeddedRequest): Promise<Response> {
  const tag = param(call, 1);
  visibleImage(call, imageNotFound);
  await touchImage(call, (row) => {
    requireOwner(call, row, `Not allowed to delete tags for image ${row.id}.`);
    if (!row.tags.includes(tag)) throw notFound();
    return { ...row, tags: row.tags.filter((other) => other !== tag) };
  });
  return noContent();
}

/** `POST /v2/images/{image_id}/actions/deactivate` */
export function deactivate(call: EmbeddedRequest): Promise<Response> {
  return move(call, "active", "deactivated", "deactivate");
}

/** `POST /v2/images/{image_id}/actions/reactivate` */
export function reactivate(call: EmbeddedRequest): Promise<Response> {
  return move(call, "deactivated", "active", "reactivate");
}

/** Moves the image from one status to the other; a no-op if it already has the new one. */
async function move(
  call: EmbeddedRequest,
  from: "active" | "deactivated",
  to: "active" | "deactivated",
  verb: string,
): Promise<Response> {
  visibleImage(call);
  await changeImage(call, (row) => {
    requireOwner(call, row);
    if (row.status === to) return row;
    if (row.status !== from) {
      throw forbidden(`Not allowed to ${verb} image in status '${row.status}'`);
    }
    return { ...row, status: to, updated_at: timestamp(call.cloud) };
  });
  return noContent();
}
