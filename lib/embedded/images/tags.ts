/**
 * Adds and removes a tag of an image.
 *
 * @module
 */

import { type EmbeddedRequest, noContent, param } from "../request/request.ts";
import { Failure, notFound } from "../http/errors.ts";
import { checkImage } from "./schema.ts";
import { tooMany } from "./quotas.ts";
import { changeImage, requireOwner, visibleImage } from "./access.ts";
import { timestamp } from "../request/embedded_cloud.ts";

/** `PUT /v2/images/{image_id}/tags/{tag}` */
export async function addTag(call: EmbeddedRequest): Promise<Response> {
  const tag = param(call, 1);
  checkImage({ tags: [tag] });
  lookUp(call);
  await changeImage(call, (row) => {
    requireOwner(call, row, `Not allowed to update tags for image ${row.id}.`);
    const tags = [...new Set([...row.tags, tag])];
    const { tagQuota } = call.cloud;
    if (tags.length > tagQuota) {
      const { message } = tooMany("tags", tags.length, tagQuota);
      throw new Failure(413, `Image tag limit exceeded for image ${row.id}: ${message}:`);
    }
    return { ...row, tags, updated_at: timestamp(call.cloud) };
  });
  return noContent();
}

/** `DELETE /v2/images/{image_id}/tags/{tag}` */
export async function removeTag(call: EmbeddedRequest): Promise<Response> {
  const tag = param(call, 1);
  lookUp(call);
  await changeImage(call, (row) => {
    requireOwner(call, row, `Not allowed to delete tags for image ${row.id}.`);
    if (!row.tags.includes(tag)) throw notFound();
    const tags = row.tags.filter((other) => other !== tag);
    return { ...row, tags, updated_at: timestamp(call.cloud) };
  });
  return noContent();
}

function lookUp(call: EmbeddedRequest): void {
  visibleImage(call, (id) => notFound(`Image ${id} not found.`));
}
