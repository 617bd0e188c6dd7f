/**
 * What operations take and give, exactly as it is on the wire: requests, pages, and the records that
 * are no images. Types and constant word lists only.
 *
 * @module
 */
import type { GlanceImage, ImageStore, ImageVisibility, JsonValue } from "./types.ts";

/** Pairs of a query string, in order; keys may repeat. */
export type Query = readonly (readonly [key: string, value: string])[];

/** A page of a list of images. `next` is present where there is more. */
export interface ImagePage {
  /** The images of the page. */
  readonly images: readonly GlanceImage[];
  /** Path of the next page. */
  readonly next?: string;
}

/** A new image: the base properties that may be set, and custom ones, which are texts. */
export interface NewImage {
  /** UUID; Glance chooses one where it is absent. */
  readonly id?: string | undefined;
  /** Name; need not be unique. */
  readonly name?: string | null | undefined;
  /** Who can see it; `shared` where nothing is said. */
  readonly visibility?: ImageVisibility | undefined;
  /** `raw`, `qcow2`, `vmdk`, `iso` …; needed before data is stored. */
  readonly disk_format?: string | null | undefined;
  /** `bare`, `ovf`, `docker` …; needed before data is stored. */
  readonly container_format?: string | null | undefined;
  /** Gigabytes. */
  readonly min_disk?: number | undefined;
  /** Megabytes. */
  readonly min_ram?: number | undefined;
  /** Project id; only an administrator may set another one than the caller's. */
  readonly owner?: string | null | undefined;
  /** A protected image cannot be deleted. */
  readonly protected?: boolean | undefined;
  /** A hidden image stays out of default lists. */
  readonly os_hidden?: boolean | undefined;
  /** Words to be put on it. */
  readonly tags?: readonly string[] | undefined;
  /** Custom properties. */
  readonly [property: string]: JsonValue | undefined;
}

/** The data of an image, as `fetch` sends it on every runtime. */
export type DataBody = ReadableStream<Uint8Array> | Blob | BufferSource | string;

/** What a read of image data may ask for. */
export interface DataRequest {
  /** Bytes from `start` to `end` inclusive; to the last one without `end`. */
  readonly range?: { readonly start: number; readonly end?: number };
  /** Stores to read from, best first (Image API of 2026.1; multi-store clouds only). */
  readonly prefer?: readonly string[];
}

/** What an upload may say about its data. */
export interface UploadRequest {
  /** Bytes, where they are known: Glance refuses a body of another length. */
  readonly size?: number;
  /** Store to write to; the default store without it. */
  readonly storeId?: string;
  /** Image on which the data is based, for stores that place data near data. */
  readonly baseImageRef?: string;
}

/** What an import asks for. */
export interface ImportRequest {
  /** The way to import, by one of the names in {@linkcode ImportInfo}, with its parameters. */
  readonly method: { readonly name: string; readonly [parameter: string]: JsonValue };
  /** Stores to import to; not together with `all_stores`. The default store without either. */
  readonly stores?: readonly string[];
  /** Imports to every store that takes data. */
  readonly all_stores?: boolean;
  /**
   * Whether one store that fails undoes the whole import.
   * @default {true}
   */
  readonly all_stores_must_succeed?: boolean;
}

/** The ways in which a cloud imports images. */
export interface ImportInfo {
  /** What it is, for people. */
  readonly description: string;
  /** `array`. */
  readonly type: string;
  /** `glance-direct`, `web-download`, `copy-image`, `glance-download`, or some of them. */
  readonly value: readonly string[];
}

/** A store as an administrator sees it. */
export interface StoreDetail extends ImageStore {
  /** The driver: `file`, `rbd`, `swift`, `s3`, `cinder`, `http` … */
  readonly type?: string;
  /** Order in which Glance reads from stores, the highest first. */
  readonly weight?: number;
  /** What the driver tells of itself, for example `data_dir` or `pool`. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** How much of a quota is used. Sizes are mebibytes. */
export interface QuotaUse {
  /** What is used. */
  readonly usage: number;
  /** -1 is no limit. */
  readonly limit: number;
}

/** Quotas by name: `image_size_total`, `image_count_total` … Empty where Keystone keeps none. */
export type Usage = Readonly<Record<string, QuotaUse>>;

/** What Glance does, or has done, in the background. */
export interface GlanceTask {
  /** UUID. */
  readonly id: string;
  /** `api_image_import` for an import, `import` for a task of the task API. */
  readonly type: string;
  /** `pending`, `processing`, `success` or `failure`. */
  readonly status: string;
  /** Progress as `Copied 12 MiB`, or why it failed. */
  readonly message?: string | null;
  /** Id of the project for which it is done. */
  readonly owner?: string | null;
  /** Id of the image that it is about. */
  readonly image_id?: string | null;
  /** What it was told. */
  readonly input?: Readonly<Record<string, unknown>> | null;
  /** What it has made. */
  readonly result?: Readonly<Record<string, unknown>> | null;
  /** When it was made: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly created_at?: string;
  /** When it was changed last. */
  readonly updated_at?: string;
  /** When Glance forgets it. */
  readonly expires_at?: string | null;
  /** What else Glance says. */
  readonly [key: string]: unknown;
}

/** A page of a list of tasks; they come without input, result and message. `next`: there may be more. */
export interface TaskPage {
  /** The tasks of the page. */
  readonly tasks: readonly GlanceTask[];
  /** Path of the next page. */
  readonly next?: string;
}

/** A task for the task API, which is deprecated: imports are made by `import`. */
export interface NewTask {
  /** `import` is the only one that Glance knows. */
  readonly type: string;
  /** Of an import: `import_from`, `import_from_format` and `image_properties`. */
  readonly input: { readonly [parameter: string]: JsonValue };
}

/** A version that an endpoint offers. */
export interface ApiVersion {
  /** For example `v2.17`. */
  readonly id: string;
  /** `CURRENT`, `SUPPORTED` or `EXPERIMENTAL`. */
  readonly status: string;
  /** Where it is, as the server sees itself. */
  readonly links?: readonly { readonly rel: string; readonly href: string }[];
}

/** The schemas of images, members and tasks. */
export const SCHEMA_NAMES = ["image", "images", "member", "members", "task", "tasks"] as const;

/** One of {@linkcode SCHEMA_NAMES}. */
export type SchemaName = typeof SCHEMA_NAMES[number];

/** The schemas of the catalogue of metadata definitions. */
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

/** A JSON schema (draft 4) as Glance gives it. */
export interface SchemaDocument {
  /** What it is the schema of. */
  readonly name: string;
  /** Schemas of the properties, by their names. */
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The schema of properties that are not listed; custom properties of an image are texts. */
  readonly additionalProperties?: unknown;
  /** Names of the properties that must be there. */
  readonly required?: readonly string[];
  /** Schemas that others refer to. */
  readonly definitions?: Readonly<Record<string, unknown>>;
  /** How to make the paths of what it describes. */
  readonly links?: readonly { readonly rel: string; readonly href: string }[];
}

/** An image in the cache of a server. */
export interface CachedImage {
  /** Id of the image. */
  readonly image_id: string;
  /** Bytes. */
  readonly size: number;
  /** Downloads that the cache has answered. */
  readonly hits: number;
  /** Seconds since 1970. */
  readonly last_accessed: number;
  /** Seconds since 1970. */
  readonly last_modified: number;
}

/** The cache of one server: every server has its own. */
export interface CacheState {
  /** The images that are there. */
  readonly cached_images: readonly CachedImage[];
  /** Ids of images that wait to be cached. */
  readonly queued_images: readonly string[];
}

/** A part of a server's cache: what is in it, or what waits for it. */
export type CacheTarget = "cache" | "queue";

/** What pruning a cache has freed. */
export interface PrunedCache {
  /** Images that were thrown out. */
  readonly total_files_pruned: number;
  /** Bytes. */
  readonly total_bytes_pruned: number;
}
