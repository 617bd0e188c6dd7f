/**
 * One attempt to send the data of an image: counts and hashes it, limits the wait, and classifies the outcome
 * if the connection breaks.
 */
import { GlanceError, Invalid } from "../../errors.ts";
import { STAGE_IMAGE_DATA, UPLOAD_IMAGE_DATA } from "../../api/operations/data.ts";
import type { CallPolicy } from "../../http/request_spec.ts";
import type { Deadline } from "../../http/deadline.ts";
import { Session } from "../../api/session.ts";
import type { DataBody } from "../../api/wire.ts";
import type { GlanceImage } from "../../api/types.ts";
import { streamSupport } from "../../http/fixed_length.ts";
import { createTransferHasher } from "../transfer_hasher.ts";
import { HASH_ALGORITHM } from "./compare_sent.ts";
import { acceptedRecord, recordAfterBreak, settledRecord, STALE_LIMIT } from "./settle.ts";
import type { TransferHasher } from "../types.ts";
import { noResponse, SLICE_SIZE, UploadBody, wrongSize } from "./upload_body.ts";
import {
  type AttemptOutcome,
  report,
  type SentData,
  unknownOutcome,
  type Upload,
} from "./upload_state.ts";
import type { ChunkReader } from "./upload_source.ts";

/** Receives the deadline of an attempt. */
type OnAttempt = NonNullable<CallPolicy["onAttempt"]>;

/**
 * Sends the data from its start.
 *
 * @throws the error of Glance's response, of the source, or the reason of the signal, unchanged.
 */
export async function attemptUpload(upload: Upload): Promise<AttemptOutcome> {
  const { state, session: { signal } } = upload;
  state.isUnsettled = false;
  state.settled = null;
  // Every runtime has this algorithm.
  const hasher = (await createTransferHasher(HASH_ALGORITHM, upload.request.size))!;
  try {
    const outcome = await sendOpened(upload, hasher);
    state.isUnsettled = outcome.mayBeWhole;
    return outcome;
  } catch (error) {
    if (!signal?.aborted) state.isUnsettled = false;
    if (!await isRenewed(upload, error)) throw error;
    return await attemptUpload(upload);
  } finally {
    await hasher.close?.();
  }
}

async function sendOpened(
  upload: Upload,
  hasher: TransferHasher,
): Promise<AttemptOutcome> {
  const { imageId, request: { size } } = upload;
  const opened = await upload.source.open();
  if (opened instanceof Uint8Array) return await sendBytes(upload, opened, hasher);
  const support = streamSupport();
  if (opened.blob !== undefined && support !== "always") {
    return await sendBlob(upload, opened.blob, hasher);
  }
  if (support === "never") {
    await opened.cancel("not sent");
    throw new Invalid(
      `Cannot upload image "${imageId}": this browser cannot send a stream; pass a Blob, for example "await new Response(stream).blob()"`,
      { imageId },
    );
  }
  // Runtimes differ in the length header of an empty stream.
  if (size === 0) return await sendBytes(upload, await readEmpty(upload, opened), hasher);
  return await sendStream(upload, opened, hasher);
}

/** Renews a rejected token once if the source is re-readable; true if the data can be sent again. */
async function isRenewed({ session, source, state }: Upload, error: unknown) {
  const isRefused = error instanceof GlanceError && error.status === 401;
  if (!isRefused || !source.isReplayable || state.isRenewed) return false;
  state.isRenewed = true;
  const tokens = session.client.tokens(session.context);
  if (!tokens.isRenewable) return false;
  await tokens.renewRefused();
  return true;
}

async function readEmpty({ imageId }: Upload, source: ChunkReader): Promise<Uint8Array> {
  let chunk = await source.next();
  while (chunk?.byteLength === 0) chunk = await source.next();
  await source.cancel("the upload is empty").catch(() => {});
  if (chunk !== null) throw wrongSize(imageId, 0);
  return new Uint8Array();
}

async function sendBytes(
  upload: Upload,
  bytes: Uint8Array,
  hasher: TransferHasher,
): Promise<AttemptOutcome> {
  await hasher.update(bytes);
  const sent = { size: bytes.byteLength, digest: await hasher.digest() };
  return await sendWhole(upload, bytes as Uint8Array<ArrayBuffer>, sent);
}

/** Sends a Blob, which the browser reads itself, and reads it a second time for the hash. */
async function sendBlob(
  upload: Upload,
  blob: Blob,
  hasher: TransferHasher,
): Promise<AttemptOutcome> {
  const over = new AbortController();
  const sent = hashBlob(blob, hasher, over.signal);
  // The browser reports an unreadable Blob as a failed connection; this promise has the real error.
  sent.catch(() => {});
  try {
    return await sendWhole(upload, blob, sent);
  } finally {
    over.abort("sent");
  }
}

async function hashBlob(
  blob: Blob,
  hasher: TransferHasher,
  over: AbortSignal,
): Promise<SentData> {
  const reader = blob.stream().getReader();
  while (!over.aborted) {
    const { value } = await reader.read();
    if (value === undefined) break;
    await hasher.update(value);
  }
  await reader.cancel();
  return { size: blob.size, digest: await hasher.digest() };
}

/** Sends a body whose progress the runtime does not report. */
async function sendWhole(
  upload: Upload,
  body: Uint8Array<ArrayBuffer> | Blob,
  sent: SentData | Promise<SentData>,
): Promise<AttemptOutcome> {
  const { session: { client: { options } }, imageId, request } = upload;
  const size = body instanceof Blob ? body.size : body.byteLength;
  if (request.size !== undefined && request.size !== size) throw wrongSize(imageId, request.size);
  upload.state.isUnsettled = true;
  // The longest time that a stream of the same size may take.
  const slices = Math.max(1, Math.ceil(size / SLICE_SIZE)); // 0 times Infinity is not a number
  const limit = slices * options.stallTimeout + options.requestTimeout;
  const onAttempt: OnAttempt = (deadline) =>
    deadline.arm(limit, () => noResponse(imageId, { requestTimeout: limit }));
  const error = await sendBody(upload, body, onAttempt).then(() => null, (error) => error);
  if (error === null) return { ...await sent, mayBeWhole: true };
  const open = unknownOutcome(upload, error);
  return { ...await sent, error: open, mayBeWhole: true, hasUnsentBytes: false };
}

async function sendStream(
  upload: Upload,
  source: ChunkReader,
  hasher: TransferHasher,
): Promise<AttemptOutcome> {
  const { session: { client: { options } }, imageId, request, state } = upload;
  const over = new AbortController();
  let deadline: Deadline | null = null;
  let end: unknown = "the upload has ended";
  const body = new UploadBody(source, {
    options,
    imageId,
    size: request.size ?? null,
    hasher,
    onProgress: (accepted) => report(upload, accepted),
    onSent: () => {
      state.isUnsettled = true;
      awaitResponse(upload, over.signal, () => deadline?.abort(noResponse(imageId, options)));
    },
  });
  const sentSoFar = async () => ({
    size: body.transferred,
    digest: await hasher.digest(),
    mayBeWhole: body.isSent,
  });
  try {
    await sendBody(upload, body.stream, (attempt) => body.watch(deadline = attempt));
    return await sentSoFar();
  } catch (error) {
    end = error;
    if (body.failure !== null) throw body.failure.error;
    const hasUnsentBytes = !body.isSent && !(deadline as Deadline | null)?.signal.aborted;
    return { ...await sentSoFar(), error: unknownOutcome(upload, error), hasUnsentBytes };
  } finally {
    over.abort("responded");
    await body.close(end);
  }
}

/**
 * Limits the wait for the response: after `requestTimeout`, the record decides. While it states that Glance
 * is storing the data, the request stays open, since a proxy may still be forwarding buffered data.
 */
function awaitResponse(upload: Upload, over: AbortSignal, giveUp: () => void): void {
  const { client, context } = upload.session;
  const { timer, requestTimeout } = client.options;
  if (requestTimeout === Infinity || over.aborted) return;
  const session = new Session(client, context, { signal: over });
  const cancel = timer(requestTimeout, async () => {
    try {
      upload.state.settled = settledRecord({ ...upload, session }).catch((error) => {
        if (over.aborted) return null;
        throw error;
      });
      if (await upload.state.settled === null) return;
    } catch {
      if (over.aborted) return;
    }
    giveUp();
  });
  over.addEventListener("abort", cancel, { once: true });
}

/** The operations that send data. */
const OPERATIONS = { upload: UPLOAD_IMAGE_DATA, stage: STAGE_IMAGE_DATA };

function sendBody(
  { session, operation, imageId, request, tried, source, state }: Upload,
  body: DataBody,
  onAttempt: OnAttempt,
): Promise<void> {
  return session.request(OPERATIONS[operation], [imageId, body, request], {
    tried,
    retries: 0,
    finalReason: source.isReplayable
      ? ""
      : ", and its data can be read only once, so it is not sent again",
    onAttempt: (deadline, server) => {
      state.server = server.endpoint;
      onAttempt(deadline, server);
    },
  });
}

/** The record after an attempt. If the outcome is unknown, waits until the record states it. */
export async function recordAfter(upload: Upload, outcome: AttemptOutcome): Promise<GlanceImage> {
  const { operation, state } = upload;
  let record;
  if (!("error" in outcome)) {
    record = await acceptedRecord(upload);
    // A stale database may still state `queued`.
    const isQueued = ({ status }: GlanceImage) => status === "queued";
    if (isQueued(record)) {
      record = await recordAfterBreak({ ...upload, isPending: isQueued }, STALE_LIMIT);
    }
    // Older clouds never state the size of staged data.
    const maySettle = operation === "upload" && outcome.mayBeWhole;
    if (maySettle && upload.isPending(record)) record = await settledRecord(upload);
  } else if (outcome.mayBeWhole) {
    record = await state.settled ?? await settledRecord(upload);
  } else {
    record = await recordAfterBreak(upload);
  }
  state.isUnsettled = false;
  return record;
}
