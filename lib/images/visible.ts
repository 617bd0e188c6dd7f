/** Decides whether the user may see an image, and shows it. */
import { GET_IMAGE } from "../api/operations/images.ts";
import { LIST_MEMBERS } from "../api/operations/members_and_tags.ts";
import { ImageNotFound } from "../errors.ts";
import type { Session } from "../api/session.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import { type Availability, availabilityOf, isAcceptedMember } from "./availability.ts";

/** Whether a user may see an image, without a request. */
export function availabilityFor({ client, context }: Session, image: Image): Availability {
  const isAnonymous = context.userId === undefined && context.projectId === undefined;
  // The properties of an image do not apply to an anonymous user.
  if (client.options.authStrategy === "noauth" && isAnonymous) return "available";
  return availabilityOf(context, image);
}

/** Whether a user may see an image, with a request for its members if needed. */
export async function isAvailable(session: Session, image: Image): Promise<boolean> {
  const availability = availabilityFor(session, image);
  return availability === "available" ||
    (availability === "members" && await isMember(session, image));
}

/** Whether the user's project is an accepted member of an image. */
export async function isMember(session: Session, image: Image): Promise<boolean> {
  return isAcceptedMember(session.context, await session.call(LIST_MEMBERS, image.id));
}

/**
 * Shows an image.
 *
 * @throws {ImageNotFound} if it does not exist, or is not visible to the user.
 */
export async function showImage(session: Session, imageId: string): Promise<Image> {
  return fromGlance(await showRecord(session, imageId));
}

/** Shows an image as {@linkcode showImage} does, in the form of Glance. */
export async function showRecord(session: Session, imageId: string): Promise<GlanceImage> {
  const record = await session.call(GET_IMAGE, imageId);
  if (await isAvailable(session, fromGlance(record))) return record;
  throw new ImageNotFound(
    `Cannot show image "${imageId}": it is neither public, nor owned by this project, nor shared with it; ask its owner to share it`,
    { imageId, status: 404 },
  );
}
