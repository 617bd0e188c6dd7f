/**
 * Images, members, and stores: `GlanceImage` is the JSON of Image API v2, `Image` the camelCase form of
 * this library. Types and constants only.
 */

/**
 * The statuses of an image.
 *
 * - `queued`: the record exists, without data.
 * - `saving`: data is being written to a store.
 * - `uploading`: data is being written to the staging area, for an import.
 * - `importing`: an import is running.
 * - `active`: the data can be read.
 * - `deactivated`: only an administrator can read the data.
 * - `killed`: an upload failed, and the image cannot be used.
 * - `deleted`: the image is deleted.
 * - `pending_delete`: deleted for users; the data is removed later.
 */
export const IMAGE_STATUSES = [
  "queued",
  "saving",
  "uploading",
  "importing",
  "active",
  "deactivated",
  "killed",
  "deleted",
  "pending_delete",
] as const;

/** One of {@linkcode IMAGE_STATUSES}. Statuses of newer versions of Glance are returned unchanged. */
export type ImageStatus = typeof IMAGE_STATUSES[number] | (string & Record<never, never>);

/**
 * Who can see an image.
 *
 * - `public`: all projects.
 * - `community`: all projects, by id; default lists of other projects do not contain it.
 * - `shared`: the owner and the members.
 * - `private`: the owner.
 */
export const IMAGE_VISIBILITIES = ["public", "community", "shared", "private"] as const;

/** One of {@linkcode IMAGE_VISIBILITIES}. */
export type ImageVisibility = typeof IMAGE_VISIBILITIES[number];

/** The states of a membership: whether the project has accepted the shared image. */
export const MEMBER_STATUSES = ["pending", "accepted", "rejected"] as const;

/** One of {@linkcode MEMBER_STATUSES}. */
export type MemberStatus = typeof MEMBER_STATUSES[number];

/** A place where a store keeps the data of an image: an entry of Glance's `locations`. */
export interface ImageLocation {
  /** Store URL, for example `file:///var/lib/glance/images/…`, `rbd://…`, `cinder://…`. */
  readonly url: string;
  /** Metadata of the location; `store` is the id of the store. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The expected hash of the data, for Glance to check. */
  readonly validation_data?: ValidationData;
}

/** The hash with which Glance checks data that is already in a store. */
export interface ValidationData {
  /** Hash algorithm, for example `sha512`. */
  readonly os_hash_algo: string;
  /** The digest, in lowercase hexadecimal. */
  readonly os_hash_value: string;
}

/** A JSON value. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * An image exactly as Image API v2 returns it. Other keys are custom properties, whose values are strings.
 */
export interface GlanceImage {
  /** UUID. */
  readonly id: string;
  /** Name; not unique. */
  readonly name?: string | null;
  /** Its status. */
  readonly status: ImageStatus;
  /** Who can see it. */
  readonly visibility?: ImageVisibility;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; null until it is set. */
  readonly disk_format?: string | null;
  /** `bare`, `ovf`, `docker` …; null until it is set. */
  readonly container_format?: string | null;
  /** Bytes; null until data is stored. */
  readonly size?: number | null;
  /** Bytes of the disk that the image holds; null if it is unknown. */
  readonly virtual_size?: number | null;
  /** Gigabytes. */
  readonly min_disk?: number;
  /** Megabytes. */
  readonly min_ram?: number;
  /** MD5 of the data, hexadecimal. */
  readonly checksum?: string | null;
  /** Algorithm of `os_hash_value`, for example `sha512`. */
  readonly os_hash_algo?: string | null;
  /** Digest of the data, hexadecimal. */
  readonly os_hash_value?: string | null;
  /** A hidden image stays out of default lists. */
  readonly os_hidden?: boolean;
  /** Id of the project that owns it. */
  readonly owner?: string | null;
  /** A protected image cannot be deleted. */
  readonly protected?: boolean;
  /** Tags. */
  readonly tags?: readonly string[];
  /** Comma-separated store ids. */
  readonly stores?: string | undefined;
  /** Locations of its data, if the cloud shows them. */
  readonly locations?: readonly ImageLocation[] | undefined;
  /** URL of the first location, if the cloud shows it. */
  readonly direct_url?: string | null | undefined;
  /** Time of creation, as `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at?: string | null;
  /** Time of the last change. */
  readonly updated_at?: string | null;
  /** Time of deletion; only administrators see it. */
  readonly deleted_at?: string | null;
  /** Path of the image in the API. */
  readonly self?: string;
  /** Path of its data in the API. */
  readonly file?: string;
  /** Path of its schema in the API. */
  readonly schema?: string;
  /** Custom properties. */
  readonly [property: string]: unknown;
}

/**
 * An image in the form of this library: base properties in camelCase, dates as `Date`, custom properties
 * under `properties`. A base property that Glance did not send is null.
 */
export interface Image {
  /** UUID. */
  readonly id: string;
  /** Name; not unique. */
  readonly name: string | null;
  /** Its status. */
  readonly status: ImageStatus;
  /** Who can see it. */
  readonly visibility: ImageVisibility | null;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; null until it is set. */
  readonly diskFormat: string | null;
  /** `bare`, `ovf`, `docker` …; null until it is set. */
  readonly containerFormat: string | null;
  /** Bytes; null until data is stored. */
  readonly size: number | null;
  /** Bytes of the disk that the image holds; null if it is unknown. */
  readonly virtualSize: number | null;
  /** Minimum disk to boot it, in gigabytes. */
  readonly minDisk: number | null;
  /** Minimum memory to boot it, in megabytes. */
  readonly minRam: number | null;
  /** MD5 of the data, hexadecimal. */
  readonly checksum: string | null;
  /** Algorithm of `osHashValue`, for example `sha512`. */
  readonly osHashAlgo: string | null;
  /** Digest of the data, hexadecimal. */
  readonly osHashValue: string | null;
  /** Id of the project that owns the image. */
  readonly owner: string | null;
  /** A protected image cannot be deleted. */
  readonly protected: boolean | null;
  /** A hidden image stays out of default lists. */
  readonly osHidden: boolean | null;
  /** Tags. */
  readonly tags: readonly string[];
  /** Ids of the stores that hold the data; empty if Glance does not show them. */
  readonly stores: readonly string[];
  /** Locations of the data; null if Glance does not show them. */
  readonly locations: readonly ImageLocation[] | null;
  /** URL of the first location; null if Glance does not show it. */
  readonly directUrl: string | null;
  /** Time of creation. */
  readonly createdAt: Date | null;
  /** Time of the last change. */
  readonly updatedAt: Date | null;
  /** Time of deletion; only administrators see it. */
  readonly deletedAt: Date | null;
  /** Custom properties; `mappings` and `block_device_mapping` are decoded from JSON. */
  readonly properties: Readonly<Record<string, unknown>>;
  /**
   * Id of the key that encrypts the image, if its properties name one. Also in `properties`, as
   * `cinder_encryption_key_id`.
   */
  readonly cinderEncryptionKeyId?: string;
}

/**
 * The argument of `create` and `update`: the settable base properties of {@linkcode Image}, and custom
 * `properties`. As in Cinder, a custom property overrides a base property of the same name.
 */
export interface ImageMeta {
  /** UUID (default: `create` chooses one). */
  readonly id?: string | undefined;
  /** Name; need not be unique. */
  readonly name?: string | null | undefined;
  /** Who can see it (default of Glance: `shared`). `public` needs an administrator. */
  readonly visibility?: ImageVisibility | null | undefined;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; required before data is stored. */
  readonly diskFormat?: string | null | undefined;
  /** `bare`, `ovf`, `docker` …; required before data is stored. */
  readonly containerFormat?: string | null | undefined;
  /** Gigabytes. */
  readonly minDisk?: number | null | undefined;
  /** Megabytes. */
  readonly minRam?: number | null | undefined;
  /** Project id; only an administrator may set it. */
  readonly owner?: string | null | undefined;
  /** A protected image cannot be deleted. */
  readonly protected?: boolean | null | undefined;
  /** A hidden image stays out of default lists. */
  readonly osHidden?: boolean | null | undefined;
  /** Tags. */
  readonly tags?: readonly string[] | undefined;
  /** Custom properties. Strings, except `mappings` and `block_device_mapping`, which are encoded as JSON. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** A project with which an image is shared. */
export interface ImageMember {
  /** Id of the project. */
  readonly member_id: string;
  /** Id of the image. */
  readonly image_id: string;
  /** Whether the project has accepted the image. */
  readonly status: MemberStatus;
  /** Time when the member was added, as `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at: string;
  /** Time of the last change of the status. */
  readonly updated_at: string;
  /** Path of the schema in the API. */
  readonly schema?: string;
}

/** A store of Glance, as `GET /v2/info/stores` lists it. Flags are strings. */
export interface ImageStore {
  /** Its id, for `storeId` and `stores`. */
  readonly id: string;
  /** Description by the operator. */
  readonly description?: string;
  /** `"true"` for the default store. */
  readonly default?: string;
  /** `"true"` for a store that does not accept uploads. */
  readonly "read-only"?: string;
  /** Other details. */
  readonly [detail: string]: unknown;
}
