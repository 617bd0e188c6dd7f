/**
 * The locations of image data: the location API of 2024.2, else the older properties of the image.
 */
import {
  ADD_IMAGE_LOCATION,
  GET_IMAGE,
  GET_IMAGE_LOCATIONS,
  UPDATE_IMAGE,
} from "./operations/images.ts";
import { NotAuthorized, NotFound, NotImplemented, ProgrammingError } from "../errors.ts";
import type { Session } from "./session.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "./types.ts";

/** The direct URL and the locations of an image; null if Glance does not show them. */
export type DirectLocation = [directUrl: string | null, locations: readonly ImageLocation[] | null];

/** The session of the privileged context, with the caller's catalog if it has none; the caller's if not configured. */
function privileged(session: Session): Session {
  const { serviceCatalog } = session.context;
  const context = session.client.options.privilegedContext ?? session.context;
  return session.as(
    context.serviceCatalog !== undefined || serviceCatalog === undefined
      ? context
      : { ...context, serviceCatalog },
  );
}

/**
 * Reads the locations from the location API, with the privileged context if configured. Falls back to the
 * properties of the image if that API is missing (older versions answer 404 or 405), forbidden, or empty.
 */
export async function getLocation(session: Session, imageId: string): Promise<DirectLocation> {
  const locations = await privileged(session).call(GET_IMAGE_LOCATIONS, imageId)
    .catch(nullFor(NotFound, NotImplemented, NotAuthorized));
  if (locations !== null && locations.length > 0) return [null, locations];
  const image = await session.call(GET_IMAGE, imageId);
  return [image.direct_url ?? null, image.locations ?? null];
}

/**
 * Adds a location with the location API, or with a JSON patch if that API is missing. The location API
 * accepts only a hash, as `validation_data`, and no other `metadata`: it finds the store by the URL.
 *
 * @throws {ProgrammingError} if the cloud supports neither.
 */
export async function addLocation(
  session: Session,
  imageId: string,
  url: string,
  metadata: Readonly<Record<string, unknown>>,
): Promise<GlanceImage> {
  const validation = validationIn(metadata);
  const isMissing = await privileged(session).call(ADD_IMAGE_LOCATION, imageId, url, validation)
    .catch(nullFor(NotFound, NotImplemented)) === null;
  if (!isMissing) return await session.call(GET_IMAGE, imageId);
  const value = { url, metadata: withoutHash(metadata), validation_data: validation };
  const patch = [{ op: "add", path: "/locations/-", value }] as const;
  return await session.call(UPDATE_IMAGE, imageId, patch).catch((cause) => {
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
