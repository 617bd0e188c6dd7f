/**
 * The import method `web-download`: downloads a URL to the staging area, then moves the data to the
 * stores. The import ends before the response is sent; a failure is recorded in the tasks and
 * properties of the image.
 *
 * @module
 */

import type { EmbeddedRequest } from "../request/request.ts";
import { Failure } from "../http/errors.ts";
import { checkImportFilter } from "./import_filter.ts";
import type { ParsedImport } from "./import_request.ts";
import { withTraces } from "./import_result.ts";
import { changeImage } from "../images/access.ts";
import { python } from "../http/python_format.ts";
import { type ImageRow, withStatus } from "../store/image_records.ts";
import { openUrl } from "./location_data.ts";
import { writtenData } from "./ingest.ts";

/** Moves the staged data of an image to the stores. */
type Move = (row: ImageRow) => Promise<void>;

/**
 * Downloads the URL of an import request and moves the data on.
 *
 * @throws {Failure} 400 if the URL is not an http or https URL.
 */
export async function importFromWeb(
  call: EmbeddedRequest,
  parsed: ParsedImport,
  storeIds: readonly string[],
  move: Move,
): Promise<void> {
  const { cloud } = call;
  const url = sourceOf(call, parsed);
  const { id } = await changeImage(call, (row) => withStatus(row, "uploading"));
  try {
    await move(await staged(call, url));
  } catch (error) {
    if (!(error instanceof Failure)) cloud.onError(error);
    await cloud.storage.images.settle(id, (row) => failedImport(call, row, parsed, storeIds));
    await cloud.storage.bytes.remove(stagingKey(id));
  }
}

function sourceOf({ cloud }: EmbeddedRequest, { body }: ParsedImport): string {
  const url: unknown = Reflect.get(Object(body["method"]), "uri");
  const text = typeof url === "string" ? url : python(url);
  checkImportFilter(cloud.importFilter, text, "web-download");
  return text;
}

async function staged(call: EmbeddedRequest, url: string): Promise<ImageRow> {
  const row = await changeImage(call, (current) => current);
  const body = await openUrl(call.cloud, url);
  const data = await writtenData(call.cloud, body, stagingKey(row.id), row, null);
  return await changeImage(call, (current) => ({ ...current, size: data.size, staged: data }));
}

function stagingKey(id: string): string {
  return `staging/${id}`;
}

/** The image before the import, with the failure recorded. */
function failedImport(
  call: EmbeddedRequest,
  row: ImageRow,
  parsed: ParsedImport,
  storeIds: readonly string[],
): ImageRow {
  const queued = row.status === "queued" ? row : withStatus(row, "queued");
  return withTraces(call, { ...queued, staged: null }, parsed, { storeIds }, {
    importing: [],
    failed: storeIds,
    message: null,
  });
}
