/**
 * Whether a caller sees an image, with a look at its members where its record does not tell.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { CallOptions, GlanceClientWrapper } from "../http/client.ts";
import { availabilityOf, isAcceptedMember } from "./availability.ts";
import type { Image } from "./types.ts";

/** Whether an image is available to a caller; a promise only where Glance has to be asked. */
export function isAvailable(
  client: GlanceClientWrapper,
  context: RequestContext,
  image: Image,
  options: CallOptions,
): boolean | Promise<boolean> {
  const isNobody = context.userId === undefined && context.projectId === undefined;
  // Without identities anywhere there is nothing to compare: what Glance shows is available.
  if (client.options.authStrategy === "noauth" && isNobody) return true;
  const availability = availabilityOf(context, image);
  if (availability !== "members") return availability === "available";
  return client.run(context, "members.list", [image.id], options)
    .then((members) => isAcceptedMember(context, members));
}
