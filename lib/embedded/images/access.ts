/**
 * Finding the image that a path names, and the two refusals that come before everything else: 404
 * for an image that is not there or not for this caller, 403 for one that is not the caller's.
 *
 * @module
 */

import { type EmbeddedRequest, param } from "../request/request.ts";
import { type Failure, forbidden, notFound } from "../http/errors.ts";
import { canChange, canSee } from "../request/identity.ts";
import { refuseImageByPolicy } from "../request/policy.ts";
import type { ImageRow } from "../store/image_records.ts";

/**
 * The image that the first segment names.
 *
 * @throws {Failure} 404 where it is not there, or not visible for the caller; 403 for what the
 * policies forbid.
 */
export function visibleImage(call: EmbeddedRequest, missing?: (id: string) => Failure): ImageRow {
  const id = param(call, 0);
  const row = call.cloud.store.images.get(id);
  const absent = () => missing?.(id) ?? noImage(id);
  if (row === undefined || !canSee(call.identity, row)) throw absent();
  refuseImageByPolicy(call, absent);
  return row;
}

/** What Glance says about an id that it does not find. */
export function noImage(id: string): Failure {
  return notFound(`No image found with ID ${id}`);
}

/**
 * Lets owners and administrators pass.
 *
 * @throws {Failure} 403.
 */
export function refuseStrangers(call: EmbeddedRequest, row: ImageRow, explanation?: string): void {
  if (canChange(call.identity, row)) return;
  throw forbidden(explanation ?? "You do not own this image");
}

/**
 * Changes an image in its turn: `change` sees the newest row and gives the next.
 *
 * @throws {Failure} 404 where the image is gone by then.
 */
export async function changeImage(
  call: EmbeddedRequest,
  change: (row: ImageRow) => ImageRow,
): Promise<ImageRow> {
  const id = param(call, 0);
  const row = await call.cloud.store.images.update(id, change);
  if (row === null) throw noImage(id);
  return row;
}
