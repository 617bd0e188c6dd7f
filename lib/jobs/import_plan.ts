/**
 * By which method an image gets its data: what is to be imported, what the cloud offers, and what the
 * caller wants. Pure.
 *
 * @module
 */
import type { ImageData } from "../transfer/types.ts";
import { type GlanceError, Invalid, NotImplemented } from "../errors.ts";
import { inspect, isRecord } from "../validate.ts";

/** Data that is here. */
export interface DataSource {
  /** The bytes, as an upload takes them. */
  readonly data: ImageData;
  /** Bytes, where the data itself does not tell. */
  readonly size?: number;
}

/** Data on the web. */
export interface UrlSource {
  /** `http` or `https`. A cloud that fetches it sends no credentials but those in the URL. */
  readonly url: string;
}

/** Data of an image in another region of the same cloud. */
export interface RegionSource {
  /** Name of the region, as the catalog has it. */
  readonly region: string;
  /** Id of the image there. */
  readonly imageId: string;
  /**
   * Which endpoint of that region's Glance is asked.
   * @default {"public"}
   */
  readonly interface?: "public" | "internal" | "admin";
}

/** The data that the image has already, for more stores. */
export interface OwnSource {
  /** Always true: the image's own data. */
  readonly own: true;
}

/** Where the data of an image is to come from. */
export type ImportSource = DataSource | UrlSource | RegionSource | OwnSource;

/**
 * How data gets into an image.
 *
 * - `glance-direct`: it is staged from here, and Glance imports it.
 * - `web-download`: Glance fetches it.
 * - `glance-download`: Glance fetches it from another region.
 * - `copy-image`: Glance copies it from one of its stores to others.
 * - `upload`: it is sent from here into one store, without an import. Every cloud has this.
 */
export const IMPORT_METHODS = [
  "glance-direct",
  "web-download",
  "glance-download",
  "copy-image",
  "upload",
] as const;

/** One of {@linkcode IMPORT_METHODS}. */
export type ImportMethod = typeof IMPORT_METHODS[number];

/** To which stores, and how strictly. */
export interface ImportTargets {
  /** Ids of stores; without them, and without `allStores`, the default store. */
  readonly stores?: readonly string[];
  /** Every store that Glance can write to. */
  readonly allStores?: boolean;
}

type Kind = "data" | "url" | "region" | "own";

/** The methods that fit, best first, and what is to be done without them. */
const KINDS: Readonly<Record<Kind, readonly [methods: readonly ImportMethod[], wayOut: string]>> = {
  data: [["glance-direct", "upload"], "leave the method out"],
  url: [["web-download", "glance-direct", "upload"], "leave the method out"],
  region: [["glance-download"], "copy it with copyImage, which goes by way of this program"],
  own: [["copy-image"], "download it, and upload it to the other store as another image"],
};

/**
 * The kind of a source.
 *
 * @throws {Invalid} where it is none, or several at once.
 */
export function sourceKind(source: ImportSource): Kind {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) =>
    isRecord(source) && Object.hasOwn(source, kind)
  );
  const [kind, ...others] = kinds;
  if (kind !== undefined && others.length === 0) return kind;
  throw new Invalid(
    `Cannot import from ${inspect(source)}: it must have one of ${
      Object.keys(KINDS).map((name) => `"${name}"`).join(", ")
    }`,
  );
}

/** What is known before a method is chosen. */
export interface ImportQuestion extends ImportTargets {
  readonly imageId: string;
  readonly kind: Kind;
  /** Methods that the cloud offers, as `info.import` lists them. */
  readonly offered: readonly string[];
  /** What the caller wants. */
  readonly method?: ImportMethod | undefined;
}

/**
 * The best method for a source that the cloud offers, or the one that the caller wants.
 *
 * @throws {Invalid} where the wanted method is none for this source, or cannot reach the stores.
 * @throws {NotImplemented} where the cloud offers none that could; the message names what it offers.
 */
export function chooseMethod(question: ImportQuestion): ImportMethod {
  const { imageId, kind, offered, method } = question;
  const [fitting, wayOut] = KINDS[kind];
  const what = kind === "own" ? "to more stores" : `from ${kind === "data" ? "data" : `a ${kind}`}`;
  const cannot = `Cannot import image "${imageId}" ${what}`;
  if (method !== undefined && !fitting.includes(method)) {
    throw new Invalid(
      `${cannot} by ${inspect(method)}: this is done by ${
        listed(fitting)
      }; name one of these, or none`,
      { imageId },
    );
  }
  if (kind === "own" && !question.allStores && !question.stores?.length) {
    throw new Invalid(`${cannot}: none is named; give "stores" or "allStores"`, { imageId });
  }
  const wanted = method === undefined ? fitting : [method];
  const possible = wanted.filter((name) => name === "upload" || offered.includes(name));
  const [best] = possible.filter((name) => name !== "upload" || isOneStore(question));
  if (best !== undefined) return best;
  if (possible.length > 0) throw reachesOne(cannot, imageId, offered);
  throw new NotImplemented(
    `${cannot} by ${listed(wanted)}: the cloud offers ${listed(offered)}; ${wayOut}`,
    { imageId },
  );
}

/** An upload goes to one store. */
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
  return names.length === 0 ? "no import at all" : names.map((name) => `"${name}"`).join(", ");
}
