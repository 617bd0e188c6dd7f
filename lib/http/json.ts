/**
 * The one way in which a document of a server is read: bounded in bytes here, and in time by the deadline
 * of its request, which aborts the body. Also the one safe JSON parser.
 *
 * @module
 */
import { UnexpectedResponse } from "../errors.ts";
import { abortable } from "./deadline.ts";

/** Bytes of the largest document that is read: 1,000 images with 32 KiB each. */
export const DOCUMENT_LIMIT = 32 * 1024 * 1024;

/** Bytes that are read of a body that only explains a failure. */
const EXPLANATION_LIMIT = 16 * 1024;

/** Lists and objects within each other. Python's parser, and so every OpenStack server, fails at 1,000. */
const DEPTH_LIMIT = 1000;

const DECODER = new TextDecoder();

/** How much of a body is read, and until when. */
export interface ReadOptions {
  /**
   * Bytes.
   * @default {DOCUMENT_LIMIT}
   */
  readonly limit?: number;
  /** Ends the read with its reason, even if the body ignores it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * All bytes of a body.
 *
 * @throws {UnexpectedResponse} if there are more than `limit`; the rest is not read.
 */
export async function readBytes(
  response: Response,
  { limit = DOCUMENT_LIMIT, signal }: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { headers, body, url } = response;
  const length = Number(headers.get("content-length") ?? NaN);
  if (length > limit) {
    await body?.cancel().catch(() => {});
    throw tooLarge(response, limit);
  }
  // HTTP itself keeps a body to the length that it announces, except one that was decoded on its way.
  const isBounded = url !== "" && length <= limit && !headers.has("content-encoding");
  if (isBounded) return new Uint8Array(await abortable(response.arrayBuffer(), signal));
  const { bytes, isWhole } = await readUpTo(response, limit, signal);
  if (isWhole) return bytes;
  throw tooLarge(response, limit);
}

/**
 * A body as text; see {@linkcode readBytes}. Its bytes are given up at once: left to the garbage collector,
 * the pages of a long list would each be read into new memory.
 */
export async function readText(response: Response, options?: ReadOptions): Promise<string> {
  const bytes = await readBytes(response, options);
  const text = DECODER.decode(bytes);
  // Node 20 has no `transfer`. A `Response` without a URL was made by a program: Deno shares its bytes
  // with its clones.
  if (response.url !== "") bytes.buffer.transfer?.(0);
  return text;
}

/** The first bytes of a body as text; the rest is given up. */
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
  // A cancel that never ends must not hold up whoever has read enough.
  reader?.cancel("more than the limit").catch(() => {});
  return { bytes: concat(chunks, Math.min(length, limit)), isWhole: reader === undefined };
}

/** The first `length` bytes of chunks. */
function concat(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, length - at), at);
    at += chunk.byteLength;
  }
  return bytes;
}

function tooLarge({ url, status }: Response, limit: number): UnexpectedResponse {
  const server = URL.canParse(url) ? new URL(url).origin : "the server";
  return new UnexpectedResponse(
    `Cannot read the answer of "${server}": it is larger than the limit of ${limit} bytes; ask for fewer entries at once, or check the server`,
    { status },
  );
}

/** JSON, or undefined if it is not, or nested too deeply for whatever walks it. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** JSON, or undefined if the bytes are not. */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  return parseJson(DECODER.decode(bytes));
}

/** Level by level, which needs no stack. */
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
