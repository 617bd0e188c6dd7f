/** The locations of the data of an image. */
import type {
  AddLocationShared,
  DirectLocation,
  GetLocationShared,
} from "../api/on_demand/locations.ts";
import {
  ADD_IMAGE_LOCATION,
  GET_IMAGE,
  GET_IMAGE_LOCATIONS,
  UPDATE_IMAGE,
} from "../api/operations/images.ts";
import type { Session } from "../api/session.ts";
import type { GlanceImage } from "../api/types.ts";
import { ProgrammingError } from "../errors.ts";

const SHARED: AddLocationShared & GetLocationShared = {
  ADD_IMAGE_LOCATION,
  GET_IMAGE,
  GET_IMAGE_LOCATIONS,
  ProgrammingError,
  UPDATE_IMAGE,
};

/** Reads the direct URL and the locations of an image. */
export async function getLocation(session: Session, imageId: string): Promise<DirectLocation> {
  const locations = await import("../api/on_demand/locations.ts");
  return await locations.getLocation(session, imageId, SHARED);
}

/**
 * Adds a location to an image.
 *
 * @throws {ProgrammingError} if the cloud does not support setting locations.
 */
export async function addLocation(
  session: Session,
  imageId: string,
  url: string,
  metadata: Readonly<Record<string, unknown>>,
): Promise<GlanceImage> {
  const locations = await import("../api/on_demand/locations.ts");
  return await locations.addLocation(session, imageId, url, metadata, SHARED);
}
