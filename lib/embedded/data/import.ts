/**
 * `POST /v2/images/{image_id}/import`. Staged data is moved to a store (`glance-direct`), data at a
 * URL is downloaded (`web-download`), or stored data is copied to more stores (`copy-image`). The
 * import ends before the response is sent.
 */

import { type EmbeddedRequest, empty } from "../request/request.ts";
import { badRequest, conflict, Failure } from "../http/errors.ts";
import { type ImportJob, parseImportRequest, targetStores } from "./import_request.ts";
import { endOfImport, type ImportResult } from "./import_result.ts";
import { changeImage, requireOwner, visibleImage } from "../images/access.ts";
import { type EmbeddedCloud, removeData } from "../request/embedded_cloud.ts";
import { isReadOnly, storeMetadata } from "../request/store_choice.ts";
import { checkPolicy, requireAdmin } from "../request/policy.ts";
import { type ImageRow, type LocationRow, withStatus } from "../storage/image_records.ts";
import { checkByteLimits } from "../images/usage.ts";
import { checkAccepted } from "./inspection.ts";
import { importFromWeb } from "./web_download.ts";

/** `POST /v2/images/{image_id}/import` */
export async function importImage(call: EmbeddedRequest): Promise<Response> {
  const order = await parseImportRequest(call);
  const row = visibleImage(call);
  checkState(call, row, order.method);
  const job: ImportJob = { ...order, call, storeIds: targetStores(call, order) };
  if (job.method === "copy-image") await copyData(job, row);
  else if (job.method === "glance-direct") await moveStagedData(job, row);
  else await importFromWeb(job, (staged) => moveStagedData(job, staged));
  return empty(202);
}

function checkState(call: EmbeddedRequest, row: ImageRow, method: string): void {
  const isCopy = method === "copy-image";
  if (row.status === "active" && !isCopy) {
    throw conflict("Image with status active cannot be target for import");
  }
  if (row.status !== "active" && isCopy) {
    throw conflict("Only images with status active can be targeted for copying");
  }
  if (row.status !== "uploading" && method === "glance-direct") {
    throw conflict("Image needs to be staged before 'glance-direct' method can be used");
  }
  if (row.status !== "queued" && method === "web-download") {
    throw conflict("Image needs to be in 'queued' state to use 'web-download' method");
  }
  for (const name of ["container_format", "disk_format"] as const) {
    if (!row[name]) throw conflict(`'${name}' needs to be set before import`);
  }
  if (!isCopy) return requireOwner(call, row);
  checkPolicy(call, "copy_image");
  requireAdmin(call, "copy_image");
}

/** Moves the staged data to the stores. All but the last store get a copy. */
async function moveStagedData(job: ImportJob, row: ImageRow): Promise<void> {
  const { call, storeIds } = job;
  const { bytes } = call.cloud.storage;
  const { staged } = row;
  if (staged === null) throw conflict("Image has active task");
  await changeImage(call, (current) => withStatus(current, "importing"));
  const last = storeIds.at(-1);
  const result = await writeToStores(
    job,
    row.id,
    staged.size,
    async (key, id) => {
      checkAccepted(staged);
      if (id === last) await bytes.move(staged.key, key);
      else await copy(call, staged.key, key, staged.size);
    },
  );
  await removeData(job.call.cloud, staged.key);
  await end(job, row.id, result, staged);
}

/** Copies the data to stores that do not have it. */
async function copyData(job: ImportJob, row: ImageRow): Promise<void> {
  const has = (id: string) => row.locations.some(({ metadata }) => metadata["store"] === id);
  const present = job.storeIds.find(has);
  if (present !== undefined && !job.allStores) {
    throw badRequest(`Image is already present at store '${present}'`);
  }
  const missing = { ...job, storeIds: job.storeIds.filter((id) => !has(id)) };
  const source = row.locations.find(({ key }) => key !== null)?.key;
  if (missing.storeIds.length === 0 || !source) return;
  const size = row.size ?? 0;
  const write = (key: string) => copy(job.call, source, key, size);
  await end(missing, row.id, await writeToStores(missing, row.id, size, write), null);
}

/**
 * Writes the data to one store after another. If a store fails, the import ends and the written
 * copies are removed, unless the request sets `all_stores_must_succeed` to false.
 */
async function writeToStores(
  { call, storeIds, mustAllSucceed }: ImportJob,
  imageId: string,
  size: number,
  write: (key: string, storeId: string) => Promise<void>,
): Promise<ImportResult> {
  const { cloud } = call;
  const written: LocationRow[] = [];
  const failed: string[] = [];
  for (const [i, id] of storeIds.entries()) {
    const key = `${id}/${imageId}`;
    try {
      if (isReadOnly(cloud, id)) throw badRequest(`Store ${id} takes no data`);
      checkByteLimits(call, imageId, size * (written.length + 1));
      await write(key, id);
      const metadata = storeMetadata(cloud, id);
      written.push({ url: cloud.storage.bytes.urlOf(key), metadata, key });
    } catch (error) {
      if (!(error instanceof Failure)) cloud.onError(error);
      failed.push(id);
      if (!mustAllSucceed) continue;
      await removeCopies(cloud, written);
      const untouched = storeIds.slice(i + 1);
      return { written: [], failed, untouched, undone: written.length > 0 };
    }
  }
  return { written, failed, untouched: [], undone: false };
}

/** Saves the result of an import. If the image was deleted meanwhile, the data is removed. */
async function end(
  job: ImportJob,
  id: string,
  result: ImportResult,
  staged: ImageRow["staged"],
): Promise<void> {
  const { cloud } = job.call;
  const { images } = cloud.storage;
  try {
    const change = (row: ImageRow) => endOfImport(job, row, result, staged);
    if (await images.update(id, change) !== null) return;
  } catch (error) {
    await removeCopies(cloud, result.written);
    await images.settle(id, requeued);
    throw error;
  }
  await removeCopies(cloud, result.written);
}

/** The image after an import whose result could not be saved. */
function requeued(row: ImageRow): ImageRow {
  return row.status === "importing" ? { ...withStatus(row, "queued"), staged: null } : row;
}

async function copy(
  { cloud }: EmbeddedRequest,
  from: string,
  to: string,
  size: number,
): Promise<void> {
  const { bytes } = cloud.storage;
  const sink = await bytes.write(to);
  try {
    for await (const chunk of await bytes.read(from, 0, size)) await sink.write(chunk);
    await sink.commit();
  } catch (error) {
    await sink.abort().catch(cloud.onError);
    throw error;
  }
}

async function removeCopies(
  cloud: EmbeddedCloud,
  written: readonly LocationRow[],
): Promise<void> {
  for (const { key } of written) if (key !== null) await removeData(cloud, key);
}
