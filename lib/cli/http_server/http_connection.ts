/** A connection of a client. Requests are handled in order; each wait has a time limit. */
import type { ClientLimits } from "./client_limits.ts";
import { headReader } from "./head_reader.ts";
import { type FetchHandler, HttpExchange, MAX_DISCARDED, plain } from "./http_exchange.ts";
import type { PipelineTurns } from "./turns/pipeline_turns.ts";
import type { WriteTurns } from "./turns/write_turns.ts";
import { ProtocolError, type RequestHead, type UrlScheme } from "./request_head.ts";
import { writeResponse } from "./response_writer.ts";
import { type Socket, SocketReader } from "./socket_reader.ts";
import type { TimeLimits } from "./time_limit.ts";

export interface HttpConnectionOptions {
  readonly socket: Socket;
  readonly handler: FetchHandler;
  readonly limits: ClientLimits;
  readonly scheme: UrlScheme;
  /** Shared by the connections of a listener. */
  readonly time: TimeLimits;
  /** Shared by the connections of a listener. */
  readonly turns: PipelineTurns;
  /** Shared by the connections of a listener. */
  readonly writes: WriteTurns;
  /** Called after each response, and again after the rest of its request was discarded. */
  onAnswered(): void;
}

/** Serves a connection. */
export class HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #reader: SocketReader;
  readonly #nextHead: () => Promise<RequestHead | null>;
  #exchange: HttpExchange | null = null;
  #idleSince = performance.now();
  #isBusy = false;
  #isClosed = false;

  constructor(options: HttpConnectionOptions) {
    const { socket, limits, time, scheme } = options;
    this.#options = options;
    this.#reader = new SocketReader(socket);
    this.#nextHead = headReader(this.#reader, limits, time, scheme);
  }

  /** The current request, as `GET /path`; null between requests. */
  get request(): string | null {
    if (this.#exchange === null) return null;
    const { method, url } = this.#exchange.head;
    return `${method} ${new URL(url).pathname}`;
  }

  /** Whether a request is being handled, or its response may not have been read yet. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether no request is being handled. */
  get isIdle(): boolean {
    return this.#exchange === null;
  }

  /** Milliseconds without a request, or for which the client lags during a request. */
  get lagMs(): number {
    return this.#exchange === null ? performance.now() - this.#idleSince : this.#exchange.lagMs;
  }

  /** Whether the connection can be closed for another client. */
  get canBeReclaimed(): boolean {
    const { reclaim, stall } = this.#options.limits;
    return this.lagMs >= (this.isIdle ? reclaim : stall);
  }

  /** Serves the connection until it is closed; never rejects. */
  async run(): Promise<void> {
    try {
      while (await this.#serveNext());
    } catch {
      // The client has disconnected, or exceeded a limit.
    } finally {
      this.close();
    }
  }

  /** Closes the connection, and aborts the current request. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The signal of a finished request is not aborted.
    this.#exchange?.abort("The connection is closed");
    this.#options.socket.close();
  }

  /** Handles one request. False if the connection cannot be used for another one. */
  async #serveNext(): Promise<boolean> {
    let head: RequestHead | null;
    try {
      // Clients with many pipelined requests must not delay other clients.
      if (this.#reader.holdsBytes) await this.#options.turns.next();
      head = await this.#nextHead();
    } catch (error) {
      if (error instanceof ProtocolError) await this.#refuse(error);
      return false;
    }
    if (head === null) return false;
    const exchange = new HttpExchange(head, { ...this.#options, reader: this.#reader });
    this.#exchange = exchange;
    this.#isBusy = true;
    try {
      return await this.#answer(exchange);
    } finally {
      exchange.body.abandon();
      this.#isBusy = false;
      this.#endExchange();
    }
  }

  async #answer(exchange: HttpExchange): Promise<boolean> {
    const { body } = exchange;
    const { handler, limits, time } = this.#options;
    const canFollow = await exchange.respond(handler);
    if (body.isComplete && canFollow) return true;
    if (exchange.isAborted) return false;
    body.abandon();
    this.#endExchange();
    if (canFollow && await time.within(body.discard(MAX_DISCARDED), limits.linger)) return true;
    // Closing a socket with unread bytes resets the connection before the client reads the response.
    if (!body.isComplete || this.#reader.holdsBytes) await this.#linger();
    return false;
  }

  #endExchange(): void {
    this.#reader.unwatch();
    this.#exchange = null;
    this.#idleSince = performance.now();
    this.#options.onAnswered();
  }

  /** Responds to a malformed request. */
  async #refuse({ status, message }: ProtocolError): Promise<void> {
    const { socket, limits, time } = this.#options;
    const write = (bytes: Uint8Array) => time.within(socket.write(bytes), limits.linger);
    const { signal } = new AbortController();
    const options = { method: "GET", isHttp10: false, keepsAlive: false, signal };
    await writeResponse({ write }, plain(status, message), options);
    await this.#linger();
  }

  /**
   * Waits until the client has read the response and closed the connection, or the time limit is over. Closing a
   * socket with unread bytes resets the connection (RFC 9112, section 9.6).
   */
  async #linger(): Promise<void> {
    const { socket, limits, time } = this.#options;
    await socket.closeWrite();
    const drain = async () => {
      while (await this.#reader.drop());
    };
    await time.within(drain(), limits.linger);
  }
}
