/**
 * The data of an image on its way to Glance, once: counted, hashed, watched, and with what is known
 * where the connection breaks.
 *
 * @module
 */
import type { RequestContext } from "../context.ts";
import { GlanceConnectionFailed, ServerUnreachable } from "../errors.ts";
import { quietly } from "../events.ts";
import type { ExchangeOptions, GlanceClientWrapper } from "../http/client.ts";
import { backoff } from "../http/retry.ts";
import type { DataBody, UploadRequest } from "../images/wire.ts";
import type { GlanceImage } from "../images/types.ts";
import { createHasher } from "./hashing.ts";
import type { Hasher, Progress, UploadOptions } from "./types.ts";
import { SLICE_SIZE, UploadBody, wrongSize } from "./upload_body.ts";
import type { ChunkReader, UploadSource } from "./upload_source.ts";

/** Glance's default; an operator may choose another, and then the size alone is compared. */
export const HASH_ALGORITHM = "sha512";

/** Takes over the clock of an attempt at a server. */
type Watch = NonNullable<ExchangeOptions["watch"]>;

/** One transfer and all that its attempts share. */
export interface Sending {
  readonly client: GlanceClientWrapper;
  readonly context: RequestContext;
  readonly imageId: string;
  /** Where the data goes: to the image's store, or where an import takes it. */
  readonly operation: "upload" | "stage";
  readonly source: UploadSource;
  readonly options: UploadOptions;
  readonly request: UploadRequest;
  readonly onProgress: (progress: Progress) => void;
  /** Servers that were tried already. */
  readonly tried: Set<string>;
}

/** What was sent, for the comparison with what is stored. */
export interface Sent {
  readonly size: number;
  /** In lower-case hexadecimal; null where the algorithm is not available. */
  readonly digest: string | null;
}

/** What was sent; with the error where it is open whether it arrived. */
export type Outcome = Sent | (Sent & { readonly error: GlanceConnectionFailed });

/** A transfer of `source`; its attempts are to be made one after the other. */
export function sending(
  operation: Sending["operation"],
  client: GlanceClientWrapper,
  context: RequestContext,
  imageId: string,
  source: UploadSource,
  options: UploadOptions,
): Sending {
  const { storeId, baseImageRef } = options;
  const { size } = source;
  const request: UploadRequest = {
    ...size !== null && { size },
    ...storeId !== undefined && { storeId },
    ...baseImageRef !== undefined && { baseImageRef },
  };
  const onProgress = quietly(options.onProgress);
  const tried = new Set<string>();
  return { operation, client, context, imageId, source, options, request, onProgress, tried };
}

/**
 * Sends the data from its start.
 *
 * @throws the error of Glance's answer, of the source, or the reason of the signal, as it is.
 */
export async function sendOnce(job: Sending): Promise<Outcome> {
  const hasher = await createHasher(HASH_ALGORITHM);
  const opened = await job.source.open();
  return opened instanceof Uint8Array
    ? await sendBytes(job, opened, hasher)
    : await sendStream(job, opened, hasher);
}

async function sendBytes(
  job: Sending,
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
  let endpoint = "";
  const watch: Watch = (deadline, server) => {
    endpoint = server.endpoint;
    deadline.arm(limit, () =>
      new ServerUnreachable(
        `Cannot upload image "${imageId}": the server did not answer in ${limit} ms`,
        { imageId, server: endpoint },
      ));
  };
  const outcome = await sendBody(job, bytes, watch).then(() => sent, (error) => lost(sent, error));
  report(job, endpoint, bytes.byteLength);
  return outcome;
}

async function sendStream(
  job: Sending,
  source: ChunkReader,
  hasher: Hasher | null,
): Promise<Outcome> {
  const { client, imageId, request } = job;
  let endpoint = "";
  const body = new UploadBody(source, {
    options: client.options,
    imageId,
    size: request.size ?? null,
    hasher,
    onProgress: (transferred) => report(job, endpoint, transferred),
  });
  const sentSoFar = () => ({ size: body.transferred, digest: hasher?.digest() ?? null });
  try {
    await sendBody(job, body.stream, (deadline, server) => {
      endpoint = server.endpoint;
      body.watch(deadline);
    });
    return sentSoFar();
  } catch (error) {
    if (body.failure !== null) throw body.failure.error;
    return lost(sentSoFar(), error);
  } finally {
    await body.close("the upload has ended");
  }
}

function sendBody(
  { client, context, operation, imageId, request, options, tried }: Sending,
  body: DataBody,
  watch: Watch,
): Promise<void> {
  const { signal } = options;
  return client.run(context, operation, [imageId, body, request], {
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

/** How often an image whose transfer broke is looked at again while Glance does not say what arrived. */
const MAX_LOOKS = 8;

/**
 * The record of the image: at once where Glance has answered; where the connection broke, when Glance
 * has made up its mind, or after a while.
 *
 * @param isOpen whether a record does not say yet what has become of the data
 */
export async function recordAfter(
  job: Sending,
  outcome: Outcome,
  isOpen: (record: GlanceImage) => boolean,
): Promise<GlanceImage> {
  const { client, context, imageId, options: { signal } } = job;
  const { sleep, random } = client.options;
  for (let look = 0;; look++) {
    const record = await client.run(context, "get", [imageId], { signal });
    if (!("error" in outcome) || look === MAX_LOOKS || !isOpen(record)) return record;
    await sleep(backoff(look, random), signal);
  }
}

function report({ onProgress, request }: Sending, server: string, transferred: number): void {
  onProgress({ transferred, total: request.size ?? null, server, resumes: 0 });
}
