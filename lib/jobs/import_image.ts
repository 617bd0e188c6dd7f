/**
 * The data of an image by whatever way its cloud has.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import type { Sent } from "../transfer/upload/upload_job.ts";
import { stage } from "../transfer/upload/staging.ts";
import type { ImageData, Progress, UploadOptions } from "../transfer/types.ts";
import { sourceOf } from "../transfer/upload/upload_source.ts";
import {
  GlanceConnectionFailed,
  ImageIntegrityError,
  NotFound,
  NotImplemented,
} from "../errors.ts";
import type { CallOptions } from "../api/client.ts";
import type { ImportRequest } from "../api/operations.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { Image } from "../api/types.ts";
import { checkRecord } from "../validate.ts";
import {
  chooseMethod,
  type ImportMethod,
  type ImportSource,
  type ImportTargets,
  sourceKind,
} from "./import_plan.ts";
import { lockOf } from "./import_state.ts";
import { checkSourceRegion } from "./source_region.ts";
import { followImport, ImageTasks, type ImportWaitOptions } from "./wait_for_import.ts";
import { checkUrl, openWebData } from "./url_source.ts";

/** What an import may be told. */
export interface ImportOptions extends Omit<ImportWaitOptions, "partial">, ImportTargets {
  /**
   * How, where the best way that the cloud offers is not wanted.
   * @default the first of {@linkcode IMPORT_METHODS} that fits and is offered
   */
  readonly method?: ImportMethod;
  /**
   * Whether one store that cannot be written makes the whole import fail. With false, an import that has
   * reached one store is done; the properties of the image tell for which it failed.
   * @default {true}
   */
  readonly allStoresMustSucceed?: boolean;
  /**
   * Whether to wait until the data is there. Without it, an import is under way when this returns, and
   * nobody hears of its failure but who looks: see {@linkcode waitForImport}.
   * @default {true}
   */
  readonly wait?: boolean;
  /** Told of the bytes that are sent from here, if any are. What it throws is ignored. */
  readonly onUpload?: (progress: Progress) => void;
}

/**
 * Gives an image its data, by the best method that the cloud offers:
 *
 * - `{ data }`: staged and imported (`glance-direct`), else uploaded.
 * - `{ url }`: fetched by Glance (`web-download`), else downloaded here, and staged or uploaded.
 * - `{ region, imageId }`: fetched by Glance from another region of the cloud (`glance-download`).
 * - `{ own: true }`: what the image has, copied to more `stores` (`copy-image`).
 *
 * The image is the caller's: where the import fails, it stays as Glance leaves it, as a rule `queued`, and
 * can be tried again. (Where one of several stores fails, Glance leaves it `importing`, good for nothing.)
 *
 * @throws {NotImplemented} where the cloud offers no way; the message names what it offers.
 * @throws {Invalid} for a source or a method that does not fit.
 * @throws {ImageImportFailed} where Glance has begun and failed: with the stores, and what its task says.
 * @throws {ImageIntegrityError} where Glance has stored other bytes than were sent from here.
 * @throws {ImageStalled} where nothing has changed for `stallTimeout`.
 *
 * @example
 * ```ts
 * import { connect, importImage } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance({ stores: [{ id: "fast" }, { id: "slow" }] });
 * const { service, context } = await connect({ // leave all of this out to use your cloud
 *   apiServers: ["glance.example"],
 *   environment: {},
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const { id } = await service.create(context, { diskFormat: "raw", containerFormat: "bare" });
 * const data = new Blob(["the bytes of a disk"]);
 *
 * const image = await importImage(service, context, id, { data }, { stores: ["fast"] });
 * assert(image.status === "active");
 * const copied = await importImage(service, context, id, { own: true }, { stores: ["slow"] });
 * assert(copied.stores.join() === "fast,slow");
 * ```
 */
export async function importImage(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  source: ImportSource,
  options: ImportOptions = {},
): Promise<Image> {
  checkRecord("the options of an import", options);
  const kind = sourceKind(source);
  if ("url" in source) checkUrl(source.url);
  if ("region" in source) checkSourceRegion(context, source.region);
  const { signal, stores, allStores, method: wanted } = options;
  const offered = await importMethods(service, context, { signal });
  const targets = { ...stores && { stores }, ...allStores && { allStores } };
  const method = chooseMethod({ imageId, kind, offered, method: wanted, ...targets });
  const data = dataOf(service, source, signal);
  if (method === "upload" && data !== null) {
    return await service.update(context, imageId, {}, data, uploadOptions(source, options));
  }
  const tasks = new ImageTasks(service, context, imageId, signal);
  if (method === "copy-image") await tasks.forget();
  const staged = method === "glance-direct" && data !== null
    ? await stageData(service, context, imageId, data, uploadOptions(source, options))
    : null;
  await ask(service, context, imageId, requestOf(method, source, options), { signal });
  if (options.wait === false) return await service.show(context, imageId, { signal });
  const goal = { ...options, partial: options.allStoresMustSucceed === false };
  const image = await followImport(service, context, imageId, goal, tasks);
  if (staged !== null) checkImported(staged, image);
  return image;
}

/** What was staged, for the comparison with what has become of it. */
export interface Staged extends Sent {
  /** The image as it was before. */
  readonly before: Image;
}

async function stageData(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  data: ImageData,
  { storeId: _, ...options }: UploadOptions,
): Promise<Staged> {
  const before = await service.show(context, imageId, options);
  const source = sourceOf(data, options.size);
  return { before, ...await stage(service.client, context, imageId, source, options) };
}

/** The methods that a cloud offers; none where it knows no import. */
async function importMethods(
  { client }: GlanceImageService,
  context: RequestContext,
  options: CallOptions,
): Promise<readonly string[]> {
  try {
    const { value } = await client.run(context, "info.import", [], options);
    return Array.isArray(value) ? value.map(String) : [];
  } catch (error) {
    if (error instanceof NotFound || error instanceof NotImplemented) return [];
    throw error;
  }
}

/** The data that has to go by way of this program, if the method wants it to. */
function dataOf(
  { client }: GlanceImageService,
  source: ImportSource,
  signal: AbortSignal | undefined,
): ImageData | null {
  if ("data" in source) return source.data;
  return "url" in source ? () => openWebData(client.options, source.url, signal) : null;
}

function uploadOptions(source: ImportSource, options: ImportOptions): UploadOptions {
  const { signal, onUpload, stores: [storeId] = [] } = options;
  return {
    ..."data" in source && source.size !== undefined && { size: source.size },
    ...storeId !== undefined && { storeId },
    ...onUpload !== undefined && { onProgress: onUpload },
    ...signal !== undefined && { signal },
  };
}

function requestOf(
  name: ImportMethod,
  source: ImportSource,
  { stores, allStores, allStoresMustSucceed }: ImportOptions,
): ImportRequest {
  return {
    method: {
      name,
      ...name === "web-download" && "url" in source && { uri: source.url },
      ..."region" in source && {
        glance_region: source.region,
        glance_image_id: source.imageId,
        glance_service_interface: source.interface ?? "public",
      },
    },
    ...stores !== undefined && { stores },
    ...allStores && { all_stores: true },
    ...allStoresMustSucceed !== undefined && { all_stores_must_succeed: allStoresMustSucceed },
  };
}

/** Asks for the import, once: an answer that was lost is read off the image. */
async function ask(
  service: GlanceImageService,
  context: RequestContext,
  imageId: string,
  request: ImportRequest,
  options: CallOptions,
): Promise<void> {
  try {
    await service.client.run(context, "import", [imageId, request], options);
  } catch (error) {
    if (!(error instanceof GlanceConnectionFailed)) throw error;
    const image = await service.show(context, imageId, options).catch(() => null);
    const hasBegun = image !== null && (lockOf(image) !== null || image.status === "importing");
    if (!hasBegun) throw error;
  }
}

/**
 * Compares what was staged with what Glance has made of it. What it converts or unpacks on import has
 * another format then, and other bytes.
 *
 * @throws {ImageIntegrityError} where it is something else.
 */
export function checkImported({ before, size, digest }: Staged, image: Image): void {
  const isConverted = before.diskFormat !== image.diskFormat ||
    before.containerFormat !== image.containerFormat;
  const isHashed = image.osHashAlgo === "sha512" && digest !== null && image.osHashValue !== null;
  const isSame = (image.size === null || image.size === size) &&
    (!isHashed || image.osHashValue === digest);
  if (isConverted || isSame) return;
  const [expected, actual] = image.size === size
    ? [`sha512 ${digest}`, `sha512 ${image.osHashValue}`]
    : [`size ${size}`, `size ${image.size}`];
  throw new ImageIntegrityError(
    `Cannot accept the import of image "${image.id}": Glance stored ${actual} instead of ${expected}; delete it and import it anew`,
    { imageId: image.id, expected, actual },
  );
}
