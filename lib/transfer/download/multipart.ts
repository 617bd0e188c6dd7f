/**
 * `multipart/byteranges` (RFC 9110, section 14.6), which some servers send for a single range: finds the
 * part that has the wanted byte and reads it as if it were the body.
 *
 * @module
 */
import type { BodyReader, Chunk } from "../body_reader.ts";
import { type ContentRange, parseContentRange } from "../../http/byte_range.ts";

/** Bytes of a part's headers, with what stands before them; a longer head is refused. */
const HEAD_LIMIT = 4_096;

/** Parts before the wanted one; a server that sends more is refused. */
const PART_LIMIT = 16;

/** Bytes that are requested of a body at once while it is searched. */
const READ_SIZE = 64 * 1024;

/** A part that has the wanted byte. */
export interface BodyPart {
  /** Its `Content-Range`. */
  readonly range: ContentRange;
  /** Its bytes, and no byte after them. */
  readonly reader: BodyReader;
}

/**
 * The first part that has the byte `start`; null if the body has none, or is not what its type says.
 */
export async function findBodyPart(
  body: BodyReader,
  boundary: string,
  start: number,
): Promise<BodyPart | null> {
  const source = new Lookahead(body);
  for (let parts = 0; parts < PART_LIMIT; parts++) {
    const head = await source.takeHead();
    if (head === null || !startsPart(head, boundary)) return null;
    const range = rangeIn(head);
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

/** Whether the last delimiter of a head is the boundary, so that what follows it are headers. */
function startsPart(head: string, boundary: string): boolean {
  return head.split("\r\n").some((line) => line.trimEnd() === `--${boundary}`);
}

function rangeIn(head: string): ContentRange | null {
  return parseContentRange(/^content-range:(.*)$/im.exec(head)?.[1] ?? null);
}

/** A reader that can give back what it has read too far. */
class Lookahead implements BodyReader {
  readonly #body: BodyReader;
  #ahead: Chunk = new Uint8Array(0);

  constructor(body: BodyReader) {
    this.#body = body;
  }

  /** Everything up to the next empty line; null if it does not come within the limit. */
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

  /** Takes back the end of what was read. */
  unread(chunk: Chunk): void {
    this.#ahead = chunk;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#body.cancel(reason);
  }
}

/** A number of bytes of a reader. */
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
    const wanted = chunk.subarray(0, this.#left);
    if (wanted.byteLength < chunk.byteLength) this.#source.unread(chunk.slice(wanted.byteLength));
    this.#left -= wanted.byteLength;
    return wanted;
  }

  async cancel(reason?: unknown): Promise<void> {
    await this.#source.cancel(reason);
  }
}
