/** The options of the embedded Glance. */

import type { ImageStore } from "../../api/types.ts";
import type { EmbeddedCacheOptions } from "../data/image_cache.ts";
import type { EmbeddedImportFilter } from "../data/import_filter.ts";
import type { EmbeddedPropertyRule } from "../images/property_protection.ts";
import type { EmbeddedStorage } from "../storage/storage.ts";
import type { Identity } from "./identity.ts";
import type { EmbeddedPolicy } from "./policy.ts";

/** Limits per image and per response. */
export interface EmbeddedGlanceLimits {
  /** Maximum size of an image, in bytes. Default: 1 TiB. */
  readonly imageSizeCap?: number | undefined;
  /**
   * Maximum size of all images of a project, in bytes (`user_storage_quota`). Default: unlimited.
   */
  readonly userStorageQuota?: number | undefined;
  /** Maximum number of members of an image. Default: `128`. */
  readonly memberQuota?: number | undefined;
  /** Maximum number of custom properties; `os_glance…` properties do not count. Default: `128`. */
  readonly propertyQuota?: number | undefined;
  /** Maximum number of tags. Default: `128`. */
  readonly tagQuota?: number | undefined;
  /** Maximum number of locations. Default: `10`. */
  readonly locationQuota?: number | undefined;
  /** Images per page if the request sets no `limit`. Default: `25`. */
  readonly pageLimit?: number | undefined;
  /** Maximum number of images per page. Default: `1000`. */
  readonly pageLimitMax?: number | undefined;
}

/** Limits per project, with Glance's names. An omitted limit is not enforced. */
export interface EmbeddedProjectLimits {
  /** Image data in stores, in MiB. Default: unlimited. */
  readonly image_size_total?: number | undefined;
  /** Image data in the staging area, in MiB. Default: unlimited. */
  readonly image_stage_total?: number | undefined;
  /** Number of images. Default: unlimited. */
  readonly image_count_total?: number | undefined;
  /** Number of images that are being uploaded or imported. Default: unlimited. */
  readonly image_count_uploading?: number | undefined;
}

/** Options of `createEmbeddedGlance`. */
export interface EmbeddedGlanceOptions extends EmbeddedGlanceLimits {
  /** Storage for images, tasks, and metadata definitions. Default: a new memory storage. */
  readonly storage?: EmbeddedStorage | undefined;
  /**
   * Supports `Range` requests. If false, every range is rejected with 400, as by a Glance on Ceph,
   * Swift, or S3.
   *
   * Default: `true`.
   */
  readonly supportsRanges?: boolean | undefined;
  /**
   * Maps a token to its owner. If it returns null, the request is rejected with 401. `token` is null if
   * the request has no `X-Auth-Token` header.
   *
   * Default: every request is from one project with the role `admin`.
   */
  readonly identify?: ((token: string | null) => Identity | null) | undefined;
  /** Stores that `GET /v2/info/stores` lists. Default: one store `local`. */
  readonly stores?: readonly ImageStore[] | undefined;
  /**
   * Offers several stores. If false, the server behaves as a Glance without `enabled_backends`: all
   * data goes to the default store, and versions 2.8 and 2.10 to 2.13 are not listed.
   *
   * Default: `true`.
   */
  readonly multiStore?: boolean | undefined;
  /** Includes `direct_url` in images. Default: `false`. */
  readonly showDirectUrl?: boolean | undefined;
  /** Includes `locations` in images and allows changing them with PATCH. Default: `false`. */
  readonly showLocations?: boolean | undefined;
  /** Algorithm of `os_hash_value`. Default: `"sha512"`. */
  readonly hashAlgorithm?: string | undefined;
  /**
   * Newest Image API version, from "2.15" to "2.18". "2.17" adds `/v2/images/{id}/locations`,
   * `x-openstack-image-size`, and `prefer`; "2.18" adds `/v2/cache/clean`, `/v2/cache/prune`, and
   * `/v2/cache/nodes/{id}`.
   *
   * Default: `"2.17"`.
   */
  readonly version?: string | undefined;
  /**
   * Whether data of another format than `disk_format` is refused with 415. Data that fails the safety checks of its
   * format is refused in any case. Only data in `bare` containers is inspected. Before "2.17", no data is refused, as in
   * the Glance of that time.
   *
   * Default: `true`.
   */
  readonly requireImageFormatMatch?: boolean | undefined;
  /**
   * Limits per project; exceeding one is rejected with 413.
   *
   * Default: unlimited; `GET /v2/info/usage` is empty.
   */
  readonly limits?: EmbeddedProjectLimits | undefined;
  /**
   * Forbids actions that Glance's default policies allow. A forbidden action is rejected with 403,
   * a forbidden `get_image` with 404. Besides the actions of requests there are `copy_image`,
   * `publicize_image`, and `communitize_image`.
   *
   * Default: the default policies of Glance.
   */
  readonly policy?: EmbeddedPolicy | undefined;
  /**
   * Access rules for custom properties. The first rule whose name matches decides; a property that
   * matches no rule is inaccessible. An empty list allows everything.
   *
   * Default: `[]`.
   */
  readonly propertyRules?: readonly EmbeddedPropertyRule[] | undefined;
  /** URLs that images may be imported from. Default: every http and https URL. */
  readonly importFilter?: EmbeddedImportFilter | undefined;
  /**
   * Models Glance's image cache: entries and hit counts, not bytes. Enables `/v2/cache`. As in Glance,
   * versions 2.14, 2.16, and 2.18 are listed only with a cache.
   *
   * Default: no cache; `/v2/cache` is rejected with 404.
   */
  readonly imageCache?: EmbeddedCacheOptions | undefined;
  /**
   * Reads image data at http and https URLs, for locations and imports. Enables the import method
   * `web-download`.
   *
   * Default: none; a URL can be added as a location, but reading its data is rejected with 503.
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /**
   * Called with errors that concern the operator: a full disk, an invalid file in directory
   * storage, an interrupted upload.
   *
   * Default: errors are ignored.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Current time in milliseconds since 1970. Default: Date.now. */
  readonly now?: (() => number) | undefined;
  /**
   * Resolves after `ms` milliseconds, and rejects when the signal is aborted. Limits the time that a
   * JSON body may take to one minute. Default: setTimeout.
   */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /** Generates ids of images, tasks, and requests. Default: crypto.randomUUID. */
  readonly randomUUID?: (() => string) | undefined;
}
