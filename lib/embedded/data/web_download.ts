/**
 * The import method `web-download`: downloads a URL to the staging area, then moves the data to the
 * stores. The import ends before the response is sent; a failure is recorded in the tasks and
 * properties of the image.
 */

import type { EmbeddedRequest } from "../request/request.ts";
import { Failure } from "../http/errors.ts";
import { checkImportFilter } from "./import_filter.ts";
import type { ImportJob } from "./import_request.ts";
import { withTraces } from "./import_result.ts";
import { changeImage } from "../images/access.ts";
import { python } from "../http/python_format.ts";
import { type ImageRow, withStatus } from "../storage/image_records.ts";
import { openUrl } from "./location_data.ts";
import { writtenData } from "./ingest.ts";
import { removeData } from "../request/embedded_cloud.ts";

/**
 * Downloads the URL of an import request and moves the data to the stores.
 *
 * @param move moves the staged data of an image to the stores.
 * @throws {Failure} 400 if the import filter does not allow the URL.
 */
export async function importFromWeb(
  job: ImportJob,
  move: (row: ImageRow) => Promise<void>,
): Promise<void> {
  const { call } = job;
  const { cloud } = call;
  const url = sourceOf(job);
  const { id } = await changeImage(call, (row) => withStatus(row, "uploading"));
  try {
    await move(await staged(call, url));
  } catch (error) {
    if (!(error instanceof Failure)) cloud.onError(error);
    await cloud.storage.images.settle(id, (row) => failedImport(job, row));
    await removeData(cloud, stagingKey(id));
  }
}

function sourceOf({ call, body }: ImportJob): string {
  const url: unknown = Reflect.get(Object(body["method"]), "uri");
  const text = typeof url === "string" ? url : python(url);
  checkImportFilter(call.cloud.importFilter, text, "web-download");
  return text;
}

async function staged(call: EmbeddedRequest, url: string): Promise<ImageRow> {
  const row = await changeImage(call, (current) => current);
  const body = await openUrl(call.cloud, url, call.cloud.importFilter);
  const data = await writtenData(call.cloud, body, stagingKey(row.id), row, null);
  return await changeImage(call, (current) => ({ ...current, size: data.size, staged: data }));
}

function stagingKey(id: string): string {
  return `staging/${id}`;
}

/** The image after a failed import: `queued`, with the failure recorded. */
function failedImport(job: ImportJob, row: ImageRow): ImageRow {
  const queued = row.status === "queued" ? row : withStatus(row, "queued");
  const traces = { importing: [], failed: job.storeIds, message: null };
  return withTraces(job, { ...queued, staged: null }, traces);
}
