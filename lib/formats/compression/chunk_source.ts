/** Reads a stream with lookahead, counts its bytes, and distinguishes its error from those of decoders. */
import { concat } from "../../concat.ts";

/** A stream of bytes with lookahead. */
export class ChunkSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  #isEnded = false;
  #consumed = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Number of bytes taken. */
  get consumed(): number {
    return this.#consumed;
  }

  /** The error of the stream, if it has failed. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** The next bytes, at least `count` of them unless the stream ends before. They are not taken. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#rest.byteLength < count && !this.#isEnded) {
      const { value } = await this.#reader.read().catch((error) => {
        this.#failure = { error };
        throw error;
      });
      if (value === undefined) this.#isEnded = true;
      else if (this.#rest.byteLength === 0) this.#rest = value;
      else if (value.byteLength > 0) this.#rest = concat([this.#rest, value]);
    }
    return this.#rest;
  }

  /** Takes the first `count` of the bytes that `peek` returned. */
  take(count: number): Uint8Array {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    this.#consumed += taken.byteLength;
    return taken;
  }

  /** Takes the next chunk; null at the end. */
  async next(): Promise<Uint8Array | null> {
    const { byteLength } = await this.peek(1);
    return byteLength === 0 ? null : this.take(byteLength);
  }

  /** The rest as a stream. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const chunk = await this.next();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: (reason) => this.cancel(reason),
    }, { highWaterMark: 0 });
  }

  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}
