/**
 * Decides whether a caller may see an image, with a request for its members if needed.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { CallOptions, GlanceClientWrapper } from "../api/client.ts";
import { type Availability, availabilityOf, isAcceptedMember } from "./availability.ts";
import type { Image } from "../api/types.ts";

/** Whether a caller may see an image, without a request. */
export function availabilityFor(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Image,
): Availability {
  const isAnonymous = context.userId === undefined && context.projectId === undefined;
  // Without identities, the properties of an image decide nothing.
  if (client.options.authStrategy === "noauth" && isAnonymous) return "available";
  return availabilityOf(context, image);
}

/** Whether the caller's project is an accepted member of an image. */
export async function isMember(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Image,
  options: CallOptions,
): Promise<boolean> {
  return isAcceptedMember(context, await client.run(context, "members.list", [image.id], options));
}

/** Whether a caller may see an image, with a request if needed. */
export async function isAvailable(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Image,
  options: CallOptions,
): Promise<boolean> {
  const availability = availabilityFor(client, context, image);
  if (availability !== "members") return availability === "available";
  return await isMember(client, context, image, options);
}
