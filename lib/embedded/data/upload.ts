/**
 * Uploads: `PUT .../file` to a store and `PUT .../stage` to the staging area. After a failed upload
 * the image is `queued` again and has no data.
 */

import { type EmbeddedRequest, noContent } from "../request/request.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { noImage, requireOwner, touchImage, visibleImage } from "../images/access.ts";
import { type EmbeddedCloud, removeData, timestamp } from "../request/embedded_cloud.ts";
import { defaultStoreId, isReadOnly, storeMetadata } from "../request/store_choice.ts";
import {
  checkFormats,
  type ImageRow,
  withData,
  withStatus,
  type WrittenData,
} from "../storage/image_records.ts";
import { checkByteLimits, checkLimit, mebibytes } from "../images/usage.ts";
import { writtenData } from "./ingest.ts";
import { checkAccepted } from "./inspection.ts";

/** `PUT /v2/images/{image_id}/file` */
export async function uploadData(call: EmbeddedRequest): Promise<Response> {
  checkMediaType(call.request);
  const size = announcedSize(call);
  const storeId = uploadStore(call);
  const row = visibleImage(call);
  requireOwner(call, row, `Not allowed to upload image data for image ${row.id}`);
  checkLimit(call, "image_size_total", mebibytes(size ?? 0));
  checkLimit(call, "image_count_uploading", 0);
  await touchImage(call, (current) => {
    const saving = withStatus(current, "saving");
    checkFormats(current);
    checkWritableStore(call.cloud, storeId);
    checkByteLimits(call, current.id, size);
    return saving;
  });
  const exists = await receiveBody(call, row, {
    key: `${storeId}/${row.id}`,
    size,
    finish: (current, data) => {
      checkAccepted(data);
      checkByteLimits(call, current.id, data.size);
      return withData(withStatus(current, "active"), data, storeMetadata(call.cloud, storeId));
    },
  });
  if (exists) return noContent();
  throw new Failure(
    410,
    `Image ${row.id} could not be found after upload. The image may have been deleted during ` +
      "the upload, cleaning up the chunks uploaded.",
  );
}

/** `PUT /v2/images/{image_id}/stage` */
export async function stageData(call: EmbeddedRequest): Promise<Response> {
  checkMediaType(call.request);
  const row = visibleImage(call);
  requireOwner(call, row);
  checkLimit(call, "image_stage_total", mebibytes(announcedSize(call) ?? 0));
  checkLimit(call, "image_count_uploading", 0);
  await touchImage(call, (current) => withStatus(current, "uploading"));
  const exists = await receiveBody(call, row, {
    key: `staging/${row.id}`,
    size: announcedSize(call),
    finish: (current, data) => ({ ...current, size: data.size, staged: data }),
  });
  if (exists) return noContent();
  throw noImage(row.id);
}

/** An upload: the key, the announced size, and the change of the image when it is complete. */
interface IncomingData {
  readonly key: string;
  readonly size: number | null;
  readonly finish: (row: ImageRow, data: WrittenData) => ImageRow;
}

/**
 * Stores the body. After a failure, the image is `queued` and the data is removed. Returns false if
 * the image was deleted meanwhile.
 */
async function receiveBody(
  call: EmbeddedRequest,
  row: ImageRow,
  incoming: IncomingData,
): Promise<boolean> {
  const { storage: store } = call.cloud;
  try {
    const body = receivedFrom(call.request.body);
    const data = await writtenData(call.cloud, body, incoming.key, row, incoming.size);
    const done = await store.images.update(row.id, (current) => ({
      ...incoming.finish(current, data),
      updated_at: timestamp(call.cloud),
    }));
    if (done === null) await removeData(call.cloud, incoming.key);
    return done !== null;
  } catch (error) {
    await removeData(call.cloud, incoming.key);
    await store.images.settle(row.id, (current) => ({
      ...withStatus(current, "queued"),
      updated_at: timestamp(call.cloud),
    }));
    throw error;
  }
}

/** The chunks of a body. If it breaks, its client has disconnected: Glance's response is 400, too. */
async function* receivedFrom(
  body: AsyncIterable<Uint8Array> | null,
): AsyncGenerator<Uint8Array> {
  try {
    if (body !== null) yield* body;
  } catch {
    throw badRequest("Client disconnected before sending all data to backend");
  }
}

function checkMediaType({ headers }: Request): void {
  const type = headers.get("content-type")?.split(";")[0]?.trim() ?? null;
  if (type !== "application/octet-stream") {
    throw new Failure(415, `Invalid content type ${type ?? "None"}`);
  }
}

/**
 * Announced size in bytes: `x-openstack-image-size` (from 2.17 on) or `Content-Length`; null if unknown.
 *
 * @throws {Failure} 400 if `x-openstack-image-size` is not a number.
 */
function announcedSize({ request: { headers }, cloud }: EmbeddedRequest): number | null {
  const named = cloud.minor < 17 ? null : headers.get("x-openstack-image-size");
  if (named !== null && !/^\d+$/.test(named)) {
    throw badRequest(`Invalid value for x-openstack-image-size: ${named}`);
  }
  const text = named ?? headers.get("content-length");
  return text === null ? null : Number(text);
}

function uploadStore({ request, cloud }: EmbeddedRequest): string {
  const named = cloud.multiStore ? request.headers.get("x-image-meta-store") : null;
  const storeId = named ?? defaultStoreId(cloud);
  if (cloud.stores.some(({ id }) => id === storeId)) return storeId;
  throw badRequest(`Store for identifier ${storeId} not found`);
}

/** Rejects an upload to a read-only store, as the store itself does in Glance. The image stays unchanged. */
function checkWritableStore(cloud: EmbeddedCloud, storeId: string): void {
  if (!isReadOnly(cloud, storeId)) return;
  throw new Failure(410, "Error in store configuration. Adding images to store is disabled.");
}
