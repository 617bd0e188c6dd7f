/**
 * The image that is meant by an id or a name.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { ImageNotFound, Invalid } from "../errors.ts";
import type { CallOptions } from "../api/client.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Image } from "../api/types.ts";
import { inspect } from "../validate.ts";
import { AmbiguousImage } from "./errors.ts";

/** Glance takes nothing else for an id. */
const IMAGE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids that an error lists at most. */
const MAX_LISTED = 20;

/**
 * The image with an id, else the one with exactly this name: the case of its letters counts, also where
 * the cloud's database does not heed it. Hidden images are looked at where no other has the name, since
 * a hidden one is as a rule what its successor has replaced. Community images of other projects are
 * found by their id only: anybody may give one a name that is yours.
 *
 * @throws {ImageNotFound} where there is none, or none that the caller may see.
 * @throws {AmbiguousImage} where several have the name; it lists their ids.
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
  if (typeof nameOrId !== "string" || nameOrId === "") {
    throw new Invalid(
      `Cannot find image ${inspect(nameOrId)}: it must be a non-empty string; give a name or an id`,
    );
  }
  const image = IMAGE_ID.test(nameOrId)
    ? await service.show(context, nameOrId, options).catch(nullWhereNotFound)
    : null;
  if (image !== null) return image;
  for (const isHidden of [false, true]) {
    const [only, ...others] = await imagesNamed(service, context, nameOrId, isHidden, options);
    if (others.length > 0 && only !== undefined) throw ambiguous(nameOrId, [only, ...others]);
    if (only !== undefined) return only;
  }
  throw new ImageNotFound(
    `Cannot find image ${inspect(nameOrId)}: no image that the caller can list has this id or name`,
    { status: 404 },
  );
}

async function imagesNamed(
  service: GlanceImageService,
  context: RequestContext,
  name: string,
  isHidden: boolean,
  options: CallOptions,
): Promise<Image[]> {
  const found: Image[] = [];
  // "eq:", since a name may look as if it began with an operator.
  const filters = { name: `eq:${name}`, osHidden: isHidden };
  for await (const image of service.list(context, { filters }, options)) {
    if (image.name === name) found.push(image);
    if (found.length > MAX_LISTED) break;
  }
  return found;
}

function ambiguous(name: string, found: readonly Image[]): AmbiguousImage {
  const imageIds = found.map(({ id }) => id).slice(0, MAX_LISTED);
  const more = found.length > MAX_LISTED ? " and more" : "";
  return new AmbiguousImage(
    `Cannot choose image ${inspect(name)}: several have this name (${
      imageIds.join(", ")
    }${more}); give the id of one`,
    { imageIds },
  );
}

function nullWhereNotFound(error: unknown): null {
  if (error instanceof ImageNotFound) return null;
  throw error;
}
