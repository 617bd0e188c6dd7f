/**
 * `GlanceImageService`: the image service of Cinder, method by method. A table of contents: each
 * method asks the client and translates; whatever has a loop of its own lives elsewhere.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { openDownload, streamOf } from "../transfer/download/download.ts";
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
import { fromGlance, toGlance } from "../api/translate.ts";
import type { Image, ImageLocation, ImageMember, ImageMeta, ImageStore } from "../api/types.ts";
import { isAvailable } from "./visible.ts";

/** What an update may be told. */
export interface UpdateOptions extends UploadOptions {
  /**
   * Whether custom properties that the update does not name are removed.
   * @default {true}
   */
  readonly purgeProps?: boolean;
  /**
   * The image as the caller has seen it: the update is refused where anything about it has changed since.
   * Glance has no way to do both at once: what is changed in the moment between the comparison and the
   * update is not noticed, unless it makes the update impossible.
   */
  readonly ifUnchanged?: Image;
}

/**
 * The image service.
 *
 * Every method takes the caller's context first and throws the errors of `GlanceError`; an abort
 * throws the signal's reason as it is.
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
  /** The client that makes the requests. */
  readonly client: GlanceClientWrapper;

  /** Without a client, one with default options, which finds its servers in each context's catalog. */
  constructor(client: GlanceClientWrapper = new GlanceClientWrapper()) {
    this.client = client;
  }

  /**
   * All images that the caller may see and that fit, as an array.
   *
   * @throws {Invalid} for an unknown marker, sort key or filter value, or a negative limit.
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

  /** The same, lazily: a page is asked for when the one before has been used up. */
  list(
    context: RequestContext,
    parameters: ListParameters = {},
    options: CallOptions = {},
  ): AsyncGenerator<Image, void> {
    return listAvailable(this.client, context, parameters, options);
  }

  /** The projects with which an image is shared. */
  async listMembers(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<readonly ImageMember[]> {
    return await this.client.run(context, "members.list", [imageId], options);
  }

  /**
   * The stores to which Glance can write.
   *
   * @throws {NotFound} where the cloud has one store only and does not tell which.
   */
  async getStores(
    context: RequestContext,
    options: CallOptions = {},
  ): Promise<readonly ImageStore[]> {
    return await this.client.run(context, "info.stores", [], options);
  }

  /**
   * One image.
   *
   * @throws {ImageNotFound} where there is none, or the caller may not see it.
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
   * Where the data of an image is: its direct URL and its locations, from the location API of 2024.2
   * if the cloud has it and the caller may use it, else from the image itself. `[null, null]` where
   * Glance shows neither.
   */
  async getLocation(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<[directUrl: string | null, locations: readonly ImageLocation[] | null]> {
    await this.show(context, imageId, options);
    return await getLocation(this.client, context, imageId, options);
  }

  /**
   * Tells Glance that the data of an image is already at `url`.
   *
   * `metadata` with `os_hash_algo` and `os_hash_value` lets Glance check the data.
   *
   * @throws {ImageNotAuthorized} where the cloud does not let users set locations.
   * @throws {ProgrammingError} where the cloud has no way to set a location.
   */
  async addLocation(
    context: RequestContext,
    imageId: string,
    url: string,
    metadata: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<Image> {
    return fromGlance(await addLocation(this.client, context, imageId, url, metadata, options));
  }

  /**
   * A new image, with its data if `data` is given. The id is chosen here, so that a request that a
   * network repeats makes one image. If the data cannot be stored, the image is deleted again, and what
   * was wrong with the data is thrown as it is. An image whose data Glance is still storing is not deleted:
   * `create` waits for it, up to an hour without a change.
   *
   * @throws {Invalid} where Glance refuses a property; reserved names are refused before.
   * @throws {ImageConflict} where the given `id` is taken.
   * @throws {ImageIntegrityError} where Glance stored other bytes than were sent.
   * @throws {ImageLimitExceeded} where a quota is reached.
   * @throws {ImageUploadFailed} with the id of the image, if it is still there: it cannot be deleted, or it
   * cannot be known whether Glance has stored its data.
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
   * Changes an image: first its data, where `data` is given and not empty, then its properties. By
   * default, custom properties that `imageMeta` does not name are removed; one that is null is, too.
   *
   * An image that was shown can be given back with something changed: `{ ...image, name: "new" }`. What
   * only Glance sets (its status, its size, times …) is left alone where it is as it was, or null.
   *
   * @throws {ImageNotFound} where there is none.
   * @throws {Invalid} before anything is changed, where what only Glance sets would be; it is named.
   * @throws {ImageConflict} where data is given and the image is not `queued`, and with `ifUnchanged` where
   * somebody else has changed the image.
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
   * @throws {ImageNotFound} where there is none.
   * @throws {ImageNotAuthorized} where it is protected or belongs to somebody else.
   * @throws {ImageConflict} where it is in use.
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
   * The data of an image as a byte stream. It goes on at the byte where it broke, on the next server;
   * it is counted and hashed on its way, and errors before its end where anything is wrong.
   *
   * @throws {ImageDownloadFailed} where the image has no data, or no server can deliver the rest.
   * @throws {ImageIntegrityError} where the bytes are not those of the image.
   */
  download(
    context: RequestContext,
    imageId: string,
    options?: DownloadOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /**
   * The same into a sink, which is closed when all bytes are in and right, and aborted otherwise.
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
    // As options it would be ignored, and nothing would be written to it.
    const isOtherSink = ["write", "writable"].some((name) => name in Object(dataOrOptions));
    if (options !== undefined || isOtherSink) return Promise.reject(notASink(imageId));
    return openDownload(client, context, imageId, dataOrOptions).then(streamOf);
  }
}

function notASink(imageId: string): Invalid {
  return new Invalid(
    `Cannot download image "${imageId}": the sink is no WritableStream; give one, or only options to get a stream`,
    { imageId },
  );
}
