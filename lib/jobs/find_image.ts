/** Finds an image by id or name. */
import type { RequestContext } from "../context.ts";
import { AmbiguousImage, ImageNotFound, Invalid } from "../errors.ts";
import type { CallOptions } from "../http/request_spec.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Session } from "../api/session.ts";
import { fromGlance } from "../api/translate.ts";
import type { GlanceImage, Image } from "../api/types.ts";
import { listImages } from "../images/list.ts";
import { isAvailable, showImage } from "../images/visible.ts";
import { inspect } from "../validate.ts";
import { sessionOf } from "./service_session.ts";

/** The form of an id that Glance accepts. */
const IMAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Maximum number of ids in an error. */
const MAX_LISTED = 20;

/**
 * Finds an image by id, else by name. Names are case-sensitive, even if the cloud's database is not. Hidden
 * images are considered only if no other image has the name, since a hidden image is usually replaced by a
 * newer one. Community images of other projects are found only by id, since any project can choose the
 * name of one.
 *
 * @throws {ImageNotFound} if no image that the user can see has the id or the name.
 * @throws {AmbiguousImage} if several images have the name; it lists their ids.
 *
 * @example
 * ```ts
 * import { findImage, GlanceImageService, GlanceClientWrapper } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const service = new GlanceImageService(
 *   new GlanceClientWrapper({
 *     apiServers: ["glance.example:9292"],
 *     authStrategy: "noauth",
 *     fetch: (input, init) => glance.fetch(new Request(input, init)),
 *   }),
 * );
 * const { id } = await service.create({}, { name: "debian:13, amd64" });
 * assert((await findImage(service, {}, "debian:13, amd64")).id === id);
 * assert((await findImage(service, {}, id)).id === id);
 * ```
 */
export async function findImage(
  service: GlanceImageService,
  context: RequestContext,
  nameOrId: string,
  options: CallOptions = {},
): Promise<Image> {
  const session = sessionOf(service, context, options);
  const image = isImageId(nameOrId)
    ? await showImage(session, nameOrId).catch(nullIfNotFound)
    : null;
  return image ?? fromGlance(await findByName(session, nameOrId));
}

/** Whether the text has the form of an id that Glance accepts. */
export function isImageId(text: string): boolean {
  return IMAGE_ID.test(text);
}

/**
 * Finds an image by name, as {@linkcode findImage} does. Returns its entry in the list, which is the whole record.
 *
 * @throws what `findImage` throws.
 */
export async function findByName(session: Session, name: string): Promise<GlanceImage> {
  if (typeof name !== "string" || name === "") {
    throw new Invalid(
      `Cannot find image ${inspect(name)}: it must be a non-empty string; pass a name or an id`,
    );
  }
  for (const isHidden of [false, true]) {
    const [only, ...others] = await imagesNamed(session, name, isHidden);
    if (others.length > 0 && only !== undefined) throw ambiguous(name, [only, ...others]);
    if (only !== undefined) return only;
  }
  throw new ImageNotFound(
    `Cannot find image ${inspect(name)}: no image with this id or name is visible to you`,
    { status: 404 },
  );
}

async function imagesNamed(
  session: Session,
  name: string,
  isHidden: boolean,
): Promise<GlanceImage[]> {
  const found: GlanceImage[] = [];
  // "eq:", since a name can begin like an operator.
  const filters = { name: `eq:${name}`, osHidden: isHidden };
  for await (const record of listImages(session, { filters })) {
    const isFound = record.name === name && await isAvailable(session, fromGlance(record));
    if (isFound) found.push(record);
    if (found.length > MAX_LISTED) break;
  }
  return found;
}

function ambiguous(name: string, found: readonly GlanceImage[]): AmbiguousImage {
  const imageIds = found.map(({ id }) => id).slice(0, MAX_LISTED);
  const more = found.length > MAX_LISTED ? " and more" : "";
  return new AmbiguousImage(
    `Cannot choose image ${inspect(name)}: several images have this name (${
      imageIds.join(", ")
    }${more}); pass the id of one of them`,
    { imageIds },
  );
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof ImageNotFound) return null;
  throw error;
}
