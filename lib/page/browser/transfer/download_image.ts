/**
 * Downloads an image, and verifies it while it is written. The gateway moves to another server if one fails; after
 * a break of the connection to the gateway itself, the rest is requested. (`downloadImage` of the module also
 * compares several servers, which is 7 kB that the page would never use.)
 */
import { GET_IMAGE } from "../../../api/operations/images.ts";
import { READ_IMAGE_DATA } from "../../../api/operations/data.ts";
import {
  GlanceError,
  ImageDownloadFailed,
  ImageIntegrityError,
  ServerUnreachable,
} from "../../../errors.ts";
import { parseContentRange } from "../../../http/byte_range.ts";
import { descriptorOf, Verifier } from "../../../transfer/integrity/descriptor.ts";
import { client, request, type User } from "../gateway.ts";
import { delay } from "./delay.ts";

/** Milliseconds without data after which a connection is given up, and the download, too. */
const STALL_TIMEOUT = 60_000;

/** Milliseconds until the next request for the rest, if the last one has brought no byte. */
const RESUME_DELAY = 1_000;

/** Where the bytes are written. */
export interface DownloadSink {
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
}

/**
 * Downloads an image into a sink, which the caller closes or aborts. Returns how the data was verified.
 *
 * @throws {ImageIntegrityError} if the size or the hash is wrong.
 */
export async function downloadImage(
  user: User,
  id: string,
  sink: DownloadSink,
  { signal, onProgress }: {
    readonly signal: AbortSignal;
    readonly onProgress: (received: number) => void;
  },
): Promise<"hash" | "size"> {
  const identity = descriptorOf(await request(user, GET_IMAGE, [id], signal));
  const verifier = await Verifier.create(identity, "auto");
  let received = 0;
  for await (const chunk of resumedChunks(user, id, identity.size, signal)) {
    verifier?.update(chunk);
    await sink.write(chunk);
    onProgress(received += chunk.byteLength);
  }
  signal.throwIfAborted();
  await verifier?.check();
  return verifier === null ? "size" : "hash";
}

/** The bytes of an image, over as many requests as it takes. */
async function* resumedChunks(
  user: User,
  id: string,
  size: number | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let received = 0;
  for (let progressAt = performance.now();;) {
    const before = received;
    let cause: unknown = null;
    try {
      for await (const chunk of chunksFrom(user, id, received, signal)) {
        received += chunk.byteLength;
        progressAt = performance.now();
        yield chunk;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (received === 0 || !isBreak(error)) throw error;
      cause = error;
    }
    if (size === null ? cause === null : received >= size) {
      if (size === null || received === size) return;
      throw wrongSize(id, size, received);
    }
    if (performance.now() - progressAt > STALL_TIMEOUT) {
      throw new ImageDownloadFailed(
        `Cannot download image "${id}": the connection broke after ${received} bytes, and no further byte has arrived for ${
          STALL_TIMEOUT / 1000
        } s; check the network, and download the image again`,
        { cause, imageId: id },
      );
    }
    if (received === before) await delay(RESUME_DELAY, signal);
  }
}

/** Whether the rest can be requested: the body of a response breaks with a TypeError. */
function isBreak(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ServerUnreachable ||
    (error instanceof GlanceError && Number(error.status) >= 500);
}

/** The bytes of one response, which begins at a byte. */
async function* chunksFrom(
  { context }: User,
  id: string,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const range = start === 0 ? undefined : { start };
  const { response, deadline } = await client.open(context, READ_IMAGE_DATA, [id, { range }], {
    signal,
  });
  try {
    const begins = parseContentRange(response.headers.get("content-range"))?.start ?? 0;
    if (begins !== start) {
      throw new ImageDownloadFailed(
        `Cannot download image "${id}": the response begins at byte ${begins} instead of ${start}; download the image again`,
        { imageId: id },
      );
    }
    const reader = response.body?.getReader();
    for (;;) {
      deadline.arm(STALL_TIMEOUT, () => new TypeError("the connection is silent"));
      const { value } = await reader?.read() ?? {};
      deadline.disarm();
      if (value === undefined) return;
      yield value;
    }
  } finally {
    deadline.abort("the download has ended");
    deadline[Symbol.dispose]();
  }
}

function wrongSize(imageId: string, size: number, received: number): ImageIntegrityError {
  const facts = { expected: `size ${size}`, actual: `size ${received}` };
  return new ImageIntegrityError(
    `Cannot accept image "${imageId}": it has more than ${size} bytes; the data was changed in transit or in its store`,
    { imageId, ...facts },
  );
}
