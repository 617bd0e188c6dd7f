/**
 * Data on its way in: `PUT .../file` to a store and `PUT .../stage` to the staging area. Whatever
 * breaks an upload, the image goes back to `queued` and nothing of the data stays.
 *
 * @module
 */

import { type EmbeddedRequest, noContent, param } from "../request/request.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { noImage, refuseStrangers, visibleImage } from "../images/access.ts";
import {
  defaultStoreId,
  type EmbeddedCloud,
  isReadOnly,
  storeMetadata,
  timestamp,
} from "../request/options.ts";
import {
  type ImageRow,
  refuseMissingFormats,
  withData,
  withStatus,
  type WrittenData,
} from "../store/image_records.ts";
import { refuseBeyond, refuseBeyondBytes } from "../images/usage.ts";
import { writtenData } from "./ingest.ts";

const MEBIBYTE = 1024 ** 2;

/** `PUT /v2/images/{image_id}/file` */
export async function uploadData(call: EmbeddedRequest): Promise<Response> {
  refuseMediaType(call.request);
  const size = announcedSize(call);
  const storeId = uploadStore(call);
  const row = visibleImage(call);
  refuseStrangers(call, row, `Not allowed to upload image data for image ${row.id}`);
  refuseBeyond(call, "image_size_total", Math.floor((size ?? 0) / MEBIBYTE));
  refuseBeyond(call, "image_count_uploading", 0);
  await step(call, (current) => {
    const saving = withStatus(current, "saving");
    refuseMissingFormats(current);
    refuseReadOnlyStore(call.cloud, storeId);
    refuseBeyondBytes(call, current.id, size);
    return saving;
  });
  const isThere = await received(call, row, {
    key: `${storeId}/${row.id}`,
    size,
    finish: (current, data) => {
      refuseBeyondBytes(call, current.id, data.size);
      return withData(withStatus(current, "active"), data, storeMetadata(call.cloud, storeId));
    },
  });
  if (isThere) return noContent();
  throw new Failure(
    410,
    `Image ${row.id} could not be found after upload. The image may have been deleted during ` +
      "the upload, cleaning up the chunks uploaded.",
  );
}

/** `PUT /v2/images/{image_id}/stage` */
export async function stageData(call: EmbeddedRequest): Promise<Response> {
  refuseMediaType(call.request);
  const row = visibleImage(call);
  refuseStrangers(call, row);
  refuseBeyond(call, "image_stage_total", Math.floor((announcedSize(call) ?? 0) / MEBIBYTE));
  refuseBeyond(call, "image_count_uploading", 0);
  await step(call, (current) => withStatus(current, "uploading"));
  const isThere = await received(call, row, {
    key: `staging/${row.id}`,
    size: announcedSize(call),
    finish: (current, data) => ({ ...current, size: data.size, staged: data }),
  });
  if (isThere) return noContent();
  throw noImage(row.id);
}

/** Moves the image on before the first byte is read. */
async function step(call: EmbeddedRequest, change: (row: ImageRow) => ImageRow): Promise<void> {
  const id = param(call, 0);
  const row = await call.cloud.store.images.update(id, (current) => ({
    ...change(current),
    updated_at: timestamp(call.cloud),
  }));
  if (row === null) throw noImage(id);
}

/** Where data goes, how much is announced, and what it makes of the image. */
interface Arrival {
  readonly key: string;
  readonly size: number | null;
  readonly finish: (row: ImageRow, data: WrittenData) => ImageRow;
}

/**
 * Takes in the body; on any failure the image is queued again and nothing stays. False where the
 * image was deleted meanwhile.
 */
async function received(call: EmbeddedRequest, row: ImageRow, arrival: Arrival): Promise<boolean> {
  const { store } = call.cloud;
  try {
    const data = await writtenData(call.cloud, call.request.body, arrival.key, row, arrival.size);
    const done = await store.images.update(row.id, (current) => ({
      ...arrival.finish(current, data),
      updated_at: timestamp(call.cloud),
    }));
    if (done === null) await store.bytes.remove(arrival.key);
    return done !== null;
  } catch (error) {
    // What cannot be removed now is removed when the store is opened again.
    await store.bytes.remove(arrival.key).catch(call.cloud.onError);
    await store.images.settle(row.id, (current) => ({
      ...withStatus(current, "queued"),
      updated_at: timestamp(call.cloud),
    }));
    throw error;
  }
}

function refuseMediaType({ headers }: Request): void {
  const type = headers.get("content-type")?.split(";")[0]?.trim() ?? null;
  if (type !== "application/octet-stream") {
    throw new Failure(415, `Invalid content type ${type ?? "None"}`);
  }
}

/** Size by `x-openstack-image-size` (Glance 31) or `Content-Length`; null where it is not known. */
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
  const wanted = named ?? defaultStoreId(cloud);
  const store = cloud.stores.find(({ id }) => id === wanted);
  if (store === undefined) {
    throw badRequest(`Store for identifier ${wanted} not found`);
  }
  return wanted;
}

/** Glance finds out when the store refuses the data; nothing is left of the attempt. */
function refuseReadOnlyStore(cloud: EmbeddedCloud, storeId: string): void {
  if (!isReadOnly(cloud, storeId)) return;
  throw new Failure(
    410,
    "Error in store configuration. Adding images to store is disabled.",
  );
}
