/** Imports data into an image with the best method that the cloud offers. */
import { GET_IMPORT_METHODS } from "../api/operations/cloud.ts";
import { IMPORT_IMAGE } from "../api/operations/images.ts";
import type { RequestContext } from "../context.ts";
import type { SentData } from "../transfer/upload/upload_state.ts";
import { differenceBetween } from "../transfer/upload/compare_sent.ts";
import { inspected } from "../transfer/upload/inspection.ts";
import { stage } from "../transfer/upload/staging.ts";
import type { InspectMode, Progress, UploadData, UploadOptions } from "../transfer/types.ts";
import { sourceOf } from "../transfer/upload/upload_source.ts";
import {
  GlanceConnectionFailed,
  ImageIntegrityError,
  NotFound,
  NotImplemented,
} from "../errors.ts";
import type { Session } from "../api/session.ts";
import type { ImportRequest } from "../api/wire.ts";
import type { GlanceImageService } from "../images/service.ts";
import { fromGlance } from "../api/translate.ts";
import type { Image } from "../api/types.ts";
import { updateImage } from "../images/update_image.ts";
import { showImage } from "../images/visible.ts";
import { checkObject } from "../validate.ts";
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
import { sessionOf } from "./service_session.ts";

/** Options of an import. */
export interface ImportOptions extends Omit<ImportWaitOptions, "partial">, ImportTargets {
  /**
   * The import method.
   * Default: the first of {@linkcode ImportMethod} that supports the source and that the cloud offers.
   */
  readonly method?: ImportMethod | undefined;
  /**
   * Whether the import fails if one store fails. If false, it succeeds if it has reached at least one store;
   * the properties of the image list the failed stores.
   * Default: `true`.
   */
  readonly allStoresMustSucceed?: boolean | undefined;
  /**
   * Whether to wait until the import is complete. If false, the import continues after the return, and its
   * failure is not reported: see {@linkcode waitForImport}.
   * Default: `true`.
   */
  readonly wait?: boolean | undefined;
  /**
   * Which data to refuse before it is sent, if this program sends it. Glance can be configured to decompress or convert
   * staged data, so by default only Glance checks that.
   * Default: "match" for an upload, "off" for staged data.
   */
  readonly inspect?: InspectMode | undefined;
  /** Called with the progress of the bytes that this program sends, if any. Its errors are ignored. */
  readonly onUpload?: ((progress: Progress) => void) | undefined;
}

/**
 * Imports data into an image, with the best method that the cloud offers:
 *
 * - `{ data }`: staged and imported (`glance-direct`), else uploaded.
 * - `{ url }`: downloaded by Glance (`web-download`), else by this program and staged or uploaded.
 * - `{ region, imageId }`: downloaded by Glance from another region of the cloud (`glance-download`).
 * - `{ own: true }`: the existing data, copied to more `stores` (`copy-image`).
 *
 * If the import fails, the image is not deleted. Glance usually leaves it `queued`, and the import can be
 * tried again. If one of several stores fails, Glance leaves it `importing`, and it is unusable.
 *
 * @throws {NotImplemented} if the cloud offers no suitable method; the message lists those that it offers.
 * @throws {Invalid} if the source is invalid, or the method does not support it.
 * @throws {ImageImportFailed} if the import failed in Glance; it has the failed stores and the task's message.
 * @throws {ImageContentRejected} if `inspect` refuses the data.
 * @throws {ImageIntegrityError} if Glance stored other bytes than this program sent.
 * @throws {ImageStalled} if nothing has changed for `stallTimeout`.
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
  checkObject("the options of an import", options);
  const kind = sourceKind(source);
  if ("url" in source) checkUrl(source.url);
  if ("region" in source) checkSourceRegion(context, source.region);
  const { stores, allStores } = options;
  const session = sessionOf(service, context, options);
  const offered = await importMethods(session);
  const choice = { imageId, kind, offered, method: options.method, stores, allStores };
  const method = chooseMethod(choice);
  const data = dataOf(session, source);
  if (method === "upload" && data !== null) {
    return fromGlance(
      await updateImage(session, imageId, {}, data, uploadOptions(source, options)),
    );
  }
  const tasks = new ImageTasks(session, imageId);
  if (method === "copy-image") await tasks.ignoreExisting();
  const staged = method === "glance-direct" && data !== null
    ? await stageData(session, imageId, data, uploadOptions(source, options))
    : null;
  await requestImport(session, imageId, requestOf(method, source, options));
  if (options.wait === false) return await showImage(session, imageId);
  const goal = { ...options, partial: options.allStoresMustSucceed === false };
  const image = fromGlance(await followImport(session, imageId, goal, tasks));
  if (staged !== null) checkImported(staged, image);
  return image;
}

/** The staged data, to compare with the imported image. */
export interface Staged extends SentData {
  /** The image before the import. */
  readonly before: Image;
}

async function stageData(
  session: Session,
  imageId: string,
  data: UploadData,
  { size, onProgress, inspect = "off" }: UploadOptions,
): Promise<Staged> {
  const before = await showImage(session, imageId);
  const { diskFormat: disk_format, containerFormat: container_format } = before;
  const target = { imageId, known: { disk_format, container_format } };
  const source = await inspected(session, sourceOf(data, size), { inspect }, target);
  return { before, ...await stage(session, imageId, source, { onProgress }) };
}

/** The import methods of a cloud; none if it does not support imports. */
async function importMethods(session: Session): Promise<readonly string[]> {
  try {
    const { value } = await session.call(GET_IMPORT_METHODS);
    return Array.isArray(value) ? value.map(String) : [];
  } catch (error) {
    if (error instanceof NotFound || error instanceof NotImplemented) return [];
    throw error;
  }
}

/** The data that this program sends, if the method needs it; null if only Glance can read the source. */
function dataOf({ client, signal }: Session, source: ImportSource): UploadData | null {
  if ("data" in source) return source.data;
  return "url" in source ? () => openWebData(client.options, source.url, signal) : null;
}

function uploadOptions(source: ImportSource, options: ImportOptions): UploadOptions {
  const { onUpload: onProgress, inspect, stores: [storeId] = [] } = options;
  return { size: "data" in source ? source.size : undefined, storeId, inspect, onProgress };
}

function requestOf(
  name: ImportMethod,
  source: ImportSource,
  { stores, allStores, allStoresMustSucceed }: ImportOptions,
): ImportRequest {
  return {
    method: { name, ...parametersOf(name, source) },
    stores,
    all_stores: allStores || undefined,
    all_stores_must_succeed: allStoresMustSucceed,
  };
}

function parametersOf(name: ImportMethod, source: ImportSource): Record<string, string> {
  if ("region" in source) {
    return {
      glance_region: source.region,
      glance_image_id: source.imageId,
      glance_service_interface: source.interface ?? "public",
    };
  }
  return name === "web-download" && "url" in source ? { uri: source.url } : {};
}

/** Sends the import request once. If its response is lost, the image shows whether the import has begun. */
async function requestImport(
  session: Session,
  imageId: string,
  request: ImportRequest,
): Promise<void> {
  try {
    await session.call(IMPORT_IMAGE, imageId, request);
  } catch (error) {
    if (!(error instanceof GlanceConnectionFailed)) throw error;
    const image = await showImage(session, imageId).catch(() => null);
    if (image === null || !hasBegun(image, request)) throw error;
  }
}

/** Whether an import has begun, or is over already. An image that had data before is imported only to further stores. */
function hasBegun(image: Image, { method: { name } }: ImportRequest): boolean {
  const isOver = image.status === "active" && name !== "copy-image";
  return lockOf(image) !== null || image.status === "importing" || isOver;
}

/**
 * Compares the imported image with the staged data. If the format has changed, Glance has converted or
 * decompressed the data, and nothing is compared.
 *
 * @throws {ImageIntegrityError} if the size or the hash differs.
 */
export function checkImported(staged: Staged, image: Image): void {
  const { diskFormat, containerFormat } = staged.before;
  const isConverted = diskFormat !== image.diskFormat || containerFormat !== image.containerFormat;
  const { size, osHashAlgo: algorithm, osHashValue: digest } = image;
  const difference = differenceBetween(staged, { size, algorithm, digest });
  if (isConverted || difference === null) return;
  const { expected, actual } = difference;
  throw new ImageIntegrityError(
    `Cannot accept the import of image "${image.id}": Glance stored ${actual} instead of ${expected}; delete the image and import the data again`,
    { imageId: image.id, expected, actual },
  );
}
