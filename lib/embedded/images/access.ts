/**
 * Looks up the image of a request and checks access: 404 if it does not exist or is invisible to
 * the client, 403 if the client does not own it.
 */

import { type EmbeddedRequest, param } from "../request/request.ts";
import { type Failure, forbidden, notFound } from "../http/errors.ts";
import { timestamp } from "../request/embedded_cloud.ts";
import { canChange, canSee } from "../request/identity.ts";
import { checkImagePolicy } from "../request/policy.ts";
import type { ImageRow } from "../storage/image_records.ts";

/**
 * The image whose id is the first path parameter.
 *
 * @throws {Failure} 404 if it does not exist or is not visible, 403 if a policy forbids the
 * request.
 */
export function visibleImage(call: EmbeddedRequest, missing?: (id: string) => Failure): ImageRow {
  const id = param(call, 0);
  const row = call.cloud.storage.images.get(id);
  const absent = () => missing?.(id) ?? noImage(id);
  if (row === undefined || !canSee(call.identity, row)) throw absent();
  checkImagePolicy(call, absent);
  return row;
}

/** The error that most of Glance's routes give for an unknown image id. */
export function noImage(id: string): Failure {
  return notFound(`No image found with ID ${id}`);
}

/** The error that the other routes give for an unknown image id. */
export function imageNotFound(id: string): Failure {
  return notFound(`Image ${id} not found.`);
}

/**
 * Allows only the owner and administrators.
 *
 * @throws {Failure} 403 for all others.
 */
export function requireOwner(call: EmbeddedRequest, row: ImageRow, explanation?: string): void {
  if (canChange(call.identity, row)) return;
  throw forbidden(explanation ?? "You do not own this image");
}

/**
 * Changes the image. `change` gets the current row and returns the new one.
 *
 * @throws {Failure} 404 if the image was deleted meanwhile.
 */
export async function changeImage(
  call: EmbeddedRequest,
  change: (row: ImageRow) => ImageRow,
): Promise<ImageRow> {
  const id = param(call, 0);
  const row = await call.cloud.storage.images.update(id, change);
  if (row === null) throw noImage(id);
  return row;
}

/** Changes the image as `changeImage` does, and sets `updated_at`. */
export function touchImage(
  call: EmbeddedRequest,
  change: (row: ImageRow) => ImageRow,
): Promise<ImageRow> {
  return changeImage(call, (row) => ({ ...change(row), updated_at: timestamp(call.cloud) }));
}
