/** Reads the head of the next request from a connection, in bounded time. */
import type { ClientLimits } from "./client_limits.ts";
import {
  canBegin,
  headEnd,
  leadingBlank,
  MAX_HEAD_BYTES,
  parseHead,
  ProtocolError,
  type RequestHead,
} from "./request_head.ts";
import type { SocketReader } from "./socket_reader.ts";
import { TimeLimitExceeded, type TimeLimits } from "./time_limit.ts";

/** Reads heads of requests. */
export class HeadReader {
  readonly #reader: SocketReader;
  readonly #limits: Pick<ClientLimits, "head" | "idle">;
  readonly #time: TimeLimits;
  /** Held bytes that do not contain the end of the head. */
  #searched = 0;

  constructor(reader: SocketReader, limits: Pick<ClientLimits, "head" | "idle">, time: TimeLimits) {
    this.#reader = reader;
    this.#limits = limits;
    this.#time = time;
  }

  /**
   * Reads the head of the next request; null if the client sends none.
   *
   * @throws {ProtocolError} if it is malformed, too large or late.
   * @throws {TimeLimitExceeded} if the client sends nothing.
   */
  async next(): Promise<RequestHead | null> {
    if (!this.#hasByte() && !await this.#time.within(this.#firstByte(), this.#limits.idle)) {
      return null;
    }
    this.#searched = 0;
    // Most heads arrive at once.
    return this.#take() ?? await this.#time.within(this.#rest(), this.#limits.head)
      .catch((error) => {
        if (!(error instanceof TimeLimitExceeded)) throw error;
        throw new ProtocolError(408, "The header fields did not arrive in time.");
      });
  }

  /** Skips empty lines before a request. Whether a byte of the request is held. */
  #hasByte(): boolean {
    const { held } = this.#reader;
    const blank = leadingBlank(held);
    this.#reader.use(blank);
    return blank < held.byteLength;
  }

  async #firstByte(): Promise<boolean> {
    while (await this.#reader.fill()) {
      if (this.#hasByte()) return true;
    }
    return false;
  }

  async #rest(): Promise<RequestHead | null> {
    while (await this.#reader.fill()) {
      const head = this.#take();
      if (head !== null) return head;
    }
    return null;
  }

  /** Takes the head from the held bytes; null if it is incomplete. */
  #take(): RequestHead | null {
    const { held } = this.#reader;
    const end = headEnd(held, Math.max(0, this.#searched - 3));
    if ((end < 0 ? held.byteLength : end) > MAX_HEAD_BYTES) {
      throw new ProtocolError(431, "The header fields are too large.");
    }
    if (end >= 0) {
      const head = parseHead(held.subarray(0, end));
      this.#reader.use(end);
      return head;
    }
    if (!canBegin(held)) {
      throw new ProtocolError(400, "This server speaks only HTTP/1.1 without TLS.");
    }
    this.#searched = held.byteLength;
    return null;
  }
}
