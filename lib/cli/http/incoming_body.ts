/**
 * The body of a request as a stream: read from the socket only when it is read from the stream, so that
 * a slow handler slows its client down and memory stays flat.
 *
 * @module
 */
import { ChunkedDecoder } from "./chunked_decoder.ts";
import type { Framing } from "./request_head.ts";
import type { SocketReader } from "./socket_reader.ts";
import { TimeLimitExceeded, withinTime } from "./time_limit.ts";

/** What a body is read with. */
export interface RequestBodyOptions {
  readonly reader: Pick<SocketReader, "read" | "giveBack">;
  readonly framing: Framing;
  /** Milliseconds without a byte while one is waited for. */
  readonly timeout: number;
  /** Tells a client that waits for it to go on; null if none waits. */
  readonly sendContinue: (() => Promise<void>) | null;
  /** Called when the last byte has been read. */
  onComplete(): void;
}

/** One body. */
export class RequestBody {
  /** Its bytes; null if there are none. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Whether a limit on the time without a byte was exceeded. */
  isLate = false;
  readonly #options: RequestBodyOptions;
  readonly #decoder: ChunkedDecoder | null;
  #left: number;
  #isComplete = false;
  #isAwaited: boolean;
  #isCancelled = false;
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

  /** Whether all of it has been read. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the client sends the rest without being asked to, and it has at most so many bytes. */
  hasAtMost(bytes: number): boolean {
    return !this.#isAwaited && (this.#decoder !== null || this.#left <= bytes);
  }

  /** Ends the stream where it is: a handler that still passes it on to a server would hold that connection. */
  abandon(): void {
    if (this.#isComplete) return;
    this.#isCancelled = true;
    this.#controller?.error(new Error("The request has been answered"));
  }

  /** Reads and drops up to `limit` bytes of the rest; true if that was all of it. */
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
        if (this.#isCancelled) return;
        if (chunk !== null) controller.enqueue(chunk);
        // A sender is told nothing more: the end comes with the last bytes.
        if (this.#isComplete) controller.close();
      },
      // The connection's affair: what a handler does not want is dropped after the response.
      cancel: () => void (this.#isCancelled = true),
    }, { highWaterMark: 0 });
  }

  /** The next bytes, null if there are no more. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { reader, timeout, sendContinue } = this.#options;
    if (this.#isAwaited) {
      this.#isAwaited = false;
      await sendContinue?.();
    }
    while (!this.#isComplete) {
      const bytes = await withinTime(reader.read(this.#left), timeout).catch((error) => {
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
