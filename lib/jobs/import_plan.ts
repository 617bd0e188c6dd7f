/**
 * Chooses the import method from the source, the methods that the cloud offers, and the caller's choice. Pure.
 */
import type { UploadData } from "../transfer/types.ts";
import { type GlanceError, Invalid, NotImplemented } from "../errors.ts";
import { inspect, isObject } from "../validate.ts";
import type { MessagePart } from "../message_parts.ts";

/** Data of this program. */
export interface DataSource {
  /** The data, in any form that an upload accepts. */
  readonly data: UploadData;
  /** Size in bytes, if the data itself does not have one. */
  readonly size?: number | undefined;
}

/** Data at a URL. */
export interface UrlSource {
  /** An `http` or `https` URL. No credentials are sent except those in the URL. */
  readonly url: string;
}

/** Data of an image in another region of the same cloud. */
export interface RegionSource {
  /** Name of the region in the catalog. */
  readonly region: string;
  /** Id of the image there. */
  readonly imageId: string;
  /**
   * The interface of the endpoint in that region.
   * Default: `"public"`.
   */
  readonly interface?: "public" | "internal" | "admin" | undefined;
}

/** The existing data of the image, for more stores. */
export interface OwnSource {
  /** Always true: the image's own data. */
  readonly own: true;
}

/** The source of an import. */
export type ImportSource = DataSource | UrlSource | RegionSource | OwnSource;

/**
 * The import methods.
 *
 * - `glance-direct`: this program stages the data, and Glance imports it.
 * - `web-download`: Glance downloads the data from a URL.
 * - `glance-download`: Glance downloads the data from another region.
 * - `copy-image`: Glance copies the data from one of its stores to others.
 * - `upload`: this program uploads the data to one store, without an import. Every cloud supports this.
 */
export type ImportMethod =
  | "glance-direct"
  | "web-download"
  | "glance-download"
  | "copy-image"
  | "upload";

/** The target stores of an import. */
export interface ImportTargets {
  /** Ids of the stores (default: the default store, unless `allStores` is set). */
  readonly stores?: readonly string[] | undefined;
  /** Whether to import to every writable store. */
  readonly allStores?: boolean | undefined;
}

type Kind = "data" | "url" | "region" | "own";

/** The command that copies by download and upload. */
const COPY_IMAGE: MessagePart = { key: "copyImage", text: "copyImage" };

/** The methods per kind of source, best first, and the hint if the cloud offers none of them. */
const KINDS: Readonly<Record<Kind, readonly [methods: readonly ImportMethod[], hint: string]>> = {
  data: [["glance-direct", "upload"], "leave the method out"],
  url: [["web-download", "glance-direct", "upload"], "leave the method out"],
  region: [
    ["glance-download"],
    "copy it with copyImage, which transfers the data through this program",
  ],
  own: [["copy-image"], "download it, and upload it to the other store as another image"],
};

/**
 * The kind of a source.
 *
 * @throws {Invalid} if it does not have exactly one kind.
 */
export function sourceKind(source: ImportSource): Kind {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) =>
    isObject(source) && Object.hasOwn(source, kind)
  );
  const [kind, ...others] = kinds;
  if (kind !== undefined && others.length === 0) return kind;
  throw new Invalid(
    `Cannot import from ${inspect(source)}: it must have one of ${
      Object.keys(KINDS).map((name) => `"${name}"`).join(", ")
    }`,
  );
}

/** The input of {@linkcode chooseMethod}. */
export interface ImportChoice extends ImportTargets {
  readonly imageId: string;
  readonly kind: Kind;
  /** Methods that the cloud offers, from `info.import`. */
  readonly offered: readonly string[];
  /** The caller's choice, if any. */
  readonly method?: ImportMethod | undefined;
}

/**
 * Chooses the best method that supports the source and that the cloud offers, or the caller's choice.
 *
 * @throws {Invalid} if the caller's choice does not support the source, or no stores are given for a copy.
 * @throws {NotImplemented} if the cloud offers no suitable method; the message lists those that it offers.
 */
export function chooseMethod(question: ImportChoice): ImportMethod {
  const { imageId, kind, offered, method } = question;
  const [fitting, hint] = KINDS[kind];
  const what = kind === "own" ? "to more stores" : `from ${kind === "data" ? "data" : `a ${kind}`}`;
  const cannot = `Cannot import image "${imageId}" ${what}`;
  if (method !== undefined && !fitting.includes(method)) {
    throw new Invalid(
      `${cannot} by ${inspect(method)}: the methods for this source are ${
        listed(fitting)
      }; use one of these, or omit it`,
      { imageId },
    );
  }
  if (kind === "own" && !question.allStores && !question.stores?.length) {
    throw new Invalid(`${cannot}: no store is given; set "stores" or "allStores"`, {
      imageId,
      messageParts: [{ key: "chooseStores", text: 'set "stores" or "allStores"' }],
    });
  }
  const allowed = method === undefined ? fitting : [method];
  const possible = allowed.filter((name) => name === "upload" || offered.includes(name));
  const [best] = possible.filter((name) => name !== "upload" || isOneStore(question));
  if (best !== undefined) return best;
  if (possible.length > 0) throw reachesOne(cannot, imageId, offered);
  throw new NotImplemented(
    `${cannot} by ${listed(allowed)}: the cloud offers ${listed(offered)}; ${hint}`,
    { imageId, messageParts: [COPY_IMAGE] },
  );
}

/** Whether an upload, which writes to one store, is enough. */
function isOneStore({ stores = [], allStores = false }: ImportTargets): boolean {
  return !allStores && stores.length <= 1;
}

function reachesOne(cannot: string, imageId: string, offered: readonly string[]): GlanceError {
  return new NotImplemented(
    `${cannot} into several stores: an upload reaches one, and the cloud offers ${
      listed(offered)
    }; name one store`,
    { imageId },
  );
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "no import methods" : names.map((name) => `"${name}"`).join(", ");
}
