/**
 * Deactivates and reactivates an image.
 *
 * @module
 */

import { type EmbeddedRequest, noContent } from "../request/request.ts";
import { forbidden } from "../http/errors.ts";
import { changeImage, requireOwner, visibleImage } from "./access.ts";
import { timestamp } from "../request/embedded_cloud.ts";

/** `POST /v2/images/{image_id}/actions/deactivate` */
export function deactivate(call: EmbeddedRequest): Promise<Response> {
  return move(call, "active", "deactivated", "deactivate");
}

/** `POST /v2/images/{image_id}/actions/reactivate` */
export function reactivate(call: EmbeddedRequest): Promise<Response> {
  return move(call, "deactivated", "active", "reactivate");
}

/** Moves the image from one status to the other; a no-op if it already has the new one. */
async function move(
  call: EmbeddedRequest,
  from: "active" | "deactivated",
  to: "active" | "deactivated",
  verb: string,
): Promise<Response> {
  visibleImage(call);
  await changeImage(call, (row) => {
    requireOwner(call, row);
    if (row.status === to) return row;
    if (row.status !== from) {
      throw forbidden(`Not allowed to ${verb} image in status '${row.status}'`);
    }
    return { ...row, status: to, updated_at: timestamp(call.cloud) };
  });
  return noContent();
}
