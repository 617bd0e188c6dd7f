/**
 * Decides whether a user may see an image, as Cinder does. This matters if requests do not use the user's own
 * token. Pure.
 */
import type { RequestContext } from "../context.ts";
import type { Image, ImageMember } from "../api/types.ts";

/** The decision; `members` means that it depends on the list of members. */
export type Availability = "available" | "unavailable" | "members";

/**
 * An image is available to a user with a token (Glance has decided already), to an administrator, and if it
 * is public. Otherwise the properties `owner_id`, `project_id`, and `user_id` decide, in that order.
 */
export function availabilityOf(context: RequestContext, image: Image): Availability {
  if (context.authToken || context.isAdmin) return "available";
  if (image.visibility === "public") return "available";
  const { projectId, userId } = context;
  const { properties } = image;
  for (const key of ["owner_id", "project_id"]) {
    if (projectId !== undefined && Object.hasOwn(properties, key)) {
      return availableIf(String(properties[key]) === projectId);
    }
  }
  const { user_id } = properties;
  if (user_id !== undefined && String(user_id) === userId) return "available";
  return image.visibility === "shared" ? "members" : "unavailable";
}

/** Whether the user's project has accepted the image. */
export function isAcceptedMember(
  context: RequestContext,
  members: readonly ImageMember[],
): boolean {
  return members.some(({ member_id, status }) =>
    member_id === context.projectId && status === "accepted"
  );
}

function availableIf(available: boolean): Availability {
  return available ? "available" : "unavailable";
}
