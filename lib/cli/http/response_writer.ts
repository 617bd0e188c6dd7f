/**
 * A `Response` on its way out: one chunk is read when the one before has been taken by the socket, so
 * that a slow client holds no more than one.
 *
 * @module
 */
import { announcedLength, framingWithoutBody, responseHead } from "./response_head.ts";
import { withinTime } from "./time_limit.ts";

/** A body of at most so many bytes is taken as its source gives it, and its head waits for its first chunk. */
const SMALL_BODY = 64 * 1024;

/** Below this, a head and the first chunk share a packet. */
const SHARED_BYTES = 32 * 1024;

/** What a response is written with. */
export interface ResponseOptions {
  readonly method: string;
  /** HTTP/1.0 knows no chunks: the end of the connection ends a body of unknown length. */
  readonly isHttp10: boolean;
  /** Whether another request may follow. */
  readonly keepsAlive: boolean;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
  /** Milliseconds in which the client must take something. */
  readonly timeout: number;
}

/** Where bytes go. */
export interface ByteTarget {
  /** Takes at least one of the bytes; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A chunk of a body; `value` is undefined at its end. */
type BodyChunk = ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;

type ResponseBodyReader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/**
 * Writes a response. False if the connection cannot be used any further: its body broke, has another
 * length than announced, or ends with the connection.
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
    await writeAll(
      target,
      responseHead(response, framingWithoutBody(response, method), options),
      options.timeout,
    );
    return options.keepsAlive;
  }
  const announced = announcedLength(response.headers);
  const isSmall = announced !== null && announced <= SMALL_BODY;
  const body: ResponseBodyReader = response.body.getReader();
  const leave = () => void body.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  try {
    const start = isSmall
      ? { length: null, pieces: [await body.read()] }
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
    const write = (bytes: Uint8Array) => writeAll(target, bytes, options.timeout);
    const count = await writeBody(body, start, { head, isChunked, length, write });
    return !signal.aborted && count !== null && keepsAlive;
  } finally {
    signal.removeEventListener("abort", leave);
    // Not waited for: a source that does not end must not keep the connection.
    void body.cancel("the response has ended").catch(() => {});
  }
}

/** How a body begins. */
interface BodyStart {
  /** Bytes in all, if the body ended at once; else null. */
  readonly length: number | null;
  /** What was read, or is being read. */
  readonly pieces: readonly (BodyChunk | Promise<BodyChunk>)[];
}

/**
 * Begins a body. One of unknown length that is there already, as the text of an error is, gets its length;
 * one that makes its reader wait does not delay the head.
 */
async function startOf(body: ResponseBodyReader, announced: number | null): Promise<BodyStart> {
  const first = body.read();
  const piece = await soon(first);
  if (announced !== null || piece === null) return { length: null, pieces: [piece ?? first] };
  if (piece.value === undefined) return { length: 0, pieces: [piece] };
  // Its memory may be used again as soon as the next piece is asked for.
  const kept = { done: false, value: piece.value.slice() };
  const second = body.read();
  const end = await soon(second);
  const isAll = end !== null && end.value === undefined;
  return { length: isAll ? kept.value.byteLength : null, pieces: [kept, end ?? second] };
}

/** What work gives before anything else happens in this process; else null. */
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

/** Writes head and body; the number of bytes, null if they are not those that were announced. */
async function writeBody(
  body: ResponseBodyReader,
  { pieces }: BodyStart,
  { head, isChunked, length, write }: BodyOutput,
): Promise<number | null> {
  const started = [...pieces];
  let waiting: Uint8Array<ArrayBuffer> | null = head;
  let count = 0;
  for (;;) {
    const next = started.shift() ?? body.read();
    if (waiting !== null && next instanceof Promise) {
      // A body that breaks meanwhile rejects below.
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
  const joined = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.byteLength;
  }
  await write(joined);
}

const ENCODER = new TextEncoder();

function chunkOf(data: Uint8Array): Uint8Array[] {
  const size = ENCODER.encode(`${data.byteLength.toString(16)}\r\n`);
  return [size, data, ENCODER.encode("\r\n")];
}

async function writeAll(target: ByteTarget, bytes: Uint8Array, timeout: number): Promise<void> {
  for (let rest = bytes; rest.byteLength > 0;) {
    rest = rest.subarray(await withinTime(target.write(rest), timeout));
  }
}
