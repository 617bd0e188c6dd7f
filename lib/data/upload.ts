/**
 * Uploads: the data of an image to Glance, once and whole, and the proof that it is what was sent.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import {
  GlanceConnectionFailed,
  ImageConflict,
  ImageIntegrityError,
  ServerUnreachable,
} from "../errors.ts";
import { quietly } from "../events.ts";
import type { GlanceClientWrapper } from "../http/client.ts";
import type { Deadline } from "../http/deadline.ts";
import { backoff } from "../http/retry.ts";
import type { DataBody, UploadRequest } from "../images/operations.ts";
import type { GlanceImage } from "../images/types.ts";
import { createHasher } from "./hashing.ts";
import type { Hasher, Progress, UploadOptions } from "./types.ts";
import { SLICE_SIZE, UploadBody, wrongSize } from "./upload_body.ts";
import type { ChunkReader, UploadSource } from "./upload_source.ts";

/** Glance's default; an operator may choose another, and then the size alone is compared. */
const HASH_ALGORITHM = "sha512";

/** How often an image that is still `saving` after a broken upload is looked at again. */
const MAX_LOOKS = 8;

/** What was sent, for the comparison with what is stored. */
interface Sent {
  readonly size: number;
  readonly digest: string | null;
}

/** One upload and all that its attempts share. */
interface Upload {
  readonly client: GlanceClientWrapper;
  readonly context: RequestContext;
  readonly imageId: string;
  readonly source: UploadSource;
  readonly options: UploadOptions;
  readonly request: UploadRequest;
  readonly onProgress: (progress: Progress) => void;
  /** Servers that were tried already. */
  readonly tried: Set<string>;
}

/**
 * Uploads the data of an image and gives its record, which states the size and hash of what was sent.
 *
 * Data that can be read again is sent again where the connection broke and the image is still `queued`;
 * a stream is sent once.
 *
 * @throws {ImageIntegrityError} where Glance stored something else.
 * @throws {ImageConflict} where the image has data already, or is being uploaded by somebody else.
 * @throws the error of the source, or the reason of the signal, as it is.
 */
export async function upload(
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
): Promise<GlanceImage> {
  const { storeId, baseImageRef } = options;
  const { size } = source;
  const request: UploadRequest = {
    ...size !== null && { size },
    ...storeId !== undefined && { storeId },
    ...baseImageRef !== undefined && { baseImageRef },
  };
  const onProgress = quietly(options.onProgress);
  const tried = new Set<string>();
  const job: Upload = { client, context, imageId, source, options, request, onProgress, tried };
  for (let attempt = 1;; attempt++) {
    const sent = await sendOnce(job);
    const record = await recordAfter(job, sent);
    if (record.status === "active" || !("error" in sent)) return checked(imageId, sent, record);
    const mayRepeat = record.status === "queued" && source.isReplayable;
    if (!mayRepeat || attempt > client.options.numRetries) throw sent.error;
    await client.options.sleep(backoff(attempt - 1, client.options.random), options.signal);
  }
}

/** What was sent; with the error where it is open whether it arrived. */
type Outcome = Sent | (Sent & { readonly error: GlanceConnectionFailed });

async function sendOnce(job: Upload): Promise<Outcome> {
  const hasher = await createHasher(HASH_ALGORITHM);
  const opened = await job.source.open();
  return opened instanceof Uint8Array
    ? await sendBytes(job, opened, hasher)
    : await sendStream(job, opened, hasher);
}

async function sendBytes(
  job: Upload,
  bytes: Uint8Array<ArrayBuffer>,
  hasher: Hasher | null,
): Promise<Outcome> {
  const { client: { options }, imageId, request: { size = bytes.byteLength } } = job;
  if (size !== bytes.byteLength) throw wrongSize(imageId, size);
  hasher?.update(bytes);
  const sent = { size, digest: hasher?.digest() ?? null };
  // Nobody sees how far they are: they may take as long as a stream of them at the most.
  const slices = Math.ceil(size / SLICE_SIZE);
  const limit = slices * options.stallTimeout + options.requestTimeout;
  const watch = (deadline: Deadline) =>
    deadline.arm(limit, () =>
      new ServerUnreachable(
        `Cannot upload image "${imageId}": the server did not answer in ${limit} ms`,
        { imageId },
      ));
  const outcome = await sendBody(job, bytes, watch).then(() => sent, (error) => lost(sent, error));
  report(job, bytes.byteLength);
  return outcome;
}

async function sendStream(
  job: Upload,
  source: ChunkReader,
  hasher: Hasher | null,
): Promise<Outcome> {
  const { client, imageId, request } = job;
  const body = new UploadBody(source, {
    options: client.options,
    imageId,
    size: request.size ?? null,
    hasher,
    onProgress: (transferred) => report(job, transferred),
  });
  const sentSoFar = () => ({ size: body.transferred, digest: hasher?.digest() ?? null });
  try {
    await sendBody(job, body.stream, (deadline) => body.watch(deadline));
    return sentSoFar();
  } catch (error) {
    if (body.failure !== null) throw body.failure.error;
    return lost(sentSoFar(), error);
  } finally {
    await body.close("the upload has ended");
  }
}

function sendBody(
  { client, context, imageId, request, options, tried }: Upload,
  body: DataBody,
  watch: (deadline: Deadline) => void,
): Promise<void> {
  const { signal } = options;
  return client.run(context, "upload", [imageId, body, request], {
    signal,
    tried,
    retries: 0,
    watch,
  });
}

/** A connection that broke leaves open what arrived; any other error is an answer. */
function lost(sent: Sent, error: unknown): Outcome {
  if (error instanceof GlanceConnectionFailed) return { ...sent, error };
  throw error;
}

/** The record of the image, once Glance has made up its mind about an upload that broke. */
async function recordAfter(job: Upload, sent: Outcome): Promise<GlanceImage> {
  const { client, context, imageId, options: { signal } } = job;
  const { sleep, random } = client.options;
  for (let look = 0;; look++) {
    const record = await client.run(context, "get", [imageId], { signal });
    if (record.status !== "saving" || !("error" in sent)) return record;
    if (look === MAX_LOOKS) throw sent.error;
    await sleep(backoff(look, random), signal);
  }
}

/** The record, where it states what was sent. */
function checked(imageId: string, sent: Outcome, record: GlanceImage): GlanceImage {
  const { size = null, os_hash_algo, os_hash_value } = record;
  const isHashed = os_hash_algo === HASH_ALGORITHM && sent.digest !== null && !!os_hash_value;
  const isSame = (size === null || size === sent.size) &&
    (!isHashed || os_hash_value === sent.digest);
  if (isSame) return record;
  if ("error" in sent) {
    throw new ImageConflict(
      `Cannot upload image "${imageId}": the connection broke, and the image has data that is not what was sent; delete it and upload it anew`,
      { cause: sent.error, imageId },
    );
  }
  const [expected, actual] = size === sent.size
    ? [`${HASH_ALGORITHM} ${sent.digest}`, `${HASH_ALGORITHM} ${os_hash_value}`]
    : [`size ${sent.size}`, `size ${size}`];
  throw new ImageIntegrityError(
    `Cannot accept the upload of image "${imageId}": Glance stored ${actual} instead of ${expected}; delete it and upload it anew`,
    { imageId, expected, actual },
  );
}

function report({ client, onProgress, request }: Upload, transferred: number): void {
  const server = client.server?.endpoint ?? "";
  onProgress({ transferred, total: request.size ?? null, server, resumes: 0 });
}
