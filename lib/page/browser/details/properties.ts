/** The custom properties of an image. Pure. */
import type { GlanceImage } from "../../../api/types.ts";

/** Names that Glance defines. */
const BASE = new Set(
  "id name status visibility size virtual_size disk_format container_format min_disk min_ram owner protected os_hidden tags stores created_at updated_at checksum os_hash_algo os_hash_value file self schema locations direct_url"
    .split(" "),
);

/** The custom properties by name and value, without those that Glance stores for itself. */
export function propertiesOf(image: GlanceImage): readonly (readonly [string, string])[] {
  return Object.entries(image)
    .filter(([name]) => !BASE.has(name) && !name.startsWith("os_glance"))
    .map(([name, value]) =>
      [name, typeof value === "string" ? value : JSON.stringify(value)] as const
    )
    .sort(([a], [b]) => a < b ? -1 : 1);
}
