/**
 * Reads response bodies up to a limit in bytes; the deadline of the request limits the time. Also parses JSON
 * from untrusted sources.
 */
import { concat } from "../concat.ts";
import { UnexpectedResponse } from "../errors.ts";
import { abortable } from "./deadline.ts";

/** Maximum bytes of a document: 1,000 images with 32 KiB each. */
const DOCUMENT_LIMIT = 32 * 1024 * 1024;

/** Maximum bytes that are read of an error response. */
const EXPLANATION_LIMIT = 16 * 1024;

/** Maximum nesting. Python's parser, and so every OpenStack server, fails at 1,000 levels. */
const DEPTH_LIMIT = 1000;

const DECODER = new TextDecoder();

/** Limits of a read. */
export interface ReadOptions {
  /**
   * Maximum bytes.
   * Default: `DOCUMENT_LIMIT`.
   */
  readonly limit?: number;
  /** Aborts the read, even if the body ignores the signal. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a whole body.
 *
 * @throws {UnexpectedResponse} if it has more than `limit` bytes; the rest is not read.
 * @throws the reason of `signal`, or the error of the body.
 */
export async function readBytes(
  response: Response,
  { limit = DOCUMENT_LIMIT, signal }: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { headers, body } = response;
  const length = Number(headers.get("content-length") ?? NaN);
  if (length > limit) {
    await body?.cancel().catch(() => {});
    throw tooLarge(response, limit);
  }
  // The runtime enforces the Content-Length of a body, unless it decoded the body.
  const isBounded = isFetched(response) && length <= limit && !headers.has("content-encoding");
  if (isBounded) return new Uint8Array(await abortable(response.arrayBuffer(), signal));
  const { bytes, isWhole } = await readUpTo(response, limit, signal);
  if (isWhole) return bytes;
  throw tooLarge(response, limit);
}

/**
 * Reads a body as text; see {@linkcode readBytes}. Its bytes are freed immediately: the garbage collector
 * would free them so late that each page of a long list would be read into new memory.
 */
export async function readText(response: Response, options?: ReadOptions): Promise<string> {
  const bytes = await readBytes(response, options);
  const text = DECODER.decode(bytes);
  // Node 20 has no `transfer`. Deno shares the bytes of a constructed response with its clones.
  if (isFetched(response)) bytes.buffer.transfer?.(0);
  return text;
}

/** Whether a response is from the network. `url` would show it, too, but Deno parses it at each access. */
function isFetched({ type }: Response): boolean {
  return type !== "default";
}

/** Reads the first `limit` bytes of a body as text (default: 16 KiB) and discards the rest. */
export async function readStart(response: Response, options: ReadOptions = {}): Promise<string> {
  const { limit = EXPLANATION_LIMIT, signal } = options;
  const { bytes } = await readUpTo(response, limit, signal);
  return DECODER.decode(bytes);
}

async function readUpTo(
  { body }: Response,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  while (reader !== undefined && length <= limit) {
    const { done, value } = await abortable(reader.read(), signal).catch((reason) => {
      reader.cancel(reason).catch(() => {});
      throw reason;
    });
    if (done) return { bytes: concat(chunks, length), isWhole: true };
    chunks.push(value);
    length += value.byteLength;
  }
  // Not awaited: a cancel may never settle.
  reader?.cancel("more than the limit").catch(() => {});
  return { bytes: concat(chunks, Math.min(length, limit)), isWhole: reader === undefined };
}

function tooLarge({ url, status }: Response, limit: number): UnexpectedResponse {
  const server = URL.canParse(url) ? `"${new URL(url).origin}"` : "the server";
  return new UnexpectedResponse(
    `Cannot read the response of ${server}: it is larger than the limit of ${limit} bytes; request fewer entries`,
    { status },
  );
}

/** Parses JSON; undefined if the text is not JSON, or is nested more than 1,000 levels deep. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // Each level takes at least two characters.
    return text.length > 2 * DEPTH_LIMIT && isDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Parses JSON as {@linkcode parseJson} does, from UTF-8. */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  return parseJson(DECODER.decode(bytes));
}

/** Walks the value level by level, so that deep nesting does not overflow the stack. */
function isDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_LIMIT) return true;
    const next: unknown[] = [];
    for (const container of level) {
      for (const entry of Object.values(Object(container))) {
        if (typeof entry === "object" && entry !== null) next.push(entry);
      }
    }
    level = next;
  }
  return false;
}
