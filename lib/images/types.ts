/**
 * The dictionary of the image service: what an image is, on the wire (`GlanceImage`, exactly the
 * JSON of Image API v2) and here (`Image`). Types and constant word lists only.
 *
 * @module
 */

/**
 * The states of an image.
 *
 * - `queued`: the record exists, data does not.
 * - `saving`: data is being written to a store.
 * - `uploading`: data is being written to the staging area, for an import.
 * - `importing`: an import is at work.
 * - `active`: data is there and can be read.
 * - `deactivated`: data is there; only an administrator may read it.
 * - `killed`: an upload failed and the image cannot be used.
 * - `deleted`: gone.
 * - `pending_delete`: gone for users, data is removed later.
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

/** One of {@linkcode IMAGE_STATUSES}; a status that a newer Glance invents is passed on as it is. */
export type ImageStatus = typeof IMAGE_STATUSES[number] | (string & Record<never, never>);

/**
 * Who can see an image.
 *
 * - `public`: everybody.
 * - `community`: everybody who asks for it by id; it stays out of other projects' lists.
 * - `shared`: the owner and its members.
 * - `private`: the owner.
 */
export const IMAGE_VISIBILITIES = ["public", "community", "shared", "private"] as const;

/** One of {@linkcode IMAGE_VISIBILITIES}. */
export type ImageVisibility = typeof IMAGE_VISIBILITIES[number];

/** What a member has answered to the offer of a shared image. */
export const MEMBER_STATUSES = ["pending", "accepted", "rejected"] as const;

/** One of {@linkcode MEMBER_STATUSES}. */
export type MemberStatus = typeof MEMBER_STATUSES[number];

/** Where a store keeps the data of an image: an entry of Glance's `locations`. */
export interface ImageLocation {
  /** Store URL, for example `file:///var/lib/glance/images/…`, `rbd://…`, `cinder://…`. */
  readonly url: string;
  /** What the store notes about it; `store` names the backend. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The hash that Glance is asked to check against. */
  readonly validation_data?: ValidationData;
}

/** The hash by which Glance may check data that is already in place. */
export interface ValidationData {
  /** Hash algorithm, for example `sha512`. */
  readonly os_hash_algo: string;
  /** The digest in lower-case hexadecimal. */
  readonly os_hash_value: string;
}

/** A value as JSON has it. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * An image exactly as Image API v2 writes it. Keys that are not listed are custom properties,
 * whose values are strings.
 */
export interface GlanceImage {
  readonly id: string;
  readonly name?: string | null;
  readonly status: ImageStatus;
  readonly visibility?: ImageVisibility;
  readonly disk_format?: string | null;
  readonly container_format?: string | null;
  /** Bytes; null until data is there. */
  readonly size?: number | null;
  /** Bytes of the disk that the image holds; null where Glance cannot tell. */
  readonly virtual_size?: number | null;
  /** Gigabytes. */
  readonly min_disk?: number;
  /** Megabytes. */
  readonly min_ram?: number;
  /** MD5 of the data, hexadecimal. */
  readonly checksum?: string | null;
  readonly os_hash_algo?: string | null;
  readonly os_hash_value?: string | null;
  readonly os_hidden?: boolean;
  readonly owner?: string | null;
  readonly protected?: boolean;
  readonly tags?: readonly string[];
  /** Comma-separated store ids. */
  readonly stores?: string;
  readonly locations?: readonly ImageLocation[];
  readonly direct_url?: string | null;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
  readonly deleted_at?: string | null;
  readonly self?: string;
  readonly file?: string;
  readonly schema?: string;
  readonly [property: string]: unknown;
}

/**
 * An image as this module speaks of it: the base properties of Glance in camelCase, dates as
 * `Date`, everything else under `properties`. A base property that Glance did not send is null.
 */
export interface Image {
  readonly id: string;
  readonly name: string | null;
  readonly status: ImageStatus;
  readonly visibility: ImageVisibility | null;
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  /** Bytes; null until data is there. */
  readonly size: number | null;
  /** Bytes of the disk that the image holds; null where Glance cannot tell. */
  readonly virtualSize: number | null;
  /** Smallest disk that can boot it, in gigabytes. */
  readonly minDisk: number | null;
  /** Smallest memory that can boot it, in megabytes. */
  readonly minRam: number | null;
  /** MD5 of the data, hexadecimal. */
  readonly checksum: string | null;
  /** Algorithm of `osHashValue`, for example `sha512`. */
  readonly osHashAlgo: string | null;
  /** Digest of the data, hexadecimal. */
  readonly osHashValue: string | null;
  /** Project that owns the image. */
  readonly owner: string | null;
  /** A protected image cannot be deleted. */
  readonly protected: boolean | null;
  /** A hidden image stays out of default lists. */
  readonly osHidden: boolean | null;
  readonly tags: readonly string[];
  /** Ids of the stores that hold the data; empty where Glance does not tell. */
  readonly stores: readonly string[];
  /** Null where Glance does not show them. */
  readonly locations: readonly ImageLocation[] | null;
  /** Null where Glance does not show it. */
  readonly directUrl: string | null;
  readonly createdAt: Date | null;
  readonly updatedAt: Date | null;
  readonly deletedAt: Date | null;
  /** Custom properties; `mappings` and `block_device_mapping` are decoded from JSON. */
  readonly properties: Readonly<Record<string, unknown>>;
  /**
   * Id of the key that encrypts the image, when its properties name one. It stays in `properties`
   * as `cinder_encryption_key_id` too.
   */
  readonly cinderEncryptionKeyId?: string;
}

/**
 * What `create` and `update` take: the settable base properties of {@linkcode Image} and custom
 * `properties`. A custom property wins over a base property of the same name, as in Cinder.
 */
export interface ImageMeta {
  /** UUID; chosen by `create` where it is absent. */
  readonly id?: string;
  readonly name?: string | null;
  readonly visibility?: ImageVisibility | null;
  readonly diskFormat?: string | null;
  readonly containerFormat?: string | null;
  /** Gigabytes. */
  readonly minDisk?: number | null;
  /** Megabytes. */
  readonly minRam?: number | null;
  /** Project id; only an administrator may set it. */
  readonly owner?: string | null;
  readonly protected?: boolean | null;
  readonly osHidden?: boolean | null;
  readonly tags?: readonly string[];
  /** Custom properties: strings, except `mappings` and `block_device_mapping`, which are encoded as JSON. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A project with which an image is shared. */
export interface ImageMember {
  readonly member_id: string;
  readonly image_id: string;
  readonly status: MemberStatus;
  readonly created_at: string;
  readonly updated_at: string;
  readonly schema?: string;
}

/** A store that Glance can write to, as `GET /v2/info/stores` lists it: its flags are strings. */
export interface ImageStore {
  readonly id: string;
  readonly description?: string;
  /** `"true"` on the default store. */
  readonly default?: string;
  /** `"true"` on a store that takes no uploads. */
  readonly "read-only"?: string;
  readonly [detail: string]: unknown;
}
