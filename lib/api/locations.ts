/**
 * Where the data of an image is: the location API of 2024.2 and the older properties of the image,
 * behind one call.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { NotAuthorized, NotFound, NotImplemented, ProgrammingError } from "../errors.ts";
import type { CallOptions, GlanceClientWrapper } from "./client.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "./types.ts";

/** What Glance tells of an image's place; null for what it does not show. */
export type DirectLocation = [directUrl: string | null, locations: readonly ImageLocation[] | null];

/** Who asks where Glance wants a service; on the caller's servers, where it has no catalog of its own. */
function privilegedFor(client: GlanceClientWrapper, caller: RequestContext): RequestContext {
  const { serviceCatalog } = caller;
  const privileged = client.options.privilegedContext ?? caller;
  return privileged.serviceCatalog !== undefined || serviceCatalog === undefined
    ? privileged
    : { ...privileged, serviceCatalog };
}

/**
 * The location API first, as the privileged context where one is configured; the image itself where
 * that API is missing (an older Glance answers 404 or 405), forbidden, or has nothing to tell.
 */
export async function getLocation(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  options: CallOptions,
): Promise<DirectLocation> {
  const privileged = privilegedFor(client, context);
  const locations = await client.run(privileged, "getImageLocations", [imageId], options)
    .catch(noneWhere(NotFound, NotImplemented, NotAuthorized));
  if (locations !== null && locations.length > 0) return [null, locations];
  const image = await client.run(context, "get", [imageId], options);
  return [image.direct_url ?? null, image.locations ?? null];
}

/**
 * The location API first; a JSON patch where that API is missing. Only a hash is sent as
 * `validation_data`: anything else there is refused by Glance, and `metadata` has no place in the new
 * API, which finds the store by the URL.
 *
 * @throws {ProgrammingError} where the cloud knows neither way.
 */
export async function addLocation(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  url: string,
  metadata: Readonly<Record<string, unknown>>,
  options: CallOptions,
): Promise<GlanceImage> {
  const privileged = privilegedFor(client, context);
  const validation = validationIn(metadata);
  const isMissing = await client
    .run(privileged, "addImageLocation", [imageId, url, validation], options)
    .catch(noneWhere(NotFound, NotImplemented)) === null;
  if (!isMissing) return await client.run(context, "get", [imageId], options);
  const value = {
    url,
    metadata: withoutHash(metadata),
    ...validation && { validation_data: validation },
  };
  const patch = [{ op: "add", path: "/locations/-", value }] as const;
  return await client.run(context, "update", [imageId, patch], options).catch((cause) => {
    if (!(cause instanceof NotImplemented)) throw cause;
    throw new ProgrammingError(
      `Cannot add a location to image "${imageId}": the cloud has neither the location API nor locations that can be patched; ask its operator for one of them`,
      { cause, imageId, status: cause.status },
    );
  });
}

function validationIn(metadata: Readonly<Record<string, unknown>>): ValidationData | undefined {
  const { os_hash_algo, os_hash_value } = metadata;
  return typeof os_hash_algo === "string" && typeof os_hash_value === "string"
    ? { os_hash_algo, os_hash_value }
    : undefined;
}

function withoutHash(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { os_hash_algo: _, os_hash_value: __, ...rest } = metadata;
  return rest;
}

/** Turns errors of these classes into null; throws the others on. */
function noneWhere(...classes: readonly (new (...args: never[]) => Error)[]) {
  return (error: unknown): null => {
    if (classes.some((ErrorClass) => error instanceof ErrorClass)) return null;
    throw error;
  };
}
