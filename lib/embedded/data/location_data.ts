/**
 * Image data at http and https URLs: its size when a URL is added, its bytes on download. Requires
 * the option `fetch`. Ranges are not supported, as in Glance's http store.
 */

import type { EmbeddedRequest } from "../request/request.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { changeImage } from "../images/access.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { type EmbeddedImportFilter, passesFilter } from "./import_filter.ts";
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
 * @param filter restricts the targets of redirects; null follows all of them, as Glance's http store does.
 * @throws {Failure} 503 if it cannot be read, 400 if the filter does not allow the target of a redirect.
 */
export async function openUrl(
  { fetch }: EmbeddedCloud,
  url: string,
  filter: EmbeddedImportFilter | null,
): Promise<ReadableStream<Uint8Array> | null> {
  if (fetch === null) throw unavailable('the option "fetch" is not set');
  const response = await request(fetch, url, "GET", filter).catch((error) => {
    throw error instanceof Failure ? error : unavailable("the request failed");
  });
  return response.body;
}

/** Maximum redirects: that of `urllib`. */
const MAX_REDIRECTS = 10;

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

async function request(
  fetch: typeof globalThis.fetch,
  url: string,
  method: string,
  filter: EmbeddedImportFilter | null = null,
): Promise<Response> {
  const redirect = filter === null ? "follow" : "manual";
  const headers = { "accept-encoding": "identity" };
  let from = url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await fetch(from, { method, headers, redirect });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = response.headers.get("location") ?? "";
    const isRedirect = REDIRECTS.includes(response.status) && URL.canParse(location, from);
    if (!isRedirect || filter === null) {
      throw new Error(`Cannot read a location: the server responded with ${response.status}`);
    }
    from = new URL(location, from).href;
    if (!passesFilter(filter, from)) throw badRequest(`Redirect to disallowed URL: ${from}`);
  }
  throw new Error("Cannot read a location: the server redirects too often");
}

function unavailable(reason: string): Failure {
  return new Failure(503, `Cannot read the data at a URL: ${reason}`);
}
