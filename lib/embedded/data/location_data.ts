/**
 * Image data at http and https URLs: its size when a URL is added, its bytes on download. Requires
 * the option `fetch`. Ranges are not supported, as in Glance's http store.
 */

import { badRequest, Failure } from "../http/errors.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { type EmbeddedImportFilter, passesFilter } from "./import_filter.ts";
import type { ImageRow } from "../storage/image_records.ts";

/**
 * The size of the data at the URLs that a change adds; null if it adds none, or the option `fetch` is not set.
 *
 * @param explanation why one is refused.
 * @throws {Failure} 400 if one of them cannot be read, or its size is unknown or 0, as in Glance.
 */
export async function addedSize(
  { fetch }: EmbeddedCloud,
  before: ImageRow,
  after: ImageRow,
  explanation: string,
): Promise<number | null> {
  if (fetch === null) return null;
  const known = before.locations.map(({ url }) => url);
  const added = after.locations.filter(({ key, url }) => key === null && !known.includes(url));
  const sizes: number[] = [];
  for (const { url } of added) {
    const response = await request(fetch, url, "HEAD").catch(() => null);
    await response?.body?.cancel();
    const size = Number(response?.headers.get("content-length"));
    if (!(size > 0)) throw badRequest(explanation);
    sizes.push(size);
  }
  return sizes[0] ?? null;
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
