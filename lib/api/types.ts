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
  /** UUID. */
  readonly id: string;
  /** Name; not unique. */
  readonly name?: string | null;
  /** Its state. */
  readonly status: ImageStatus;
  /** Who can see it. */
  readonly visibility?: ImageVisibility;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; null until it is set. */
  readonly disk_format?: string | null;
  /** `bare`, `ovf`, `docker` …; null until it is set. */
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
  /** Words that its owner has put on it. */
  readonly tags?: readonly string[];
  /** Comma-separated store ids. */
  readonly stores?: string;
  /** Where its data is, if the cloud shows that. */
  readonly locations?: readonly ImageLocation[];
  /** The first of these places, if the cloud shows it. */
  readonly direct_url?: string | null;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at?: string | null;
  /** When it was changed last; written in the same way. */
  readonly updated_at?: string | null;
  /** When it was deleted; administrators see it. */
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
 * An image as this module speaks of it: the base properties of Glance in camelCase, dates as
 * `Date`, everything else under `properties`. A base property that Glance did not send is null.
 */
export interface Image {
  /** UUID. */
  readonly id: string;
  /** Name; not unique. */
  readonly name: string | null;
  /** Its state. */
  readonly status: ImageStatus;
  /** Who can see it. */
  readonly visibility: ImageVisibility | null;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; null until it is set. */
  readonly diskFormat: string | null;
  /** `bare`, `ovf`, `docker` …; null until it is set. */
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
  /** Words that its owner has put on it. */
  readonly tags: readonly string[];
  /** Ids of the stores that hold the data; empty where Glance does not tell. */
  readonly stores: readonly string[];
  /** Null where Glance does not show them. */
  readonly locations: readonly ImageLocation[] | null;
  /** Null where Glance does not show it. */
  readonly directUrl: string | null;
  /** When it was made. */
  readonly createdAt: Date | null;
  /** When it was changed last. */
  readonly updatedAt: Date | null;
  /** When it was deleted; administrators see it. */
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
  /** Name; need not be unique. */
  readonly name?: string | null;
  /** Who can see it. Glance makes an image `shared` where nothing is said; `public` needs an administrator. */
  readonly visibility?: ImageVisibility | null;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; needed before data is stored. */
  readonly diskFormat?: string | null;
  /** `bare`, `ovf`, `docker` …; needed before data is stored. */
  readonly containerFormat?: string | null;
  /** Gigabytes. */
  readonly minDisk?: number | null;
  /** Megabytes. */
  readonly minRam?: number | null;
  /** Project id; only an administrator may set it. */
  readonly owner?: string | null;
  /** A protected image cannot be deleted. */
  readonly protected?: boolean | null;
  /** A hidden image stays out of default lists. */
  readonly osHidden?: boolean | null;
  /** Words to be put on it. */
  readonly tags?: readonly string[];
  /** Custom properties: strings, except `mappings` and `block_device_mapping`, which are encoded as JSON. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A project with which an image is shared. */
export interface ImageMember {
  /** Id of the project. */
  readonly member_id: string;
  /** Id of the image. */
  readonly image_id: string;
  /** What the project has answered. */
  readonly status: MemberStatus;
  /** When the image was offered: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at: string;
  /** When the offer was answered last. */
  readonly updated_at: string;
  /** Path of the schema in the API. */
  readonly schema?: string;
}

/** A store that Glance can write to, as `GET /v2/info/stores` lists it: its flags are strings. */
export interface ImageStore {
  /** Its id, for `storeId` and `stores`. */
  readonly id: string;
  /** What its operator says of it. */
  readonly description?: string;
  /** `"true"` on the default store. */
  readonly default?: string;
  /** `"true"` on a store that takes no uploads. */
  readonly "read-only"?: string;
  /** What else Glance says. */
  readonly [detail: string]: unknown;
}
