/** Decodes the members of compressed data one after another, each with a decoder of its own. */
import { ChunkSource } from "./chunk_source.ts";
import { type CompressedFraming, MemberScanner } from "./framing.ts";

/** The fault of truncated data. */
export const TRUNCATED = "it ends too early";

/** The error of a decoder for valid data that it does not support. The message has the reason and a hint. */
export class UnsupportedFeature extends Error {
  override name = "UnsupportedFeature";
}

/** Decompresses bytes. Errors if they are damaged or end early. */
export type Decompressor = (
  compressed: ReadableStream<Uint8Array>,
) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;

/** A decoder of data with any number of members, from a decoder of data with one. */
export function eachMember(framing: CompressedFraming, decode: Decompressor): Decompressor {
  return (compressed) => {
    const members = new Members(new ChunkSource(compressed), framing, decode);
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = await members.next();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => members.cancel(reason),
    }, { highWaterMark: 0 });
  };
}

/** From this number of members on, they must have {@linkcode MEAN_CONTENT} bytes of content on average. */
const MANY_MEMBERS = 1000;

/**
 * A decoder per member costs up to a fifth of a millisecond. Programs that write many members give each at least a
 * page of content: the seekable format of zstd, pzstd, and pixz.
 */
const MEAN_CONTENT = 4096;

class Members {
  readonly #source: ChunkSource;
  readonly #framing: CompressedFraming;
  readonly #decode: Decompressor;
  #scanner: MemberScanner | null = null;
  /** Number of members, and bytes of their content. */
  #count = 0;
  #size = 0;
  #content: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(source: ChunkSource, framing: CompressedFraming, decode: Decompressor) {
    this.#source = source;
    this.#framing = framing;
    this.#decode = decode;
  }

  /** The next bytes of the content; null at the end. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#content === null && !await this.#open()) return null;
      const chunk = await this.#readContent();
      this.#size += chunk?.byteLength ?? 0;
      if (chunk !== null && chunk.byteLength > 0) return chunk;
      if (chunk === null) await this.#finish();
    }
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#content?.cancel(reason).catch(() => {});
    await this.#source.cancel(reason);
  }

  /** Opens the next member; false if there is none. */
  async #open(): Promise<boolean> {
    await this.#skipPadding();
    const { byteLength } = await this.#source.peek(1);
    const isFirst = this.#scanner === null;
    if (byteLength === 0 && !isFirst) return false;
    if (++this.#count > MANY_MEMBERS && this.#size < this.#count * MEAN_CONTENT) {
      throw new Error("it has too many parts with little content");
    }
    const scanner = new MemberScanner(this.#framing.member());
    this.#scanner = scanner;
    const content = await this.#decode(
      new ReadableStream({
        pull: async (controller) => {
          const chunk = await this.#nextOf(scanner);
          if (chunk === null) controller.close();
          else controller.enqueue(chunk);
        },
      }, { highWaterMark: 0 }),
    );
    this.#content = content.getReader();
    return true;
  }

  async #skipPadding(): Promise<void> {
    for (;;) {
      let count = this.#framing.paddingOf(await this.#source.peek(8));
      if (count === 0) return;
      while (count > 0) {
        const available = (await this.#source.peek(1)).byteLength;
        if (available === 0) throw new Error(TRUNCATED);
        count -= this.#source.take(Math.min(count, available)).byteLength;
      }
    }
  }

  /** The next bytes of the member; null at its end. */
  async #nextOf(scanner: MemberScanner): Promise<Uint8Array | null> {
    if (scanner.isComplete) return null;
    const chunk = await this.#source.peek(1);
    if (chunk.byteLength === 0) throw new Error(TRUNCATED);
    return this.#source.take(scanner.scan(chunk));
  }

  async #readContent(): Promise<Uint8Array | null> {
    const { value } = await this.#content!.read();
    return value ?? null;
  }

  /** Reads the bytes of the member that the decoder has not read. */
  async #finish(): Promise<void> {
    this.#content = null;
    while (this.#scanner !== null && await this.#nextOf(this.#scanner) !== null);
  }
}
