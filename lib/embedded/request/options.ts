/**
 * The options of the embedded Glance, their defaults, and the resolved configuration that every
 * route reads.
 *
 * @module
 */

import { BodyBudget } from "../../body_budget.ts";
import { ignoringErrors } from "../../events.ts";
import type { ImageStore } from "../../api/types.ts";
import { ImageHasher } from "../store/hashing.ts";
import { DEFAULT_REQUESTER, type Requester } from "./identity.ts";
import { type EmbeddedCacheOptions, ImageCache } from "../data/image_cache.ts";
import type { EmbeddedImportFilter } from "../data/import_filter.ts";
import { memoryStore } from "../store/memory.ts";
import type { EmbeddedPolicy } from "./policy.ts";
import type { EmbeddedPropertyRule } from "../images/property_protection.ts";
import { type EmbeddedStore, ImageVault } from "../store/store.ts";

/** Limits per image and per response. */
export interface EmbeddedGlanceLimits {
  /** Maximum size of an image, in bytes. @default 1 TiB */
  readonly imageSizeCap?: number;
  /**
   * Maximum size of all images of a project, in bytes (`user_storage_quota`). @default unlimited
   */
  readonly userStorageQuota?: number;
  /** Maximum number of members of an image. @default 128 */
  readonly memberQuota?: number;
  /** Maximum number of custom properties; `os_glance…` properties do not count. @default 128 */
  readonly propertyQuota?: number;
  /** Maximum number of tags. @default 128 */
  readonly tagQuota?: number;
  /** Maximum number of locations. @default 10 */
  readonly locationQuota?: number;
  /** Images per page if the request sets no `limit`. @default 25 */
  readonly pageLimit?: number;
  /** Maximum number of images per page. @default 1000 */
  readonly pageLimitMax?: number;
}

/** Limits per project, with Glance's names. An omitted limit is not enforced. */
export interface EmbeddedProjectLimits {
  /** Image data in stores, in MiB. @default unlimited */
  readonly image_size_total?: number;
  /** Image data in the staging area, in MiB. @default unlimited */
  readonly image_stage_total?: number;
  /** Number of images. @default unlimited */
  readonly image_count_total?: number;
  /** Number of images that are being uploaded or imported. @default unlimited */
  readonly image_count_uploading?: number;
}

/** Options of `createEmbeddedGlance`. */
export interface EmbeddedGlanceOptions extends EmbeddedGlanceLimits {
  /** Storage for images, tasks, and metadata definitions. @default a new memory store */
  readonly store?: EmbeddedStore;
  /**
   * Supports `Range` requests. If false, every range is answered with 400, as by a Glance on Ceph,
   * Swift, or S3.
   *
   * @default true
   */
  readonly ranges?: boolean;
  /**
   * Maps a token to its owner; null is answered with 401. `token` is null if the request has no
   * `X-Auth-Token` header.
   *
   * @default every request is from one project with the role `admin`
   */
  readonly identify?: (token: string | null) => Requester | null;
  /** Stores that `GET /v2/info/stores` lists. @default one store `local` */
  readonly stores?: readonly ImageStore[];
  /**
   * Offers several stores. If false, the server behaves as a Glance without `enabled_backends`: all
   * data goes to the default store, and versions 2.8 and 2.10 to 2.13 are not listed.
   *
   * @default true
   */
  readonly multiStore?: boolean;
  /** Includes `direct_url` in images. @default false */
  readonly showDirectUrl?: boolean;
  /** Includes `locations` in images and allows changing them with PATCH. @default false */
  readonly showLocations?: boolean;
  /** Algorithm of `os_hash_value`. @default "sha512" */
  readonly hashAlgorithm?: string;
  /**
   * Newest Image API version, from "2.15" to "2.18". "2.17" adds `/v2/images/{id}/locations`,
   * `x-openstack-image-size`, and `prefer`; "2.18" adds `/v2/cache/clean`, `/v2/cache/prune`, and
   * `/v2/cache/nodes/{id}`.
   *
   * @default "2.17"
   */
  readonly version?: string;
  /**
   * Limits per project; exceeding one is answered with 413.
   *
   * @default unlimited; `GET /v2/info/usage` is empty
   */
  readonly limits?: EmbeddedProjectLimits;
  /**
   * Forbids actions that Glance's default policies allow. A forbidden action is answered with 403,
   * a forbidden `get_image` with 404. Besides the actions of requests there are `copy_image`,
   * `publicize_image`, and `communitize_image`.
   *
   * @default the default policies of Glance
   */
  readonly policy?: EmbeddedPolicy;
  /**
   * Access rules for custom properties. The first rule whose name matches decides; a property that
   * matches no rule is inaccessible. An empty list allows everything.
   *
   * @default []
   */
  readonly propertyRules?: readonly EmbeddedPropertyRule[];
  /** URLs that images may be imported from. @default every http and https URL */
  readonly importFilter?: EmbeddedImportFilter;
  /**
   * Caches downloaded images and enables `/v2/cache`. As in Glance, versions 2.14, 2.16, and 2.18
   * are listed only with a cache.
   *
   * @default no cache; `/v2/cache` is answered with 404
   */
  readonly imageCache?: EmbeddedCacheOptions;
  /**
   * Reads image data at http and https URLs, for locations and imports. Enables the import method
   * `web-download`.
   *
   * @default none; a URL can be added as a location, but reading its data is answered with 503
   */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * Called with errors that concern the operator: a full disk, an invalid file in a directory
   * store, an interrupted upload.
   *
   * @default errors are ignored
   */
  readonly onError?: (error: unknown) => void;
  /** Current time in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Generates ids of images, tasks, and requests. @default crypto.randomUUID */
  readonly randomUUID?: () => string;
}

/** The options with all defaults applied. */
export interface EmbeddedCloud extends Readonly<Required<EmbeddedGlanceLimits>> {
  readonly store: ImageVault;
  readonly ranges: boolean;
  readonly identify: (token: string | null) => Requester | null;
  readonly stores: readonly ImageStore[];
  readonly multiStore: boolean;
  readonly showDirectUrl: boolean;
  readonly showLocations: boolean;
  readonly hashAlgorithm: string;
  /** Minor number of the newest version, for example 17 for "2.17". */
  readonly minor: number;
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

const DEFAULT_STORES: readonly ImageStore[] = [{ id: "local", default: "true" }];
/** Store ids are directory names in a directory store. */
const STORE_ID = /^(?!os_glance_)[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Validates the options and applies the defaults.
 *
 * @throws {TypeError} if a limit is not a non-negative integer, a store id cannot be a directory
 * name, every store is read-only, or the version or the hash algorithm is unknown.
 */
export function resolveOptions(options: EmbeddedGlanceOptions): EmbeddedCloud {
  const { imageCache, now = Date.now } = options;
  return Object.freeze({
    store: checkedStore(options.store ?? memoryStore()),
    ranges: options.ranges ?? true,
    identify: options.identify ?? (() => DEFAULT_REQUESTER),
    stores: checkedStores(options.stores ?? DEFAULT_STORES),
    multiStore: options.multiStore ?? true,
    showDirectUrl: options.showDirectUrl ?? false,
    showLocations: options.showLocations ?? false,
    hashAlgorithm: checkedAlgorithm(options.hashAlgorithm ?? "sha512"),
    minor: minorOf(options.version ?? "2.17"),
    limits: options.limits ?? null,
    policy: options.policy ?? (() => true),
    propertyRules: options.propertyRules ?? [],
    importFilter: options.importFilter ?? null,
    cache: imageCache === undefined ? null : new ImageCache(imageCache, now),
    fetch: options.fetch ?? null,
    onError: ignoringErrors(options.onError),
    bodies: new BodyBudget({ timer }),
    now,
    randomUUID: options.randomUUID ?? (() => crypto.randomUUID()),
    imageSizeCap: limit("imageSizeCap", options.imageSizeCap ?? 1024 ** 4),
    userStorageQuota: options.userStorageQuota === undefined
      ? Infinity
      : limit("userStorageQuota", options.userStorageQuota),
    memberQuota: limit("memberQuota", options.memberQuota ?? 128),
    propertyQuota: limit("propertyQuota", options.propertyQuota ?? 128),
    tagQuota: limit("tagQuota", options.tagQuota ?? 128),
    locationQuota: limit("locationQuota", options.locationQuota ?? 10),
    pageLimit: limit("pageLimit", options.pageLimit ?? 25),
    pageLimitMax: limit("pageLimitMax", options.pageLimitMax ?? 1000),
  });
}

/** Id of the store for uploads that select none. */
export function defaultStoreId(cloud: EmbeddedCloud): string {
  const store = cloud.stores.find((candidate) => candidate.default === "true") ?? cloud.stores[0];
  return store?.id ?? "local";
}

/** Id of the store for URLs: the first read-only store, or else the default store. */
export function webStoreId(cloud: EmbeddedCloud): string {
  const store = cloud.stores.find((candidate) => candidate["read-only"] === "true");
  return store?.id ?? defaultStoreId(cloud);
}

/** True if the store accepts no data. */
export function isReadOnly(cloud: EmbeddedCloud, storeId: string): boolean {
  return cloud.stores.find(({ id }) => id === storeId)?.["read-only"] === "true";
}

/** Metadata of a location in the store. */
export function storeMetadata(
  { multiStore }: EmbeddedCloud,
  storeId: string,
): Record<string, string> {
  return multiStore ? { store: storeId } : {};
}

/** The current time plus `later` milliseconds, in Glance's format (whole seconds). */
export function timestamp(cloud: EmbeddedCloud, later = 0): string {
  return new Date(cloud.now() + later).toISOString().replace(/\.\d+Z$/, "Z");
}

function limit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(
    `Cannot create an embedded Glance: "${name}" is ${value}; use a non-negative integer`,
  );
}

function checkedStore(store: EmbeddedStore): ImageVault {
  if (store instanceof ImageVault) return store;
  throw new TypeError(
    'Cannot create an embedded Glance: "store" is not a store; use memoryStore() or ' +
      "directoryStore(path)",
  );
}

function checkedStores(stores: readonly ImageStore[]): readonly ImageStore[] {
  const bad = stores.find(({ id }) => !STORE_ID.test(id));
  if (bad !== undefined) {
    throw new TypeError(
      `Cannot create an embedded Glance: the store id "${bad.id}" cannot name a directory; ` +
        "use letters, digits, dots, dashes and underscores",
    );
  }
  if (stores.some((store) => store["read-only"] !== "true")) return stores;
  throw new TypeError(
    'Cannot create an embedded Glance: no store of "stores" accepts uploads; ' +
      'omit "read-only" from at least one',
  );
}

function checkedAlgorithm(algorithm: string): string {
  try {
    new ImageHasher(algorithm);
    return algorithm;
  } catch (cause) {
    throw new TypeError(
      `Cannot create an embedded Glance: the hash algorithm "${algorithm}" is not supported; ` +
        'use "sha512"',
      { cause },
    );
  }
}

function minorOf(version: string): number {
  const minor = /^2\.(15|16|17|18)$/.exec(version)?.[1];
  if (minor !== undefined) return Number(minor);
  throw new TypeError(
    `Cannot create an embedded Glance: the version "${version}" is not supported; ` +
      'use "2.15", "2.16", "2.17" or "2.18"',
  );
}

function timer(ms: number, callback: () => void): () => void {
  return clearTimeout.bind(null, setTimeout(callback, ms));
}
