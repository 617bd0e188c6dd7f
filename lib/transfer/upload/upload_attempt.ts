/**
 * The data of an image on its way to Glance, once: counted, hashed, watched, and with what is known
 * where the connection breaks.
 *
 * @module
 */
import { GlanceError, Invalid } from "../../errors.ts";
import { renewToken } from "../../auth/token_session.ts";
import type { ExchangeOptions } from "../../api/client.ts";
import type { Deadline } from "../../http/deadline.ts";
import type { DataBody } from "../../api/wire.ts";
import type { GlanceImage } from "../../api/types.ts";
import { streamSupport } from "../../http/fixed_length.ts";
import { createHasher } from "../integrity/hashing.ts";
import { acceptedRecord, recordAfterBreak, settledRecord } from "./settle.ts";
import type { Hasher } from "../types.ts";
import { SLICE_SIZE, unanswered, UploadBody, wrongSize } from "./upload_body.ts";
import { openError, type Outcome, report, type Sending, type Sent } from "./upload_job.ts";
import type { ChunkReader } from "./upload_source.ts";

/** Glance's default; an operator may choose another, and then the size alone is compared. */
export const HASH_ALGORITHM = "sha512";

/** Takes over the clock of an attempt at a server. */
type Watch = NonNullable<ExchangeOptions["onAttempt"]>;

/**
 * Sends the data from its start.
 *
 * @throws the error of Glance's answer, of the source, or the reason of the signal, as it is.
 */
export async function sendOnce(job: Sending): Promise<Outcome> {
  const { state, options: { signal } } = job;
  state.isUnsettled = false;
  state.settled = null;
  try {
    const outcome = await sendOpened(job);
    state.isUnsettled = !("error" in outcome) || outcome.mayBeWhole;
    return outcome;
  } catch (error) {
    if (!signal?.aborted) state.isUnsettled = false;
    if (!await isRenewed(job, error)) throw error;
    return await sendOnce(job);
  }
}

async function sendOpened(job: Sending): Promise<Outcome> {
  const { imageId, request: { size } } = job;
  const hasher = await createHasher(HASH_ALGORITHM);
  const opened = await job.source.open();
  if (opened instanceof Uint8Array) return await sendBytes(job, opened, hasher);
  const support = streamSupport();
  if (opened.blob !== undefined && support !== "always") {
    return await sendBlob(job, opened.blob, hasher);
  }
  if (support === "never") {
    await opened.cancel("not sent");
    throw new Invalid(
      `Cannot upload image "${imageId}": this browser cannot send a stream; give a Blob, for example "await new Response(stream).blob()"`,
      { imageId },
    );
  }
  // Runtimes do not agree on the length of an empty stream.
  if (size === 0) return await sendBytes(job, await nothingOf(job, opened), hasher);
  return await sendStream(job, opened, hasher);
}

/** Whether a source that can be read again was refused for its token, which is a new one now. */
async function isRenewed({ client, context, source, state }: Sending, error: unknown) {
  const isRefused = error instanceof GlanceError && error.status === 401;
  if (!isRefused || !source.isReplayable || state.isRenewed) return false;
  state.isRenewed = true;
  return await renewToken(context, client.options);
}

async function nothingOf({ imageId }: Sending, source: ChunkReader): Promise<Uint8Array> {
  let chunk = await source.next();
  while (chunk?.byteLength === 0) chunk = await source.next();
  await source.cancel("the upload is empty").catch(() => {});
  if (chunk !== null) throw wrongSize(imageId, 0);
  return new Uint8Array();
}

async function sendBytes(job: Sending, bytes: Uint8Array, hasher: Hasher | null): Promise<Outcome> {
  hasher?.update(bytes);
  const sent = { size: bytes.byteLength, digest: hasher?.digest() ?? null };
  return await sendWhole(job, bytes as Uint8Array<ArrayBuffer>, () => Promise.resolve(sent));
}

/** A browser reads a Blob by itself; it is read a second time for the hash. */
async function sendBlob(job: Sending, blob: Blob, hasher: Hasher | null): Promise<Outcome> {
  const over = new AbortController();
  const reading = hashOf(blob, hasher, over.signal);
  // What the browser reports of a Blob that cannot be read is a failed connection.
  reading.catch(() => {});
  try {
    return await sendWhole(job, blob, () => reading);
  } finally {
    over.abort("sent");
  }
}

async function hashOf(blob: Blob, hasher: Hasher | null, over: AbortSignal): Promise<Sent> {
  const reader = blob.stream().getReader();
  while (hasher !== null && !over.aborted) {
    const { value } = await reader.read();
    if (value === undefined) break;
    hasher.update(value);
  }
  await reader.cancel();
  return { size: blob.size, digest: hasher?.digest() ?? null };
}

/** Sends a body of which the runtime does not show how far it is. */
async function sendWhole(
  job: Sending,
  body: Uint8Array<ArrayBuffer> | Blob,
  sent: () => Promise<Sent>,
): Promise<Outcome> {
  const { client: { options }, imageId, request } = job;
  const size = body instanceof Blob ? body.size : body.byteLength;
  if (request.size !== undefined && request.size !== size) throw wrongSize(imageId, request.size);
  job.state.isUnsettled = true;
  // As long as a stream of the same bytes could take.
  const limit = Math.ceil(size / SLICE_SIZE) * options.stallTimeout + options.requestTimeout;
  const watch: Watch = (deadline) =>
    deadline.arm(limit, () => unanswered(imageId, { requestTimeout: limit }));
  const error = await sendBody(job, body, watch).then(() => null, (error) => error);
  if (error === null) return await sent();
  const open = openError(job, error);
  return { ...await sent(), error: open, mayBeWhole: true, isCut: false };
}

async function sendStream(
  job: Sending,
  source: ChunkReader,
  hasher: Hasher | null,
): Promise<Outcome> {
  const { client: { options }, imageId, request, state } = job;
  const over = new AbortController();
  let deadline: Deadline | null = null;
  const body = new UploadBody(source, {
    options,
    imageId,
    size: request.size ?? null,
    hasher,
    onProgress: (accepted) => report(job, accepted),
    onSent: () => {
      state.isUnsettled = true;
      awaitAnswer(job, over.signal, () => deadline?.abort(unanswered(imageId, options)));
    },
  });
  const sentSoFar = () => ({ size: body.transferred, digest: hasher?.digest() ?? null });
  try {
    await sendBody(job, body.stream, (clock) => body.watch(deadline = clock));
    return sentSoFar();
  } catch (error) {
    if (body.failure !== null) throw body.failure.error;
    const isCut = !body.isSent && !(deadline as Deadline | null)?.signal.aborted;
    return { ...sentSoFar(), error: openError(job, error), mayBeWhole: body.isSent, isCut };
  } finally {
    over.abort("answered");
    await body.close("the upload has ended");
  }
}

/**
 * Limits the wait for an answer: after `requestTimeout`, the record decides. While it says that Glance is
 * storing the data, the request stays open: a proxy may still be passing on what it has buffered.
 */
async function awaitAnswer(job: Sending, over: AbortSignal, giveUp: () => void): Promise<void> {
  const { sleep, requestTimeout } = job.client.options;
  if (requestTimeout === Infinity) return;
  try {
    await sleep(requestTimeout, over);
    job.state.settled = settledRecord(job, over).catch((error) => {
      if (over.aborted) return null;
      throw error;
    });
    if (await job.state.settled === null) return;
  } catch {
    if (over.aborted) return;
  }
  giveUp();
}

function sendBody(
  { client, context, operation, imageId, request, options, tried, source, state }: Sending,
  body: DataBody,
  watch: Watch,
): Promise<void> {
  const { signal } = options;
  return client.run(context, operation, [imageId, body, request], {
    signal,
    tried,
    retries: 0,
    lastWords: source.isReplayable
      ? ""
      : ", and its data can be read only once, so it is not sent again",
    onAttempt: (deadline, server) => {
      state.server = server.endpoint;
      watch(deadline, server);
    },
  });
}

/** The record after an attempt: if it is open whether the data arrived, when Glance knows. */
export async function recordAfter(job: Sending, outcome: Outcome): Promise<GlanceImage> {
  const { operation, options: { signal }, state } = job;
  let record;
  if (!("error" in outcome)) {
    record = await acceptedRecord(job, signal);
    // A server whose database lags behind; what is staged has no size on older clouds.
    if (operation === "upload") {
      const isQueued = ({ status }: GlanceImage) => status === "queued";
      if (isQueued(record)) record = await recordAfterBreak({ ...job, isOpen: isQueued }, signal);
      if (job.isOpen(record)) record = await settledRecord(job, signal);
    }
  } else if (outcome.mayBeWhole) {
    record = await state.settled ?? await settledRecord(job, signal);
  } else {
    record = await recordAfterBreak(job, signal);
  }
  state.isUnsettled = false;
  return record;
}
