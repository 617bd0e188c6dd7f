/**
 * The options of the embedded Glance: what may be asked for, the defaults, and the frozen result
 * that every route reads.
 *
 * @module
 */

import { BodyBudget } from "../../body_budget.ts";
import { ignoringErrors } from "../../events.ts";
import type { ImageStore } from "../../api/types.ts";
import { ImageHasher } from "../store/hashing.ts";
import { EVERYBODY, type Requester } from "./identity.ts";
import { type EmbeddedCacheOptions, ImageCache } from "../data/image_cache.ts";
import type { EmbeddedImportFilter } from "../data/import_filter.ts";
import { memoryStore } from "../store/memory.ts";
import type { EmbeddedPolicy } from "./policy.ts";
import type { EmbeddedPropertyRule } from "../images/property_protection.ts";
import { type EmbeddedStore, ImageVault } from "../store/store.ts";

/** How many of a thing one image may have, and how much of a thing one answer may hold. */
export interface EmbeddedGlanceLimits {
  /** Bytes of one image. @default 1 TiB */
  readonly imageSizeCap?: number;
  /** Bytes of all the images of a project, as `user_storage_quota` limits them. @default none */
  readonly userStorageQuota?: number;
  /** Projects that an image is shared with. @default 128 */
  readonly memberQuota?: number;
  /** Custom properties; those named `os_glance…` are not counted. @default 128 */
  readonly propertyQuota?: number;
  /** Tags. @default 128 */
  readonly tagQuota?: number;
  /** Places where the data lies. @default 10 */
  readonly locationQuota?: number;
  /** Images on a page when the caller names no limit. @default 25 */
  readonly pageLimit?: number;
  /** Images on a page at most. @default 1000 */
  readonly pageLimitMax?: number;
}

/** What each project may have, by Glance's names. What is not given is not limited. */
export interface EmbeddedProjectLimits {
  /** MiB of image data in stores. @default none */
  readonly image_size_total?: number;
  /** MiB of image data that waits for an import. @default none */
  readonly image_stage_total?: number;
  /** Images. @default none */
  readonly image_count_total?: number;
  /** Images whose data is on its way. @default none */
  readonly image_count_uploading?: number;
}

/** Options of `createEmbeddedGlance`. */
export interface EmbeddedGlanceOptions extends EmbeddedGlanceLimits {
  /** Where images are kept. @default a new memory store */
  readonly store?: EmbeddedStore;
  /**
   * False makes a server behave as one on Ceph, Swift or S3: every `Range` is answered with 400.
   *
   * @default true
   */
  readonly ranges?: boolean;
  /**
   * Who a token belongs to; null is answered with 401. `token` is null where the request carries
   * no `X-Auth-Token`.
   *
   * @default everybody is one project with the role `admin`
   */
  readonly identify?: (token: string | null) => Requester | null;
  /** What `GET /v2/info/stores` lists. @default one store `local` */
  readonly stores?: readonly ImageStore[];
  /**
   * False makes a server that does not tell its stores, as a Glance without `enabled_backends`:
   * everything goes to the default store, and 2.8 and 2.10 to 2.13 are not among the versions.
   *
   * @default true
   */
  readonly multiStore?: boolean;
  /** Shows `direct_url`. @default false */
  readonly showDirectUrl?: boolean;
  /** Shows `locations`, and allows them to be changed with PATCH. @default false */
  readonly showLocations?: boolean;
  /** Algorithm of `os_hash_value`. @default "sha512" */
  readonly hashAlgorithm?: string;
  /**
   * Newest Image API version that is offered, from "2.15" on. With "2.17" come
   * `/v2/images/{id}/locations`, `x-openstack-image-size` and `prefer`; with "2.18" come
   * `/v2/cache/clean`, `/v2/cache/prune` and `/v2/cache/nodes/{id}`.
   *
   * @default "2.17"
   */
  readonly version?: string;
  /**
   * What each project may have; one thing more is answered with 413.
   *
   * @default none, and `GET /v2/info/usage` is empty
   */
  readonly limits?: EmbeddedProjectLimits;
  /**
   * Forbids actions beyond Glance's default policies; what is forbidden is answered with 403, an
   * image that may not be seen with 404. Besides the actions of requests there are `copy_image`,
   * `publicize_image` and `communitize_image`.
   *
   * @default nothing more is forbidden
   */
  readonly policy?: EmbeddedPolicy;
  /**
   * Who may do what with custom properties; the first rule that matches decides, and a property that
   * none matches is closed to everyone. None of the rules: every property is open.
   *
   * @default []
   */
  readonly propertyRules?: readonly EmbeddedPropertyRule[];
  /**
   * From where images may be imported.
   *
   * @default everything on the web
   */
  readonly importFilter?: EmbeddedImportFilter;
  /**
   * Caches what is downloaded, and offers `/v2/cache`. As in Glance, 2.14, 2.16 and 2.18 are among
   * the versions only then.
   *
   * @default none: `/v2/cache` answers 404
   */
  readonly imageCache?: EmbeddedCacheOptions;
  /**
   * Reads image data that lies on the web, at URLs that were registered as locations or are to be
   * imported. With it comes the import method `web-download`.
   *
   * @default none: such a URL can be registered, but its data is answered with 503
   */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * Called with errors that are the operator's: a full disk, a file of a directory store that is
   * invalid, an upload whose connection broke.
   *
   * @default errors are dropped
   */
  readonly onError?: (error: unknown) => void;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Makes ids of images, tasks and requests. @default crypto.randomUUID */
  readonly randomUUID?: () => string;
}

/** Options with every default filled in. */
export interface EmbeddedCloud extends Readonly<Required<EmbeddedGlanceLimits>> {
  readonly store: ImageVault;
  readonly ranges: boolean;
  readonly identify: (token: string | null) => Requester | null;
  readonly stores: readonly ImageStore[];
  readonly multiStore: boolean;
  readonly showDirectUrl: boolean;
  readonly showLocations: boolean;
  readonly hashAlgorithm: string;
  /** Minor number of the newest version: 17 of "2.17". */
  readonly minor: number;
  readonly limits: EmbeddedProjectLimits | null;
  readonly policy: EmbeddedPolicy;
  readonly propertyRules: readonly EmbeddedPropertyRule[];
  readonly importFilter: EmbeddedImportFilter | null;
  readonly cache: ImageCache | null;
  readonly fetch: typeof globalThis.fetch | null;
  readonly onError: (error: unknown) => void;
  /** The bodies of requests that are read. */
  readonly bodies: BodyBudget;
  readonly now: () => number;
  readonly randomUUID: () => string;
}

const DEFAULT_STORES: readonly ImageStore[] = [{ id: "local", default: "true" }];
/** Store ids are directory names in the directory store. */
const STORE_ID = /^(?!os_glance_)[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} where a limit is not a whole number, a store id cannot name a directory, no
 * store takes uploads, or the version or the hash algorithm is not known.
 */
export function resolveOptions(options: EmbeddedGlanceOptions): EmbeddedCloud {
  const { imageCache, now = Date.now } = options;
  return Object.freeze({
    store: checkedStore(options.store ?? memoryStore()),
    ranges: options.ranges ?? true,
    identify: options.identify ?? (() => EVERYBODY),
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

/** The store that takes an upload which names none. */
export function defaultStoreId(cloud: EmbeddedCloud): string {
  const store = cloud.stores.find((candidate) => candidate.default === "true") ?? cloud.stores[0];
  return store?.id ?? "local";
}

/** The store that a URL on the web belongs to: one that takes no uploads, where there is one. */
export function webStoreId(cloud: EmbeddedCloud): string {
  const store = cloud.stores.find((candidate) => candidate["read-only"] === "true");
  return store?.id ?? defaultStoreId(cloud);
}

/** True for a store that takes no data. */
export function isReadOnly(cloud: EmbeddedCloud, storeId: string): boolean {
  return cloud.stores.find(({ id }) => id === storeId)?.["read-only"] === "true";
}

/** What a location in that store says of itself. */
export function storeMetadata(
  { multiStore }: EmbeddedCloud,
  storeId: string,
): Record<string, string> {
  return multiStore ? { store: storeId } : {};
}

/** The time of the server, or one some milliseconds later, as Glance writes it: whole seconds. */
export function timestamp(cloud: EmbeddedCloud, later = 0): string {
  return new Date(cloud.now() + later).toISOString().replace(/\.\d+Z$/, "Z");
}

function limit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(
    `Cannot create an embedded Glance: "${name}" is ${value}; give a whole number from 0 on`,
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
    'Cannot create an embedded Glance: no store of "stores" takes uploads; ' +
      'leave "read-only" away on at least one',
  );
}

function checkedAlgorithm(algorithm: string): string {
  try {
    new ImageHasher(algorithm);
    return algorithm;
  } catch (cause) {
    throw new TypeError(
      `Cannot create an embedded Glance: the hash algorithm "${algorithm}" is not offered here; ` +
        'use "sha512"',
      { cause },
    );
  }
}

function minorOf(version: string): number {
  const minor = /^2\.(15|16|17|18)$/.exec(version)?.[1];
  if (minor !== undefined) return Number(minor);
  throw new TypeError(
    `Cannot create an embedded Glance: the version "${version}" is not known; ` +
      'use "2.15", "2.16", "2.17" or "2.18"',
  );
}

function timer(ms: number, ring: () => void): () => void {
  return clearTimeout.bind(null, setTimeout(ring, ms));
}
