/**
 * Writes a `Response` to a socket. The next chunk is read after the previous one was written, so a slow client
 * keeps one chunk in memory.
 */
import { concat } from "../../concat.ts";
import { announcedLength, framingWithoutBody, responseHead } from "./response_head.ts";

/** Up to this length in bytes, the head of a response with a Content-Length waits for the first chunk. */
const SMALL_BODY = 64 * 1024;

/** Up to this total size in bytes, the head and the first chunk are written together. */
const SHARED_BYTES = 32 * 1024;

export interface ResponseOptions {
  readonly method: string;
  /** HTTP/1.0 does not support chunked bodies: closing the connection ends a body of unknown length. */
  readonly isHttp10: boolean;
  /** Whether another request may follow. */
  readonly keepsAlive: boolean;
  /** Aborted when the client has disconnected. */
  readonly signal: AbortSignal;
}

/** The target of bytes. */
export interface ByteTarget {
  /** Writes at least one of the bytes. Returns how many were written. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A chunk of a body; `value` is undefined at the end. */
type BodyChunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

type ResponseBodyReader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/**
 * Writes a response. False if the connection cannot be used for another request: the client has disconnected, the
 * body has another length than announced, or closing the connection ends it.
 */
export async function writeResponse(
  target: ByteTarget,
  response: Response,
  options: ResponseOptions,
): Promise<boolean> {
  const { method, signal, isHttp10 } = options;
  const hasBody = response.body !== null && method !== "HEAD" &&
    ![204, 205, 304].includes(response.status);
  if (!hasBody || signal.aborted) {
    await response.body?.cancel().catch(() => {});
    if (signal.aborted) return false;
    await writeAll(target, responseHead(response, framingWithoutBody(response, method), options));
    return options.keepsAlive;
  }
  const announced = announcedLength(response.headers);
  const isSmall = announced !== null && announced <= SMALL_BODY;
  const body: ResponseBodyReader = response.body.getReader();
  const onAbort = () => void body.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const start = isSmall
      ? { length: null, chunks: [await body.read()] }
      : await startOf(body, announced);
    const length = announced ?? start.length;
    const isChunked = length === null && !isHttp10;
    const framing = length !== null
      ? `content-length: ${length}\r\n`
      : isChunked
      ? "transfer-encoding: chunked\r\n"
      : "";
    const keepsAlive = options.keepsAlive && (length !== null || isChunked);
    const head = responseHead(response, framing, { ...options, keepsAlive });
    const write = (bytes: Uint8Array) => writeAll(target, bytes);
    const count = await writeBody(body, start, { head, isChunked, length, write });
    return !signal.aborted && count !== null && keepsAlive;
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited: a source that does not finish canceling must not keep the connection open.
    void body.cancel("the response has ended").catch(() => {});
  }
}

/** The start of a body. */
interface BodyStart {
  /** Length in bytes if the body has ended; else null. */
  readonly length: number | null;
  /** Chunks that were read, or are being read. */
  readonly chunks: readonly (BodyChunk | Promise<BodyChunk>)[];
}

/**
 * Reads the start of a body. If a body of unknown length is available at once, such as the text of an error, its
 * length is determined; a slow body does not delay the head.
 */
async function startOf(body: ResponseBodyReader, announced: number | null): Promise<BodyStart> {
  const first = body.read();
  const chunk = await soon(first);
  if (announced !== null || chunk === null) return { length: null, chunks: [chunk ?? first] };
  if (chunk.value === undefined) return { length: 0, chunks: [chunk] };
  // The source may reuse the buffer for the next read.
  const kept = { done: false, value: chunk.value.slice() };
  const second = body.read();
  const end = await soon(second);
  const isAll = end !== null && end.value === undefined;
  return { length: isAll ? kept.value.byteLength : null, chunks: [kept, end ?? second] };
}

/** The result of the work if it is available before the next turn of the event loop; else null. */
async function soon<T>(work: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tick = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), 0);
  });
  try {
    return await Promise.race([work, tick]);
  } finally {
    clearTimeout(timer);
  }
}

interface BodyOutput {
  readonly head: Uint8Array<ArrayBuffer>;
  readonly isChunked: boolean;
  readonly length: number | null;
  write(bytes: Uint8Array): Promise<void>;
}

/** Writes head and body. Returns the number of bytes; null if it differs from the announced length. */
async function writeBody(
  body: ResponseBodyReader,
  { chunks }: BodyStart,
  { head, isChunked, length, write }: BodyOutput,
): Promise<number | null> {
  const started = [...chunks];
  let waiting: Uint8Array<ArrayBuffer> | null = head;
  let count = 0;
  for (;;) {
    const next = started.shift() ?? body.read();
    if (waiting !== null && next instanceof Promise) {
      // An error is thrown below, where `next` is awaited.
      next.catch(() => {});
      await write(waiting);
      waiting = null;
    }
    const { value } = await next;
    if (value === undefined) break;
    if (value.byteLength === 0) continue;
    count += value.byteLength;
    if (length !== null && count > length) return null;
    const parts = isChunked ? chunkOf(value) : [value];
    if (waiting !== null) parts.unshift(waiting);
    waiting = null;
    await writeParts(parts, write);
  }
  if (waiting !== null) await write(waiting);
  if (isChunked) await write(ENCODER.encode("0\r\n\r\n"));
  return length === null || count === length ? count : null;
}

async function writeParts(
  parts: readonly Uint8Array[],
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const total = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (parts.length > 1 && total > SHARED_BYTES) {
    for (const part of parts) await write(part);
    return;
  }
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return await write(first);
  await write(concat(parts, total));
}

const ENCODER = new TextEncoder();

function chunkOf(data: Uint8Array): Uint8Array[] {
  const size = ENCODER.encode(`${data.byteLength.toString(16)}\r\n`);
  return [size, data, ENCODER.encode("\r\n")];
}

/** Writes all of the bytes. */
export async function writeAll(target: ByteTarget, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.byteLength > 0;) rest = rest.subarray(await target.write(rest));
}
