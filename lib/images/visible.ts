/**
 * Whether a caller sees an image, with a look at its members where its record does not tell.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { CallOptions, GlanceClientWrapper } from "../api/client.ts";
import { type Availability, availabilityOf, isAcceptedMember } from "./availability.ts";
import type { Image } from "../api/types.ts";

/** Whether a caller may see an image, as far as its record tells. */
export function availabilityFor(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Image,
): Availability {
  const isNobody = context.userId === undefined && context.projectId === undefined;
  // Without identities anywhere there is nothing to compare: what Glance shows is available.
  if (client.options.authStrategy === "noauth" && isNobody) return "available";
  return availabilityOf(context, image);
}

/** Whether the caller's project is an accepted member of an image: Glance is asked. */
export async function isMember(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Image,
  options: CallOptions,
): Promise<boolean> {
  return isAcceptedMember(context, await client.run(context, "members.list", [image.id], options));
}

/** Whether a caller may see an image. */
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
