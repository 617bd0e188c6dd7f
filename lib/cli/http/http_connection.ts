/**
 * A connection of a client. Requests are answered in order; each wait has a time limit.
 *
 * @module
 */
import type { ClientLimits } from "./client_limits.ts";
import { RequestBody } from "./incoming_body.ts";
import type { PipelineTurns } from "./pipeline_turns.ts";
import {
  canBegin,
  headEnd,
  leadingBlank,
  MAX_HEAD_BYTES,
  parseHead,
  ProtocolError,
  type RequestHead,
} from "./request_head.ts";
import { writeResponse } from "./response_writer.ts";
import { type ByteSource, SocketReader } from "./socket_reader.ts";
import { TimeLimitExceeded, withinTime } from "./time_limit.ts";

/** Answers a request. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Bytes of an unread request body that are discarded to keep its connection. */
const MAX_DISCARDED = 256 * 1024;

/** The socket of a client. */
export interface Socket extends ByteSource {
  /** Writes at least one of the bytes. Returns how many were written. */
  write(bytes: Uint8Array): Promise<number>;
  /** Shuts down the sending side. */
  closeWrite(): Promise<void>;
  /** Closes the socket and ends pending reads and writes. */
  close(): void;
}

/** Options of a connection. */
export interface HttpConnectionOptions {
  readonly socket: Socket;
  readonly handler: FetchHandler;
  readonly limits: ClientLimits;
  readonly turns: PipelineTurns;
  /** Called after each response, and again after the rest of its request was discarded. */
  onAnswered(): void;
}

/** Serves a connection. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #handler: FetchHandler;
  readonly #limits: ClientLimits;
  readonly #turns: PipelineTurns;
  readonly #reader: SocketReader;
  readonly #onAnswered: () => void;
  #request: RequestHead | null = null;
  #abort = new AbortController();
  /** When the client last sent or read a byte. Used only while the server waits for the client. */
  #silentSince = performance.now();
  /** Pending reads and writes of the current request. */
  #awaited = 0;
  #isBusy = false;
  #isClosed = false;

  constructor({ socket, handler, limits, turns, onAnswered }: HttpConnectionOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = limits;
    this.#turns = turns;
    this.#onAnswered = onAnswered;
    this.#reader = new SocketReader(socket);
  }

  /** The current request, as `GET /path`; null between requests. */
  get request(): string | null {
    if (this.#request === null) return null;
    const { method, url } = this.#request;
    return `${method} ${new URL(url).pathname}`;
  }

  /** Whether a request is being answered, or its response may not have been read yet. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Milliseconds for which the server has waited for the client; 0 while the client waits for the server. */
  get silentMs(): number {
    if (this.#request !== null && this.#awaited === 0) return 0;
    return performance.now() - this.#silentSince;
  }

  /** Whether the connection can be closed for another client. */
  get canBeReclaimed(): boolean {
    const { reclaim, stall } = this.#limits;
    return this.silentMs >= (this.#request === null ? reclaim : stall);
  }

  /** Serves the connection until it is closed; never rejects. */
  async run(): Promise<void> {
    try {
      while (await this.#exchange());
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
    // The signal of an answered request is not aborted.
    if (this.#request !== null) this.#abort.abort(new Error("The connection is closed"));
    this.#socket.close();
  }

  /** Handles one request. False if the connection cannot be used for another one. */
  async #exchange(): Promise<boolean> {
    let head: RequestHead | null;
    try {
      head = await this.#nextHead();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      await this.#respond(refusal, { method: "GET", isHttp10: false, keepsAlive: false });
      await this.#linger();
      return false;
    }
    if (head === null) return false;
    this.#request = head;
    this.#isBusy = true;
    try {
      return await this.#answer(head);
    } finally {
      this.#isBusy = false;
      this.#endRequest();
    }
  }

  #endRequest(): void {
    this.#reader.unwatch();
    this.#request = null;
    this.#silentSince = performance.now();
    this.#onAnswered();
  }

  async #answer(head: RequestHead): Promise<boolean> {
    this.#abort = new AbortController();
    const body = this.#bodyOf(head);
    try {
      const answer = await this.#handled(requestOf(head, body, this.#abort.signal));
      const response = body.isLate ? late(answer) : answer;
      const keepsAlive = head.keepsAlive && !body.isLate && !asksToClose(response) &&
        (body.isComplete || body.hasAtMost(MAX_DISCARDED));
      const canFollow = await this.#respond(response, { ...head, keepsAlive });
      if (body.isComplete && canFollow) return true;
      if (this.#abort.signal.aborted) return false;
      body.abandon();
      this.#endRequest();
      if (canFollow && await withinTime(body.discard(MAX_DISCARDED), this.#limits.linger)) {
        return true;
      }
      // Closing a socket with unread bytes resets the connection before the client reads the response.
      if (!body.isComplete || this.#reader.held.byteLength > 0) await this.#linger();
      return false;
    } finally {
      body.abandon();
    }
  }

  #bodyOf({ framing, expectsContinue }: RequestHead): RequestBody {
    const reader = this.#reader;
    return new RequestBody({
      reader: {
        read: (limit) => this.#waiting(reader.read(limit)),
        giveBack: (bytes) => reader.giveBack(bytes),
      },
      framing,
      timeout: this.#limits.upload,
      sendContinue: expectsContinue ? () => this.#sendContinue() : null,
      onComplete: () =>
        reader.watch(() => this.#abort.abort(new Error("The client has closed the connection"))),
    });
  }

  /** Measures how long the server waits for the client. */
  async #waiting<T>(work: Promise<T>): Promise<T> {
    this.#awaited++;
    this.#silentSince = performance.now();
    try {
      return await work;
    } finally {
      this.#awaited--;
      this.#silentSince = performance.now();
    }
  }

  async #handled(request: Request): Promise<Response> {
    try {
      return await this.#handler(request);
    } catch {
      return plain(500, "The server failed to answer.");
    }
  }

  #respond(
    response: Response,
    head: Pick<RequestHead, "method" | "isHttp10" | "keepsAlive">,
  ): Promise<boolean> {
    const { signal } = this.#abort;
    const timeout = this.#limits.download;
    const target = { write: (bytes: Uint8Array) => this.#waiting(this.#socket.write(bytes)) };
    return writeResponse(target, response, { ...head, signal, timeout });
  }

  async #sendContinue(): Promise<void> {
    let rest = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
    while (rest.byteLength > 0) {
      rest = rest.subarray(await this.#socket.write(rest));
    }
  }

  /** Reads the head of the next request; null if the client sends none. */
  async #nextHead(): Promise<RequestHead | null> {
    const { idle, head } = this.#limits;
    // Clients with many pipelined requests must not delay other clients.
    if (this.#reader.held.byteLength > 0) await this.#turns.next();
    for (;;) {
      this.#reader.use(leadingBlank(this.#reader.held));
      if (this.#reader.held.byteLength > 0) break;
      if (!await withinTime(this.#reader.fill(), idle)) return null;
    }
    return await withinTime(this.#readHead(), head).catch((error) => {
      if (!(error instanceof TimeLimitExceeded)) throw error;
      throw new ProtocolError(408, "The header fields did not arrive in time.");
    });
  }

  async #readHead(): Promise<RequestHead | null> {
    let searched = 0;
    for (;;) {
      const { held } = this.#reader;
      const end = headEnd(held, Math.max(0, searched - 3));
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
      searched = held.byteLength;
      if (!await this.#reader.fill()) return null;
    }
  }

  /**
   * Waits until the client has read the response and closed the connection, or the time limit is over. Closing a
   * socket with unread bytes resets the connection (RFC 9112, section 9.6).
   */
  async #linger(): Promise<void> {
    await this.#socket.closeWrite();
    const drain = async () => {
      while (await this.#reader.drop());
    };
    await withinTime(drain(), this.#limits.linger);
  }
}

function requestOf(head: RequestHead, body: RequestBody, signal: AbortSignal): Request {
  const { method, url, headers } = head;
  const hasBody = method !== "GET" && method !== "HEAD";
  const request = new Request(url, { method, headers, ...hasBody && { body: body.stream } });
  // `url` keeps the dot segments of the request target; `signal` is not aborted by a finished response.
  return Object.defineProperties(request, { url: { value: url }, signal: { value: signal } });
}

/** The response to a malformed request; null for other errors. */
function refusalOf(error: unknown): Response | null {
  return error instanceof ProtocolError ? plain(error.status, error.message) : null;
}

function late(answer: Response): Response {
  answer.body?.cancel().catch(() => {});
  return plain(408, "The body of the request did not arrive in time.");
}

function asksToClose({ headers }: Response): boolean {
  return headers.get("connection")?.toLowerCase() === "close";
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, { status });
}
