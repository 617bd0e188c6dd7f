/**
 * `GlanceImageService`: the methods of Cinder's image service.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { streamOf } from "../transfer/download/byte_stream.ts";
import { openDownload } from "../transfer/download/download.ts";
import { downloadTo } from "../transfer/download/download_to_sink.ts";
import type { DownloadOptions, ImageData, UploadOptions } from "../transfer/types.ts";
import { upload } from "../transfer/upload/upload.ts";
import { sourceIn } from "../transfer/upload/upload_source.ts";
import { ImageNotFound, Invalid } from "../errors.ts";
import { type CallOptions, GlanceClientWrapper } from "../api/client.ts";
import { wantedIn } from "../api/change.ts";
import { applyPatch, checkPreconditions, createImage, rollbackCreate } from "./edit.ts";
import { listAvailable } from "./list.ts";
import { addLocation, getLocation } from "../api/locations.ts";
import type { ListParameters } from "../api/query.ts";
import { Session } from "../api/session.ts";
import { fromGlance, toGlance } from "../api/translate.ts";
import type { Image, ImageLocation, ImageMember, ImageMeta, ImageStore } from "../api/types.ts";
import { isAvailable } from "./visible.ts";

/** Options of an update. */
export interface UpdateOptions extends UploadOptions {
  /**
   * Whether to remove custom properties that the update does not name.
   * @default {true}
   */
  readonly purgeProps?: boolean;
  /**
   * The image as the caller last saw it. The update fails if the image has changed since. Glance has no
   * conditional update, so a change between the comparison and the update goes unnoticed, unless it makes
   * the update impossible.
   */
  readonly ifUnchanged?: Image;
}

/**
 * The image service.
 *
 * Every method takes the caller's context as its first argument and throws subclasses of `GlanceError`. An
 * abort throws the reason of the signal.
 *
 * @example
 * ```ts
 * import { GlanceClientWrapper, GlanceImageService } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const service = new GlanceImageService(
 *   new GlanceClientWrapper({
 *     apiServers: ["glance.example:9292"],
 *     authStrategy: "noauth",
 *     fetch: (input, init) => glance.fetch(new Request(input, init)),
 *   }),
 * );
 * const data = new TextEncoder().encode("the bytes of a disk");
 * const meta = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
 * const image = await service.create({}, meta, data);
 * const stream = await service.download({}, image.id);
 * assert(await new Response(stream).text() === "the bytes of a disk");
 * ```
 */
export class GlanceImageService {
  /** The client that sends the requests. */
  readonly client: GlanceClientWrapper;

  /** The default client has default options and finds its servers in the catalog of each context. */
  constructor(client: GlanceClientWrapper = new GlanceClientWrapper()) {
    this.client = client;
  }

  /**
   * Lists the images that are available to the caller and match the filters, as an array.
   *
   * @throws {Invalid} for an unknown marker, sort key, or filter value, or a negative limit.
   */
  async detail(
    context: RequestContext,
    parameters: ListParameters = {},
    options: CallOptions = {},
  ): Promise<Image[]> {
    const images: Image[] = [];
    for await (const image of this.list(context, parameters, options)) images.push(image);
    return images;
  }

  /** Lists the same images lazily. Each page is requested when the previous one is used up. */
  list(
    context: RequestContext,
    parameters: ListParameters = {},
    options: CallOptions = {},
  ): AsyncGenerator<Image, void> {
    return listAvailable(this.client, context, parameters, options);
  }

  /** Lists the members of an image: the projects that it is shared with. */
  async listMembers(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<readonly ImageMember[]> {
    return await this.client.run(context, "members.list", [imageId], options);
  }

  /**
   * Lists the stores of Glance.
   *
   * @throws {NotFound} if the cloud has a single store.
   */
  async getStores(
    context: RequestContext,
    options: CallOptions = {},
  ): Promise<readonly ImageStore[]> {
    return await this.client.run(context, "info.stores", [], options);
  }

  /**
   * Shows an image.
   *
   * @throws {ImageNotFound} if it does not exist, or is not available to the caller.
   */
  async show(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<Image> {
    const image = fromGlance(await this.client.run(context, "get", [imageId], options));
    if (await isAvailable(this.client, context, image, options)) return image;
    throw new ImageNotFound(
      `Cannot show image "${imageId}": it does not belong to the caller, is not public, and is not shared with an accepted member; ask its owner to share it`,
      { imageId, status: 404 },
    );
  }

  /**
   * Returns the direct URL and the locations of an image: from the location API of 2024.2 if the cloud has
   * it and the caller may use it, else from the image. `[null, null]` if Glance shows neither.
   */
  async getLocation(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<[directUrl: string | null, locations: readonly ImageLocation[] | null]> {
    await this.show(context, imageId, options);
    return await getLocation(new Session(this.client, context, options), imageId);
  }

  /**
   * Adds a location (URL) to an image.
   *
   * Glance checks the data if `metadata` has `os_hash_algo` and `os_hash_value`.
   *
   * @throws {ImageNotAuthorized} if users of the cloud may not set locations.
   * @throws {ProgrammingError} if the cloud does not support setting locations.
   */
  async addLocation(
    context: RequestContext,
    imageId: string,
    url: string,
    metadata: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<Image> {
    const session = new Session(this.client, context, options);
    return fromGlance(await addLocation(session, imageId, url, metadata));
  }

  /**
   * Creates an image, with its data if `data` is given. The id is chosen here, so that a repeated request
   * does not create a second image. If the data cannot be stored, the image is deleted and the error is
   * thrown unchanged. If Glance is still storing the data, `create` waits for it, up to an hour without a
   * change, and does not delete the image.
   *
   * @throws {Invalid} if a property is reserved, or Glance rejects it.
   * @throws {ImageConflict} if the given `id` is taken.
   * @throws {ImageIntegrityError} if Glance stored other bytes than were sent.
   * @throws {ImageLimitExceeded} if a quota is reached.
   * @throws {ImageUploadFailed} if the upload failed and the image, whose id it has, may still exist: it
   * cannot be deleted, or it is unknown whether Glance has stored its data.
   */
  async create(
    context: RequestContext,
    imageMeta: ImageMeta,
    data?: ImageData | null,
    options: UploadOptions = {},
  ): Promise<Image> {
    const source = sourceIn(data, options);
    const created = await createImage(this.client, context, toGlance(imageMeta), options);
    if (source === null) return fromGlance(created);
    const undo = (cause: unknown) => rollbackCreate(this.client, context, created.id, cause);
    return fromGlance(await upload(this.client, context, created.id, source, options, undo));
  }

  /**
   * Updates an image: first its data, if `data` is given and not empty, then its properties. Removes custom
   * properties that are null and, by default, those that `imageMeta` does not name.
   *
   * `imageMeta` can be an image from `show` with changes: `{ ...image, name: "new" }`. Properties that only
   * Glance sets (status, size, times …) are ignored if they are unchanged or null.
   *
   * @throws {ImageNotFound} if the image does not exist.
   * @throws {Invalid} if the update would change a property that only Glance sets; nothing is changed then.
   * @throws {ImageConflict} if data is given and the image is not `queued`, or if the image differs from
   * `ifUnchanged`.
   */
  async update(
    context: RequestContext,
    imageId: string,
    imageMeta: ImageMeta,
    data?: ImageData | null,
    options: UpdateOptions = {},
  ): Promise<Image> {
    const { client } = this;
    const { wanted, assertedValues } = wantedIn(imageMeta);
    const source = sourceIn(data, options);
    const { purgeProps: purge = true, ifUnchanged } = options;
    const seen = await checkPreconditions(client, context, imageId, {
      assertedValues,
      ifUnchanged,
    }, options);
    const stored = source && await upload(client, context, imageId, source, options);
    if (Object.keys(wanted).length > 0) {
      const isAlone = ifUnchanged !== undefined;
      const change = { wanted, purge, isAlone, current: stored ?? seen };
      return fromGlance(await applyPatch(client, context, imageId, change, options));
    }
    return fromGlance(stored ?? seen ?? await client.run(context, "get", [imageId], options));
  }

  /**
   * Deletes an image.
   *
   * @throws {ImageNotFound} if it does not exist.
   * @throws {ImageNotAuthorized} if it is protected, or the caller does not own it.
   * @throws {ImageConflict} if it is in use.
   */
  async delete(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<true> {
    await this.client.run(context, "delete", [imageId], options);
    return true;
  }

  /**
   * Downloads the data of an image as a byte stream. After a broken connection, the download continues from
   * the next server at the same byte. Size and hash are verified; the stream errors before its end if they
   * are wrong.
   *
   * @throws {ImageDownloadFailed} if the image has no data, or no server can deliver the rest.
   * @throws {ImageIntegrityError} if the size or the hash is wrong.
   */
  download(
    context: RequestContext,
    imageId: string,
    options?: DownloadOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /**
   * Downloads into a sink. The sink is closed after all bytes are written and verified, and aborted on failure.
   */
  download(
    context: RequestContext,
    imageId: string,
    data: WritableStream<Uint8Array<ArrayBuffer>>,
    options?: DownloadOptions,
  ): Promise<void>;
  download(
    context: RequestContext,
    imageId: string,
    dataOrOptions: WritableStream<Uint8Array<ArrayBuffer>> | DownloadOptions = {},
    options?: DownloadOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | void> {
    const { client } = this;
    if (dataOrOptions instanceof WritableStream) {
      return downloadTo(client, context, imageId, dataOrOptions, options ?? {});
    }
    // A sink of another type would be ignored as options, and nothing written to it.
    const isOtherSink = ["write", "writable"].some((name) => name in Object(dataOrOptions));
    if (options !== undefined || isOtherSink) return Promise.reject(notASink(imageId));
    return openDownload(client, context, imageId, dataOrOptions).then(streamOf);
  }
}

function notASink(imageId: string): Invalid {
  return new Invalid(
    `Cannot download image "${imageId}": the sink is not a WritableStream; give one, or only options to get a stream`,
    { imageId },
  );
}
