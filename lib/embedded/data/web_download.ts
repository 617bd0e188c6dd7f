/**
 * The import method `web-download`: bytes from a URL on the web come to the staging area, and go from
 * there where staged bytes go. However it ends, it has ended when the answer leaves; a failure is in
 * the image's tasks and properties.
 *
 * @module
 */

import type { EmbeddedRequest } from "../request/request.ts";
import { Failure } from "../http/errors.ts";
import { refuseFiltered } from "./import_filter.ts";
import type { ImportOrder } from "./import_request.ts";
import { withTraces } from "./import_result.ts";
import { changeImage } from "../images/access.ts";
import { python } from "../http/python_format.ts";
import { type ImageRow, withStatus } from "../store/image_records.ts";
import { readOnWeb } from "./url_source.ts";
import { writtenData } from "./ingest.ts";

/** Takes the image on from where its data is staged. */
type Move = (row: ImageRow) => Promise<void>;

/**
 * Brings the bytes that the order names, and moves them on.
 *
 * @throws {Failure} 400 for a URL that is none on the web.
 */
export async function importFromWeb(
  call: EmbeddedRequest,
  order: ImportOrder,
  storeIds: readonly string[],
  move: Move,
): Promise<void> {
  const { cloud } = call;
  const url = sourceOf(call, order);
  const { id } = await changeImage(call, (row) => withStatus(row, "uploading"));
  try {
    await move(await staged(call, url));
  } catch (error) {
    if (!(error instanceof Failure)) cloud.onError(error);
    await cloud.store.images.settle(id, (row) => failedImport(call, row, order, storeIds));
    await cloud.store.bytes.remove(stagingKey(id));
  }
}

function sourceOf({ cloud }: EmbeddedRequest, { body }: ImportOrder): string {
  const url: unknown = Reflect.get(Object(body["method"]), "uri");
  const text = typeof url === "string" ? url : python(url);
  refuseFiltered(cloud.importFilter, text, "web-download");
  return text;
}

async function staged(call: EmbeddedRequest, url: string): Promise<ImageRow> {
  const row = await changeImage(call, (current) => current);
  const body = await readOnWeb(call.cloud, url);
  const data = await writtenData(call.cloud, body, stagingKey(row.id), row, null);
  return await changeImage(call, (current) => ({ ...current, size: data.size, staged: data }));
}

function stagingKey(id: string): string {
  return `staging/${id}`;
}

/** The image as it was, with the traces of the failure. */
function failedImport(
  call: EmbeddedRequest,
  row: ImageRow,
  order: ImportOrder,
  storeIds: readonly string[],
): ImageRow {
  const queued = row.status === "queued" ? row : withStatus(row, "queued");
  return withTraces(call, { ...queued, staged: null }, order, { storeIds }, {
    importing: [],
    failed: storeIds,
    message: null,
  });
}
