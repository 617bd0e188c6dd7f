/** The resolved configuration of an embedded Glance, which every route reads. */

import type { ImageStore } from "../../api/types.ts";
import { BodyBudget } from "../../http/body_budget.ts";
import { ignoringErrors } from "../../events.ts";
import { timerOf } from "../../timer.ts";
import { ImageCache } from "../data/image_cache.ts";
import type { EmbeddedImportFilter } from "../data/import_filter.ts";
import type { EmbeddedPropertyRule } from "../images/property_protection.ts";
import { ImageHasher } from "../storage/hashing.ts";
import { memoryStorage } from "../storage/memory.ts";
import { type EmbeddedStorage, ImageStorage } from "../storage/storage.ts";
import { DEFAULT_IDENTITY, type Identity } from "./identity.ts";
import type {
  EmbeddedGlanceLimits,
  EmbeddedGlanceOptions,
  EmbeddedProjectLimits,
} from "./options.ts";
import type { EmbeddedPolicy } from "./policy.ts";

/** The limits with all defaults applied. */
type ResolvedLimits = { readonly [Name in keyof EmbeddedGlanceLimits]-?: number };

/** The options with all defaults applied. */
export interface EmbeddedCloud extends ResolvedLimits {
  readonly storage: ImageStorage;
  readonly supportsRanges: boolean;
  readonly identify: (token: string | null) => Identity | null;
  readonly stores: readonly ImageStore[];
  readonly multiStore: boolean;
  readonly showDirectUrl: boolean;
  readonly showLocations: boolean;
  readonly hashAlgorithm: string;
  /** Minor number of the newest version, for example 17 for "2.17". */
  readonly minor: number;
  readonly requireImageFormatMatch: boolean;
  readonly limits: EmbeddedProjectLimits | null;
  readonly policy: EmbeddedPolicy;
  readonly propertyRules: readonly EmbeddedPropertyRule[];
  readonly importFilter: EmbeddedImportFilter | null;
  readonly cache: ImageCache | null;
  readonly fetch: typeof globalThis.fetch | null;
  readonly onError: (error: unknown) => void;
  /** Memory budget for request bodies. */
  readonly bodies: BodyBudget;
  readonly now: () => number;
  readonly randomUUID: () => string;
}

const DEFAULT_LIMITS: ResolvedLimits = {
  imageSizeCap: 1024 ** 4,
  userStorageQuota: Infinity,
  memberQuota: 128,
  propertyQuota: 128,
  tagQuota: 128,
  locationQuota: 10,
  pageLimit: 25,
  pageLimitMax: 1000,
};
const DEFAULT_STORES: readonly ImageStore[] = [{ id: "local", default: "true" }];
/**
 * Store ids are directory names in directory storage, in which `staging` is the directory of staged data. Glance
 * reserves those that start with `os_glance_`.
 */
const STORE_ID = /^(?!os_glance_|staging$)[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Validates the options and applies the defaults.
 *
 * @throws {TypeError} if a limit is not a non-negative integer, a store id is invalid, every store is
 * read-only, the version or the hash algorithm is unknown, or `storage` was not created by
 * `memoryStorage` or `directoryStorage`.
 */
export function resolveOptions(options: EmbeddedGlanceOptions): EmbeddedCloud {
  const { imageCache, now = Date.now } = options;
  return Object.freeze({
    storage: checkedStorage(options.storage ?? memoryStorage()),
    supportsRanges: options.supportsRanges ?? true,
    identify: options.identify ?? (() => DEFAULT_IDENTITY),
    stores: checkedStores(options.stores ?? DEFAULT_STORES),
    multiStore: options.multiStore ?? true,
    showDirectUrl: options.showDirectUrl ?? false,
    showLocations: options.showLocations ?? false,
    hashAlgorithm: checkedAlgorithm(options.hashAlgorithm ?? "sha512"),
    minor: minorOf(options.version ?? "2.17"),
    requireImageFormatMatch: options.requireImageFormatMatch ?? true,
    limits: options.limits ?? null,
    policy: options.policy ?? (() => true),
    propertyRules: options.propertyRules ?? [],
    importFilter: options.importFilter ?? null,
    cache: imageCache === undefined ? null : new ImageCache(imageCache, now),
    fetch: options.fetch ?? null,
    onError: ignoringErrors(options.onError),
    bodies: new BodyBudget({ timer: timerOf(options.sleep) }),
    now,
    randomUUID: options.randomUUID ?? (() => crypto.randomUUID()),
    ...checkedLimits(options),
  });
}

/** Removes data that no image has any more. If that fails, the next start removes it. */
export async function removeData({ storage, onError }: EmbeddedCloud, key: string): Promise<void> {
  await storage.bytes.remove(key).catch(onError);
}

/** The current time plus `later` milliseconds, in Glance's format (whole seconds). */
export function timestamp(cloud: EmbeddedCloud, later = 0): string {
  return new Date(cloud.now() + later).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The times of a row that is created now. */
export function timesOfCreation(
  cloud: EmbeddedCloud,
): Readonly<Record<"created_at" | "updated_at", string>> {
  const now = timestamp(cloud);
  return { created_at: now, updated_at: now };
}

function checkedLimits(options: EmbeddedGlanceLimits): ResolvedLimits {
  const limits = Object.entries(DEFAULT_LIMITS).map(([name, byDefault]) => {
    const value = options[name as keyof ResolvedLimits];
    if (value === undefined) return [name, byDefault];
    if (Number.isSafeInteger(value) && value >= 0) return [name, value];
    throw unusable(`"${name}" is ${value}; use a non-negative integer`);
  });
  return Object.fromEntries(limits);
}

function checkedStorage(storage: EmbeddedStorage): ImageStorage {
  if (storage instanceof ImageStorage) return storage;
  throw unusable('"storage" is not a storage; use memoryStorage() or directoryStorage(path)');
}

function checkedStores(stores: readonly ImageStore[]): readonly ImageStore[] {
  const bad = stores.find(({ id }) => !STORE_ID.test(id));
  if (bad !== undefined) {
    throw unusable(
      `the store id "${bad.id}" cannot name a directory; use letters, digits, dots, ` +
        'dashes, and underscores, but neither "staging" nor the prefix "os_glance_"',
    );
  }
  if (stores.some((store) => store["read-only"] !== "true")) return stores;
  throw unusable('no store of "stores" accepts uploads; omit "read-only" from at least one');
}

function checkedAlgorithm(algorithm: string): string {
  // Throws if the runtime cannot hash at all.
  new ImageHasher("md5");
  try {
    new ImageHasher(algorithm);
    return algorithm;
  } catch (cause) {
    throw unusable(`the hash algorithm "${algorithm}" is not supported; use "sha512"`, cause);
  }
}

function minorOf(version: string): number {
  const minor = /^2\.(15|16|17|18)$/.exec(version)?.[1];
  if (minor !== undefined) return Number(minor);
  throw unusable(
    `the version "${version}" is not supported; use "2.15", "2.16", "2.17", or "2.18"`,
  );
}

function unusable(problem: string, cause?: unknown): TypeError {
  return new TypeError(`Cannot create an embedded Glance: ${problem}`, { cause });
}
