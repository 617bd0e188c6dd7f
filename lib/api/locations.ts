/**
 * The locations of image data: the location API of 2024.2, else the older properties of the image.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { NotAuthorized, NotFound, NotImplemented, ProgrammingError } from "../errors.ts";
import type { CallOptions, GlanceClientWrapper } from "./client.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "./types.ts";

/** The direct URL and the locations of an image; null if Glance does not show them. */
export type DirectLocation = [directUrl: string | null, locations: readonly ImageLocation[] | null];

/** The privileged context, with the caller's catalog if it has none; the caller's if not configured. */
function privilegedFor(client: GlanceClientWrapper, caller: RequestContext): RequestContext {
  const { serviceCatalog } = caller;
  const privileged = client.options.privilegedContext ?? caller;
  return privileged.serviceCatalog !== undefined || serviceCatalog === undefined
    ? privileged
    : { ...privileged, serviceCatalog };
}

/**
 * Reads the locations from the location API, with the privileged context if configured. Falls back to the
 * properties of the image if that API is missing (older versions answer 404 or 405), forbidden, or empty.
 */
export async function getLocation(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  options: CallOptions,
): Promise<DirectLocation> {
  const privileged = privilegedFor(client, context);
  const locations = await client.run(privileged, "getImageLocations", [imageId], options)
    .catch(nullFor(NotFound, NotImplemented, NotAuthorized));
  if (locations !== null && locations.length > 0) return [null, locations];
  const image = await client.run(context, "get", [imageId], options);
  return [image.direct_url ?? null, image.locations ?? null];
}

/**
 * Adds a location with the location API, or with a JSON patch if that API is missing. The location API
 * accepts only a hash, as `validation_data`, and no other `metadata`: it finds the store by the URL.
 *
 * @throws {ProgrammingError} if the cloud supports neither.
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
    .catch(nullFor(NotFound, NotImplemented)) === null;
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
      `Cannot add a location to image "${imageId}": the cloud has neither the location API nor locations that can be patched; ask its operator to enable one of them`,
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

/** Turns errors of these classes into null, and throws others. */
function nullFor(...classes: readonly (new (...args: never[]) => Error)[]) {
  return (error: unknown): null => {
    if (classes.some((ErrorClass) => error instanceof ErrorClass)) return null;
    throw error;
  };
}
