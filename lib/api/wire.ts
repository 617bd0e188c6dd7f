/**
 * The bodies of requests and responses, exactly as on the wire, except images. Types and constants only.
 */
import type { GlanceImage, ImageStore, ImageVisibility, JsonValue } from "./types.ts";

/** Pairs of a query string, in order; keys may repeat. */
export type Query = readonly (readonly [key: string, value: string])[];

/** A page of a list of images. `next` is present if there are more. */
export interface ImagePage {
  /** The images of the page. */
  readonly images: readonly GlanceImage[];
  /** Path of the next page. */
  readonly next?: string;
}

/** A new image: the settable base properties, and custom properties, which are strings. */
export interface NewImage {
  /** UUID (default: Glance chooses one). */
  readonly id?: string | undefined;
  /** Name; need not be unique. */
  readonly name?: string | null | undefined;
  /** Who can see it (default: `shared`). */
  readonly visibility?: ImageVisibility | undefined;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; required before data is stored. */
  readonly disk_format?: string | null | undefined;
  /** `bare`, `ovf`, `docker` …; required before data is stored. */
  readonly container_format?: string | null | undefined;
  /** Gigabytes. */
  readonly min_disk?: number | undefined;
  /** Megabytes. */
  readonly min_ram?: number | undefined;
  /** Project id (default: the caller's). Only an administrator may set another. */
  readonly owner?: string | null | undefined;
  /** A protected image cannot be deleted. */
  readonly protected?: boolean | undefined;
  /** A hidden image stays out of default lists. */
  readonly os_hidden?: boolean | undefined;
  /** Tags. */
  readonly tags?: readonly string[] | undefined;
  /** Custom properties. */
  readonly [property: string]: JsonValue | undefined;
}

/** Image data, in the types that `fetch` accepts on every runtime. */
export type DataBody =
  | ReadableStream<Uint8Array>
  | Blob
  | ArrayBuffer
  | Uint8Array<ArrayBuffer>
  | string;

/** Options of a read of image data. */
export interface DataRequest {
  /** Bytes from `start` to `end`, inclusive (default of `end`: the last byte). */
  readonly range?: { readonly start: number; readonly end?: number | undefined } | undefined;
  /** Ids of stores to read from, in order of preference (Glance 2026.1, multi-store clouds only). */
  readonly prefer?: readonly string[] | undefined;
}

/** Options of an upload. */
export interface UploadRequest {
  /** Size in bytes, if known. Glance rejects a body of another size. */
  readonly size?: number | undefined;
  /** Id of the store to write to (default: the default store of Glance). */
  readonly storeId?: string | undefined;
  /** Id of the image that this data is based on, for stores that place related data together. */
  readonly baseImageRef?: string | undefined;
}

/** The request of an import. */
export interface ImportRequest {
  /** The import method, one of the names in {@linkcode ImportInfo}, with its parameters. */
  readonly method: {
    readonly name: string;
    readonly [parameter: string]: JsonValue | undefined;
  };
  /** Ids of the stores to import to (default: the default store). Excludes `all_stores`. */
  readonly stores?: readonly string[] | undefined;
  /** Whether to import to every writable store. */
  readonly all_stores?: boolean | undefined;
  /**
   * Whether the import fails for all stores if it fails for one.
   * Default: `true`.
   */
  readonly all_stores_must_succeed?: boolean | undefined;
}

/** The import methods of a cloud. */
export interface ImportInfo {
  /** Description of the list. */
  readonly description: string;
  /** `array`. */
  readonly type: string;
  /** The enabled methods: any of `glance-direct`, `web-download`, `copy-image`, `glance-download`. */
  readonly value: readonly string[];
}

/** A store, with details for administrators. */
export interface StoreDetail extends ImageStore {
  /** The driver: `file`, `rbd`, `swift`, `s3`, `cinder`, `http` … */
  readonly type?: string;
  /** Priority for reads; Glance reads from the store with the highest weight first. */
  readonly weight?: number;
  /** Properties of the driver, for example `data_dir` or `pool`. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The usage of a quota. Sizes are in mebibytes. */
export interface QuotaUse {
  /** Amount in use. */
  readonly usage: number;
  /** Limit; -1 for no limit. */
  readonly limit: number;
}

/** Quotas by name: `image_size_total`, `image_count_total` … Empty if Keystone has no limits. */
export type Usage = Readonly<Record<string, QuotaUse>>;

/** A background task of Glance. */
export interface GlanceTask {
  /** UUID. */
  readonly id: string;
  /** `api_image_import` for an import, `import` for a task of the task API. */
  readonly type: string;
  /** `pending`, `processing`, `success`, or `failure`. */
  readonly status: string;
  /** Progress, for example `Copied 12 MiB`, or the reason of a failure. */
  readonly message?: string | null;
  /** Id of the project that owns the task. */
  readonly owner?: string | null;
  /** Id of the image that it is about. */
  readonly image_id?: string | null;
  /** The input of the task. */
  readonly input?: Readonly<Record<string, unknown>> | null;
  /** The result of the task. */
  readonly result?: Readonly<Record<string, unknown>> | null;
  /** Time of creation, as `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at?: string;
  /** Time of the last change. */
  readonly updated_at?: string;
  /** Time when Glance deletes the task. */
  readonly expires_at?: string | null;
  /** Other details. */
  readonly [key: string]: unknown;
}

/** A page of a list of tasks, without input, result, and message. `next` is present if there may be more. */
export interface TaskPage {
  /** The tasks of the page. */
  readonly tasks: readonly GlanceTask[];
  /** Path of the next page. */
  readonly next?: string;
}

/** A new task. The task API is deprecated; use the operation `import`. */
export interface NewTask {
  /** Always `import`. */
  readonly type: string;
  /** Parameters: `import_from`, `import_from_format`, and `image_properties`. */
  readonly input: { readonly [parameter: string]: JsonValue };
}

/** An API version of an endpoint. */
export interface ApiVersion {
  /** For example `v2.17`. */
  readonly id: string;
  /** `CURRENT`, `SUPPORTED`, or `EXPERIMENTAL`. */
  readonly status: string;
  /** URL of the version, as the server reports it. */
  readonly links?: readonly { readonly rel: string; readonly href: string }[];
}

/** The schemas of images, members, and tasks. */
export const SCHEMA_NAMES = ["image", "images", "member", "members", "task", "tasks"] as const;

/** One of {@linkcode SCHEMA_NAMES}. */
export type SchemaName = typeof SCHEMA_NAMES[number];

/** The schemas of metadata definitions. */
export const METADEF_SCHEMA_NAMES = [
  "namespace",
  "namespaces",
  "object",
  "objects",
  "property",
  "properties",
  "resource_type",
  "resource_types",
  "tag",
  "tags",
] as const;

/** One of {@linkcode METADEF_SCHEMA_NAMES}. */
export type MetadefSchemaName = typeof METADEF_SCHEMA_NAMES[number];

/** A JSON schema (draft 4) of Glance. */
export interface SchemaDocument {
  /** What the schema describes. */
  readonly name: string;
  /** Schemas of the properties, by name. */
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Schema of other properties; custom properties of an image are strings. */
  readonly additionalProperties?: unknown;
  /** Names of required properties. */
  readonly required?: readonly string[];
  /** Schemas that other schemas refer to. */
  readonly definitions?: Readonly<Record<string, unknown>>;
  /** Templates of the paths of the described resource. */
  readonly links?: readonly { readonly rel: string; readonly href: string }[];
}

/** An image in the cache of a server. */
export interface CachedImage {
  /** Id of the image. */
  readonly image_id: string;
  /** Bytes. */
  readonly size: number;
  /** Number of downloads from the cache. */
  readonly hits: number;
  /** Seconds since 1970. */
  readonly last_accessed: number;
  /** Seconds since 1970. */
  readonly last_modified: number;
}

/** The cache of one server. Each server has its own. */
export interface CacheState {
  /** Cached images. */
  readonly cached_images: readonly CachedImage[];
  /** Ids of images that are queued for the cache. */
  readonly queued_images: readonly string[];
}

/** A part of the cache of a server: its images, or its queue. */
export type CacheTarget = "cache" | "queue";

/** The result of pruning a cache. */
export interface PrunedCache {
  /** Number of removed images. */
  readonly total_files_pruned: number;
  /** Bytes. */
  readonly total_bytes_pruned: number;
}
