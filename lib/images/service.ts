/** `GlanceImageService`: the methods of Cinder's image service. */
import { LIST_STORES } from "../api/operations/cloud.ts";
import { DELETE_IMAGE } from "../api/operations/images.ts";
import { LIST_MEMBERS } from "../api/operations/members_and_tags.ts";
import type { RequestContext } from "../context.ts";
import { GlanceClientWrapper } from "../api/client.ts";
import type { CallOptions } from "../http/request_spec.ts";
import type { ListParameters } from "../api/query.ts";
import { Session } from "../api/session.ts";
import { Invalid } from "../errors.ts";
import { inspect } from "../validate.ts";
import { fromGlance } from "../api/translate.ts";
import type { Image, ImageLocation, ImageMember, ImageMeta, ImageStore } from "../api/types.ts";
import type { DownloadOptions, UploadData, UploadOptions } from "../transfer/types.ts";
import { createImage } from "./create_image.ts";
import { type DownloadArguments, downloadToStreamOrSink } from "./download_forms.ts";
import { addLocation, getLocation } from "./image_locations.ts";
import { listAvailable } from "./list.ts";
import { updateImage, type UpdateOptions } from "./update_image.ts";
import { showImage } from "./visible.ts";

/**
 * The image service.
 *
 * The first argument of every method is the context of the user. Methods throw subclasses of `GlanceError`; an
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
    this.client = checkedClient(client);
  }

  /**
   * Lists the images that the user can see and that match the filters, as an array; throws `Invalid` for an
   * unknown marker, sort key, or filter value, or a negative limit.
   */
  async detail(
    context: RequestContext,
    parameters: ListParameters = {},
    options: CallOptions = {},
  ): Promise<Image[]> {
    return await allOf(this.list(context, parameters, options));
  }

  /** Lists the same images lazily, page by page; the first `next()` throws `Invalid` for a wrong parameter. */
  list(
    context: RequestContext,
    parameters: ListParameters = {},
    options: CallOptions = {},
  ): AsyncGenerator<Image, void> {
    return listAvailable(new Session(this.client, context, options), parameters);
  }

  /** Lists the projects that an image is shared with; throws `ImageNotFound` if it is not visible. */
  async listMembers(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<readonly ImageMember[]> {
    return await this.client.request(context, LIST_MEMBERS, [imageId], options);
  }

  /** Lists the stores of Glance; throws `NotFound` if the cloud has a single one. */
  getStores(context: RequestContext, options: CallOptions = {}): Promise<readonly ImageStore[]> {
    return this.client.request(context, LIST_STORES, [], options);
  }

  /** Shows an image; throws `ImageNotFound` if it does not exist, or is not visible to the user. */
  async show(context: RequestContext, imageId: string, options: CallOptions = {}): Promise<Image> {
    return await showImage(new Session(this.client, context, options), imageId);
  }

  /**
   * Returns the direct URL and the locations of an image: from the location API of 2024.2 if the cloud has
   * it and the user may use it, else from the image. `[null, null]` if Glance shows neither.
   */
  async getLocation(
    context: RequestContext,
    imageId: string,
    options: CallOptions = {},
  ): Promise<[directUrl: string | null, locations: readonly ImageLocation[] | null]> {
    const session = new Session(this.client, context, options);
    await showImage(session, imageId);
    return await getLocation(session, imageId);
  }

  /**
   * Adds a location (URL) to an image. Glance checks a hash in `metadata` (`os_hash_algo`, `os_hash_value`).
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
   * Creates an image, with its data if `data` is given; bytes in memory of which there are 0 count as none. A repeated request does not create a second image. If
   * the data cannot be stored, the image is deleted and the error is thrown unchanged. If Glance is still
   * storing the data, `create` waits, up to an hour without a change, and does not delete the image.
   *
   * @throws {Invalid} if a property is reserved, or Glance rejects it.
   * @throws {ImageConflict} if the given `id` is taken.
   * @throws {ImageContentRejected} if the data is unsafe or of another format; nothing is created then.
   * @throws {ImageIntegrityError} if Glance stored other bytes than were sent.
   * @throws {ImageLimitExceeded} if a quota is reached.
   * @throws {ImageUploadFailed} if the upload failed and the image, whose id it has, may still exist.
   */
  async create(
    context: RequestContext,
    imageMeta: ImageMeta,
    data?: UploadData | null,
    options: UploadOptions = {},
  ): Promise<Image> {
    const session = new Session(this.client, context, options);
    return fromGlance(await createImage(session, imageMeta, data, options));
  }

  /**
   * Updates an image: first its data, if `data` is given as in `create`, then its properties. Removes custom
   * properties that are null and, by default, those that `imageMeta` does not name. `imageMeta` can be an
   * image from `show` with changes: `{ ...image, name: "new" }`. Properties that only Glance sets (status,
   * size, times …) are ignored if they are unchanged or null.
   *
   * @throws {ImageNotFound} if the image does not exist.
   * @throws {Invalid} if the update would change a property that only Glance sets; nothing is changed then.
   * @throws {ImageConflict} if data is given and the image is not `queued`, or it differs from `ifUnchanged`.
   * @throws {ImageContentRejected} if the data is unsafe or of another format; nothing is changed then.
   */
  async update(
    context: RequestContext,
    imageId: string,
    imageMeta: ImageMeta,
    data?: UploadData | null,
    options: UpdateOptions = {},
  ): Promise<Image> {
    const session = new Session(this.client, context, options);
    return fromGlance(await updateImage(session, imageId, imageMeta, data, options));
  }

  /**
   * Deletes an image.
   *
   * @throws {ImageNotFound} if it does not exist.
   * @throws {ImageNotAuthorized} if it is protected, or the user does not own it.
   * @throws {ImageConflict} if it is in use.
   */
  async delete(context: RequestContext, imageId: string, options?: CallOptions): Promise<true> {
    await this.client.request(context, DELETE_IMAGE, [imageId], options);
    return true;
  }

  /**
   * Downloads the data of an image as a byte stream. After a broken connection, the download continues from
   * the next server at the same byte. The stream errors before its end if size or hash are wrong.
   *
   * @throws {ImageNotFound} if the image does not exist, or is not visible to the user.
   * @throws {ImageDownloadFailed} if the image has no data, or no server can deliver the rest.
   * @throws {ImageIntegrityError} if the size or the hash is wrong.
   */
  download(
    context: RequestContext,
    imageId: string,
    options?: DownloadOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** Downloads into a sink, which is closed after all bytes are verified, and aborted with the error of a failure. */
  download(
    context: RequestContext,
    imageId: string,
    data: WritableStream<Uint8Array<ArrayBuffer>>,
    options?: DownloadOptions,
  ): Promise<void>;
  download(...args: DownloadArguments): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | void> {
    return downloadToStreamOrSink(this.client, ...args);
  }
}

/** @throws {Invalid} if a value is not a client, for example its options. */
function checkedClient(client: GlanceClientWrapper): GlanceClientWrapper {
  if (typeof client?.request === "function") return client;
  throw new Invalid(
    `Cannot use ${inspect(client)} as a client: write new GlanceClientWrapper(options)`,
  );
}

async function allOf(images: AsyncIterable<Image>): Promise<Image[]> {
  const all: Image[] = [];
  for await (const image of images) all.push(image);
  return all;
}
