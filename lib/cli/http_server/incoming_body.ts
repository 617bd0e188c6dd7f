/**
 * The body of a request as a stream. The socket is read only on demand, so a slow handler slows its client down
 * and memory use is constant.
 */
import { ChunkedDecoder } from "./chunked_decoder.ts";
import type { Framing } from "./request_head.ts";
import type { SocketReader } from "./socket_reader.ts";
import { TimeLimitExceeded } from "./time_limit.ts";

export interface RequestBodyOptions {
  /** Reads in bounded time. */
  readonly reader: Pick<SocketReader, "read" | "giveBack">;
  readonly framing: Framing;
  /** Sends `100 Continue`; null if the client does not wait for it. */
  readonly sendContinue: (() => Promise<void>) | null;
  /** Called after the last byte was read. */
  onComplete(): void;
}

export class RequestBody {
  /** The stream of the body; null if it is empty. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Whether the time limit was exceeded. */
  isLate = false;
  readonly #options: RequestBodyOptions;
  readonly #decoder: ChunkedDecoder | null;
  #left: number;
  #isComplete = false;
  #isAwaited: boolean;
  #isCanceled = false;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #reading: Promise<Uint8Array<ArrayBuffer> | null> | null = null;

  constructor(options: RequestBodyOptions) {
    const { framing } = options;
    this.#options = options;
    this.#isAwaited = options.sendContinue !== null;
    this.#decoder = framing.kind === "chunked" ? new ChunkedDecoder() : null;
    this.#left = framing.kind === "chunked" ? Infinity : framing.length;
    this.stream = this.#left === 0 ? null : this.#open();
    if (this.#left === 0) this.#complete();
  }

  /** Whether the body was read to its end. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the client sends the rest without `100 Continue`, and it can have at most `bytes` bytes. */
  hasAtMost(bytes: number): boolean {
    return !this.#isAwaited && (this.#decoder !== null || this.#left <= bytes);
  }

  /** Errors the stream: a handler that still forwards it would keep its upstream connection open. */
  abandon(): void {
    if (this.#isComplete) return;
    this.#isCanceled = true;
    this.#controller?.error(new Error("The response has been sent"));
  }

  /** Discards up to `limit` bytes of the rest. True if the body is complete then. */
  async discard(limit: number): Promise<boolean> {
    this.abandon();
    let dropped = 0;
    try {
      await this.#reading;
      while (!this.#isComplete && dropped < limit) dropped += (await this.#next())?.byteLength ?? 0;
    } catch {
      // The connection cannot be used for another request.
    }
    return this.#isComplete;
  }

  #open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: async (controller) => {
        const chunk = await (this.#reading = this.#next());
        if (this.#isCanceled) return;
        if (chunk !== null) controller.enqueue(chunk);
        // Closed with the last chunk, without another read of the socket.
        if (this.#isComplete) controller.close();
      },
      // The connection discards the rest after the response.
      cancel: () => void (this.#isCanceled = true),
    }, { highWaterMark: 0 });
  }

  /** Reads the next bytes; null at the end. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { reader, sendContinue } = this.#options;
    if (this.#isAwaited) {
      this.#isAwaited = false;
      await sendContinue?.();
    }
    while (!this.#isComplete) {
      const bytes = await reader.read(this.#left).catch((error) => {
        this.isLate = error instanceof TimeLimitExceeded;
        throw error;
      });
      if (bytes === null) throw new Error("The connection closed before the body was complete");
      const data = this.#decode(bytes);
      if (data.byteLength > 0) return data;
    }
    return null;
  }

  #decode(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.#decoder === null) {
      this.#left -= bytes.byteLength;
      if (this.#left === 0) this.#complete();
      return bytes;
    }
    const { data, rest } = this.#decoder.decode(bytes);
    if (this.#decoder.isDone) {
      this.#options.reader.giveBack(rest);
      this.#complete();
    }
    return data;
  }

  #complete(): void {
    this.#isComplete = true;
    this.#options.onComplete();
  }
}
