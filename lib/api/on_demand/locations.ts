/**
 * The locations of image data: the location API of 2024.2, else the older properties of the image. Imported on
 * demand: few programs use locations.
 */
import type { ProgrammingError } from "../../errors.ts";
import type {
  ADD_IMAGE_LOCATION,
  GET_IMAGE,
  GET_IMAGE_LOCATIONS,
  UPDATE_IMAGE,
} from "../operations/images.ts";
import type { Operation } from "../operation.ts";
import type { Session } from "../session.ts";
import type { GlanceImage, ImageLocation, ValidationData } from "../types.ts";

/** Code that is loaded at the start. It is passed in, because bundlers would split an import into another file. */
export interface GetLocationShared {
  readonly GET_IMAGE: typeof GET_IMAGE;
  readonly GET_IMAGE_LOCATIONS: typeof GET_IMAGE_LOCATIONS;
}

/** Code that is passed in to add a location. */
export interface AddLocationShared {
  readonly ADD_IMAGE_LOCATION: typeof ADD_IMAGE_LOCATION;
  readonly GET_IMAGE: typeof GET_IMAGE;
  readonly ProgrammingError: typeof ProgrammingError;
  readonly UPDATE_IMAGE: typeof UPDATE_IMAGE;
}

/** Statuses without the location API; older versions respond with 404 or 405. */
const MISSING: readonly unknown[] = [404, 405, 501];

/** Statuses of callers that may not use the location API. */
const FORBIDDEN: readonly unknown[] = [401, 403];

/** The direct URL and the locations of an image; null if Glance does not show them. */
export type DirectLocation = [directUrl: string | null, locations: readonly ImageLocation[] | null];

/**
 * Calls the location API as the privileged context, with the caller's catalog if it has none; as the caller if it is
 * not configured.
 */
async function callPrivileged<Args extends readonly unknown[], Result>(
  { client, context, signal, trace }: Session,
  operation: Operation<Args, Result>,
  args: Args,
): Promise<Result> {
  const { privilegedContext } = client.options;
  const serviceCatalog = privilegedContext?.serviceCatalog ?? context?.serviceCatalog;
  // The context itself identifies its renewed token.
  const isWhole = serviceCatalog === privilegedContext?.serviceCatalog;
  const privileged = isWhole ? privilegedContext : { ...privilegedContext, serviceCatalog };
  const caller = privilegedContext === null ? context : privileged;
  return await client.request(caller, operation, args, { signal, trace });
}

/**
 * Reads the locations from the location API, with the privileged context if configured. Falls back to the
 * properties of the image if that API is missing, forbidden, or empty.
 */
export async function getLocation(
  session: Session,
  imageId: string,
  { GET_IMAGE, GET_IMAGE_LOCATIONS }: GetLocationShared,
): Promise<DirectLocation> {
  const locations = await callPrivileged(session, GET_IMAGE_LOCATIONS, [imageId])
    .catch(nullAfter([...MISSING, ...FORBIDDEN]));
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
  { ADD_IMAGE_LOCATION, GET_IMAGE, ProgrammingError, UPDATE_IMAGE }: AddLocationShared,
): Promise<GlanceImage> {
  const validation = validationIn(metadata);
  const isMissing = await callPrivileged(session, ADD_IMAGE_LOCATION, [imageId, url, validation])
    .catch(nullAfter(MISSING)) === null;
  if (!isMissing) return await session.call(GET_IMAGE, imageId);
  const value = { url, metadata: withoutHash(metadata), validation_data: validation };
  const patch = [{ op: "add", path: "/locations/-", value }] as const;
  return await session.call(UPDATE_IMAGE, imageId, patch).catch((cause) => {
    if (cause.status !== 405 && cause.status !== 501) throw cause;
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

/** Returns null for errors with these statuses, and throws all others. */
function nullAfter(statuses: readonly unknown[]) {
  return (error: { readonly status?: unknown }): null => {
    if (statuses.includes(error.status)) return null;
    throw error;
  };
}
