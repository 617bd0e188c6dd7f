/**
 * `multipart/byteranges` (RFC 9110, section 14.6), which some servers send for a single range: finds the
 * part with the requested byte and reads it like a body.
 */
import type { BodyReader, Chunk } from "../body_reader.ts";
import type {
  checkRange,
  ContentRange,
  parseContentRange,
  RequestedRange,
} from "../../http/byte_range.ts";
import type { BodySpan, spanOf } from "./response_policy.ts";

/** Maximum size in bytes of the headers of a part and what precedes them. */
const HEAD_LIMIT = 4_096;

/** Maximum number of parts to search. */
const PART_LIMIT = 16;

/** Size in bytes of a read while searching. */
const READ_SIZE = 64 * 1024;

/** The part with the requested byte. */
export interface BodyPart {
  /** Its `Content-Range`. */
  readonly range: ContentRange;
  /** Reads its bytes and ends after them. */
  readonly reader: BodyReader;
}

/** Code that is loaded at the start. */
export interface MultipartCode {
  readonly checkRange: typeof checkRange;
  readonly parseContentRange: typeof parseContentRange;
  readonly refused: (imageId: string, server: string, reason: string, isRange: true) => Error;
  readonly spanOf: typeof spanOf;
}

/**
 * Opens the part with the requested bytes, or the first of them.
 *
 * @throws {RangeRefused} if there is none.
 */
export async function openPart<Body extends BodySpan & Pick<BodyPart, "reader">>(
  response: Body & { readonly server: string },
  boundary: string,
  requested: RequestedRange,
  imageId: string,
  { checkRange, parseContentRange, refused, spanOf }: MultipartCode,
): Promise<Body> {
  const part = await findBodyPart(response.reader, boundary, requested.start, parseContentRange);
  if (part !== null) {
    const { range, reader } = part;
    const check = checkRange(range, range.end - range.start + 1, requested);
    if (check.kind !== "mismatch") {
      return { ...response, ...spanOf(check, requested), reader };
    }
  }
  throw refused(imageId, response.server, "it has no part with the requested bytes", true);
}

/** Finds the first part with the byte `start`; null if there is none, or the body is malformed. */
export async function findBodyPart(
  body: BodyReader,
  boundary: string,
  start: number,
  parseRange: typeof parseContentRange,
): Promise<BodyPart | null> {
  const source = new Lookahead(body);
  for (let parts = 0; parts < PART_LIMIT; parts++) {
    const head = await source.takeHead();
    if (head === null || !startsPart(head, boundary)) return null;
    const range = parseRange(/^content-range:(.*)$/im.exec(head)?.[1] ?? null);
    if (range === null) return null;
    const length = range.end - range.start + 1;
    if (range.start <= start && start <= range.end) {
      return { range, reader: new LimitedReader(source, length) };
    }
    const part = new LimitedReader(source, length);
    while (await part.read(new Uint8Array(READ_SIZE)) !== null);
  }
  return null;
}

/** Whether a head has the boundary delimiter, so that headers follow it. */
function startsPart(head: string, boundary: string): boolean {
  return head.split("\r\n").some((line) => line.trimEnd() === `--${boundary}`);
}

/** A reader with a buffer for bytes that were read ahead. */
class Lookahead implements BodyReader {
  readonly #body: BodyReader;
  #ahead: Chunk = new Uint8Array(0);

  constructor(body: BodyReader) {
    this.#body = body;
  }

  /** Reads up to the next empty line; null if there is none within the limit. */
  async takeHead(): Promise<string | null> {
    const decoder = new TextDecoder("latin1");
    for (;;) {
      const text = decoder.decode(this.#ahead);
      const end = text.indexOf("\r\n\r\n", text.startsWith("\r\n") ? 2 : 0);
      if (end >= 0) {
        this.#ahead = this.#ahead.subarray(end + 4);
        return text.slice(0, end);
      }
      if (text.length > HEAD_LIMIT) return null;
      const chunk = await this.#body.read(new Uint8Array(READ_SIZE));
      if (chunk === null) return null;
      const both = new Uint8Array(this.#ahead.byteLength + chunk.byteLength);
      both.set(this.#ahead);
      both.set(chunk, this.#ahead.byteLength);
      this.#ahead = both;
    }
  }

  async read(into: Chunk): Promise<Chunk | null> {
    if (this.#ahead.byteLength === 0) return await this.#body.read(into);
    const chunk = this.#ahead;
    this.#ahead = new Uint8Array(0);
    return chunk;
  }

  /** Puts bytes back, for the next read. */
  unread(chunk: Chunk): void {
    this.#ahead = chunk;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}

/** Reads a limited number of bytes. */
class LimitedReader implements BodyReader {
  readonly #source: Lookahead;
  #left: number;

  constructor(source: Lookahead, length: number) {
    this.#source = source;
    this.#left = length;
  }

  async read(into: Chunk): Promise<Chunk | null> {
    if (this.#left === 0) return null;
    const chunk = await this.#source.read(into);
    if (chunk === null) return null;
    const bytes = chunk.subarray(0, this.#left);
    if (bytes.byteLength < chunk.byteLength) this.#source.unread(chunk.slice(bytes.byteLength));
    this.#left -= bytes.byteLength;
    return bytes;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#source.cancel(reason);
  }
}
