/**
 * An image as Glance shows it.
 *
 * @module
 */

import type { GlanceImage } from "../../api/types.ts";
import { isAdmin, type Requester } from "../request/identity.ts";
import type { EmbeddedCloud } from "../request/options.ts";
import { readableProperties } from "./property_protection.ts";
import type { ImageRow, LocationRow } from "../store/image_records.ts";

/** The request that a view is for. */
interface Viewer {
  readonly cloud: EmbeddedCloud;
  readonly identity: Requester;
}

/**
 * The JSON of an image: custom properties and base properties side by side. Where a deactivated
 * image lies is shown to administrators only.
 */
export function imageView(viewer: Viewer, row: ImageRow): GlanceImage {
  const { cloud, identity } = viewer;
  const { properties, tags, locations: all, members: _m, tasks: _t, staged: _s, ...base } = row;
  const locations = row.status === "deactivated" && !isAdmin(identity) ? [] : all;
  const [first] = locations;
  const stores = locations.map(({ metadata }) => metadata["store"]).filter((id) => id);
  return {
    ...readableProperties(viewer, properties),
    ...base,
    ...(cloud.showLocations ? { locations: locations.map(locationView) } : {}),
    ...(cloud.showDirectUrl && first !== undefined ? { direct_url: first.url } : {}),
    tags,
    self: `/v2/images/${row.id}`,
    file: `/v2/images/${row.id}/file`,
    schema: "/v2/schemas/image",
    ...(stores.length > 0 ? { stores: stores.join(",") } : {}),
  };
}

/** A location without what only the store knows. */
export function locationView(
  { url, metadata }: LocationRow,
): { url: string; metadata: Readonly<Record<string, unknown>> } {
  return { url, metadata };
}
