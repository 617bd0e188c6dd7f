/**
 * Image data at http and https URLs: its size when a URL is added, its bytes on download. Requires
 * the option `fetch`. Ranges are not supported, as in Glance's http store.
 */

import type { EmbeddedRequest } from "../request/request.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { changeImage } from "../images/access.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import type { ImageRow } from "../storage/image_records.ts";

/**
 * Sets the size of an image whose data is at a URL, if the size is unknown.
 *
 * @throws {Failure} 400 if the URL cannot be read.
 */
export async function measured(call: EmbeddedRequest, row: ImageRow): Promise<ImageRow> {
  const url = row.locations.find(({ key }) => key === null)?.url;
  if (url === undefined || row.size !== null || call.cloud.fetch === null) return row;
  const response = await request(call.cloud.fetch, url, "HEAD")
    .catch(() => Promise.reject(badRequest("The Store URI was malformed.")));
  await response.body?.cancel();
  const length = response.headers.get("content-length");
  if (length === null) return row;
  return await changeImage(call, (current) => ({ ...current, size: Number(length) }));
}

/**
 * Opens the data at a URL.
 *
 * @throws {Failure} 503 if it cannot be read.
 */
export async function openUrl(
  cloud: EmbeddedCloud,
  url: string,
): Promise<ReadableStream<Uint8Array> | null> {
  if (cloud.fetch === null) throw unavailable();
  const response = await request(cloud.fetch, url, "GET").catch(() =>
    Promise.reject(unavailable())
  );
  return response.body;
}

async function request(
  fetch: typeof globalThis.fetch,
  url: string,
  method: string,
): Promise<Response> {
  const response = await fetch(url, { method, headers: { "accept-encoding": "identity" } });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Error(`Cannot read a location: the server responded with ${response.status}`);
}

function unavailable(): Failure {
  return new Failure(
    503,
    'Cannot read the data: it is at a URL, and the option "fetch" is not set',
  );
}
