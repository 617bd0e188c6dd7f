/**
 * Merges a cloud's profile, its settings, and the values of one of its regions, as openstacksdk does. Pure.
 */
import type { Cloud } from "./cloud.ts";
import { isMapping, mergeCloud, type Settings, withUnderscores } from "./settings.ts";

/** A region with its own settings. */
interface Region {
  readonly name: string;
  readonly values: Settings;
}

/** Merges a cloud into its profile; the regions of the cloud, if any, replace those of the profile. */
export function withProfile(cloud: Cloud, profile: Settings): Cloud {
  const below = withUnderscores(profile);
  const { region_name: _, regions: __, ...withoutRegions } = below;
  const hasRegions = "regions" in cloud.settings || "region_name" in cloud.settings;
  return cloud.with(mergeCloud(hasRegions ? withoutRegions : below, cloud.settings));
}

/**
 * Applies the values of a region to a cloud: of the requested region, or, if that is null, of the first.
 *
 * @throws {InvalidConfigurationValue} if the cloud has regions, but not the requested one.
 */
export function inRegion(cloud: Cloud, requested: string | null): Cloud {
  const known = regionsOf(cloud);
  const { regions: _, region_name: __, ...settings } = cloud.settings;
  if (known.length === 0) {
    return requested === null ? cloud : cloud.with({ ...settings, region_name: requested });
  }
  const region = requested === null ? known[0] : known.find(({ name }) => name === requested);
  if (region !== undefined) {
    return cloud.with({ ...mergeCloud(settings, region.values), region_name: region.name });
  }
  const names = known.map(({ name }) => `"${name}"`).join(", ");
  throw cloud.unusable(
    "region_name",
    `must be one of ${names}, not "${requested}"; set OS_REGION_NAME to one of them, or unset it`,
  );
}

function regionsOf(cloud: Cloud): Region[] {
  const { regions, region_name: name } = cloud.settings;
  if (Array.isArray(regions)) return regions.map((region) => regionFrom(cloud, region));
  const names = Array.isArray(name) ? name : cloud.text("region_name")?.split(",") ?? [];
  return names.map((region) => regionFrom(cloud, region));
}

function regionFrom(cloud: Cloud, region: unknown): Region {
  if (typeof region === "string") return { name: region, values: {} };
  if (!isMapping(region)) {
    throw cloud.unusable("regions", "has an entry that is not text; write it in quotes");
  }
  const { name, values = {} } = region;
  if (typeof name === "string" && isMapping(values)) {
    return { name, values: withUnderscores(values) };
  }
  throw cloud.unusable("regions", 'has an entry without a name; write "- RegionOne"');
}
