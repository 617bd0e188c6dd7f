/** The JSON representation of an image. */

import type { GlanceImage } from "../../api/types.ts";
import { type Identity, isAdmin } from "../request/identity.ts";
import type { EmbeddedCloud } from "../request/embedded_cloud.ts";
import { readableProperties } from "./property_protection.ts";
import type { ImageRow, LocationRow } from "../storage/image_records.ts";

/** The parts of a request that determine what is visible. */
interface Viewer {
  readonly cloud: EmbeddedCloud;
  readonly identity: Identity;
}

/**
 * An image as JSON, with base and custom properties at the top level. Only administrators see the
 * locations of a deactivated image.
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
    locations: cloud.showLocations ? locations.map(locationView) : undefined,
    direct_url: cloud.showDirectUrl ? first?.url : undefined,
    tags,
    self: `/v2/images/${row.id}`,
    file: `/v2/images/${row.id}/file`,
    schema: "/v2/schemas/image",
    // Without a location, a custom property may have this name.
    ...stores.length > 0 ? { stores: stores.join(",") } : {},
  };
}

/** The public fields of a location. */
export function locationView(
  { url, metadata }: LocationRow,
): { url: string; metadata: Readonly<Record<string, unknown>> } {
  return { url, metadata };
}
