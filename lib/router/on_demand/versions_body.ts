/** Rewrites the list of API versions. Imported on demand: most clients do not read it. Pure. */
import type { isObject } from "../../validate.ts";

/** Versions with the cache API, which Glance lists only if it has a cache of its own. */
const CACHE_VERSIONS = ["v2.16", "v2.14"];

/**
 * The list of versions of a server as JSON, with links to the gateway instead of the server; null for any other
 * document. A gateway with a cache also lists the versions with the cache API.
 *
 * @param isJsonObject `isObject` of `validate.ts`; it is passed in because a bundler would split an import into another file.
 */
export function versionsBody(
  document: unknown,
  endpoint: string,
  hasCache: boolean,
  isJsonObject: typeof isObject,
): Uint8Array<ArrayBuffer> | null {
  if (!isJsonObject(document) || !Array.isArray(document["versions"])) return null;
  const listed = document["versions"].filter(isJsonObject);
  const added = CACHE_VERSIONS.filter((id) => hasCache && !listed.some((each) => each["id"] === id))
    .map((id) => ({ id, status: "SUPPORTED" }));
  const versions = [...listed, ...added].map((version) => ({
    ...version,
    links: [{ rel: "self", href: `${endpoint}/v2/` }],
  }));
  return new TextEncoder().encode(JSON.stringify({ versions }));
}
