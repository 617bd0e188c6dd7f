/**
 * The image cache API `/v2/cache`, for administrators. A queued image is cached before the response
 * is sent, so the queue is always empty.
 */

import { type EmbeddedRequest, empty, json, noContent, param } from "../request/request.ts";
import { badRequest, conflict, notFound } from "../http/errors.ts";
import { requireAdmin } from "../request/policy.ts";
import type { ImageCache } from "./image_cache.ts";
import { imageNotFound, visibleImage } from "../images/access.ts";
import { type MethodRoute, withBody, withoutBody } from "../request/route.ts";

/** Valid values of `x-image-cache-clear-target`. */
const TARGETS = ["", "cache", "queue"];

/** Routes of the cache; paths without parameters first. */
export const CACHE_ROUTES: readonly MethodRoute[] = [
  withoutBody("GET /cache", "cache_list", listCache),
  withBody("DELETE /cache", "cache_delete", clearCache),
  withBody("POST /cache/clean", null, cleanCache, 18),
  withBody("POST /cache/prune", null, pruneCache, 18),
  withoutBody("GET /cache/nodes/*", null, listNodes, 18),
  withBody("DELETE /cache/*", "cache_delete", deleteFromCache),
  withBody("PUT /cache/*", "cache_image", queueImage),
];

/** `GET /v2/cache` */
function listCache(call: EmbeddedRequest): Response {
  return json({ cached_images: cacheOf(call, "cache_list").images(), queued_images: [] });
}

/** `DELETE /v2/cache`: all images, or those that `x-image-cache-clear-target` selects. */
function clearCache(call: EmbeddedRequest): Response {
  const cache = cacheOf(call, "cache_delete");
  const target = (call.request.headers.get("x-image-cache-clear-target") ?? "").toLowerCase();
  if (!TARGETS.includes(target)) {
    throw badRequest(
      "If provided 'x-image-cache-clear-target' must be 'cache', 'queue' or empty string.",
    );
  }
  if (target !== "queue") cache.clear();
  return noContent();
}

/** `PUT /v2/cache/{image_id}` */
function queueImage(call: EmbeddedRequest): Response {
  const image = visibleImage(call, imageNotFound);
  const cache = cacheOf(call, "cache_image");
  if (image.status !== "active") {
    throw badRequest("Only images with status active can be targeted for queueing");
  }
  cache.fill(image.id, image.size ?? 0);
  return empty(202);
}

/** `DELETE /v2/cache/{image_id}`: also succeeds if the image is not cached. */
function deleteFromCache(call: EmbeddedRequest): Response {
  const id = param(call, 0);
  if (call.cloud.cache?.has(id) !== true) visibleImage(call, imageNotFound);
  cacheOf(call, "cache_delete").remove(id);
  return noContent();
}

/** `POST /v2/cache/clean`: a no-op, because no entry is ever stalled or invalid. */
function cleanCache(call: EmbeddedRequest): Response {
  cacheOf(call, "cache_clean");
  return new Response(null);
}

/** `POST /v2/cache/prune` */
function pruneCache(call: EmbeddedRequest): Response {
  return json(cacheOf(call, "cache_prune").prune());
}

/** `GET /v2/cache/nodes/{image_id}`: URLs of the servers that cache the image. */
function listNodes(call: EmbeddedRequest): Response {
  const cache = cacheOf(call, "list_cached_nodes");
  if (cache.nodeUrl === null) throw conflict("Centralized caching is not enabled");
  const { id } = visibleImage(call, imageNotFound);
  return json(cache.has(id) ? [cache.nodeUrl] : []);
}

/**
 * The cache of the server.
 *
 * @param action name of Glance's policy.
 * @throws {Failure} 403 if the client is not an administrator, 404 if there is no cache.
 */
function cacheOf(call: EmbeddedRequest, action: string): ImageCache {
  requireAdmin(call, action);
  const { cache } = call.cloud;
  if (cache === null) throw notFound("Caching via API is not supported at this site.");
  return cache;
}
