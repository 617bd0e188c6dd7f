/**
 * One connection of a client: requests and responses in their order, each wait with a limit.
 *
 * @module
 */
import { type ClientLimits, TURN } from "./client_limits.ts";
import { RequestBody } from "./incoming_body.ts";
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

/** Bytes of an unread body that are dropped to keep its connection. */
const MAX_DROPPED = 256 * 1024;

/** A socket. */
export interface Socket extends ByteSource {
  /** Takes at least one of the bytes; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the outgoing side. */
  closeWrite(): Promise<void>;
  /** Closes both sides, and ends what is pending on them. */
  close(): void;
}

/** What a connection is served with. */
export interface HttpConnectionOptions {
  readonly socket: Socket;
  readonly handler: FetchHandler;
  readonly limits: ClientLimits;
  /** Called after each response, and again when nothing more of its request is to be dropped. */
  onAnswered(): void;
}

/** A connection that is being served. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #handler: FetchHandler;
  readonly #limits: ClientLimits;
  readonly #reader: SocketReader;
  readonly #onAnswered: () => void;
  #request: RequestHead | null = null;
  #life = new AbortController();
  /** Since when the client has given and taken nothing; it counts only while something is expected of it. */
  #silentSince = performance.now();
  /** Reads and writes of the current request that wait for the client. */
  #awaited = 0;
  #isBusy = false;
  #turnEnd = 0;
  #isClosed = false;

  constructor({ socket, handler, limits, onAnswered }: HttpConnectionOptions) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = limits;
    this.#onAnswered = onAnswered;
    this.#reader = new SocketReader(socket);
  }

  /** The request that is being answered, as `GET /path`; null between requests. */
  get request(): string | null {
    if (this.#request === null) return null;
    const { method, url } = this.#request;
    return `${method} ${new URL(url).pathname}`;
  }

  /** Whether a request is being answered, or its client may still have to read the response. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Milliseconds for which the client has been waited for; 0 while it waits itself. */
  get silentMs(): number {
    if (this.#request !== null && this.#awaited === 0) return 0;
    return performance.now() - this.#silentSince;
  }

  /** Whether the client has been silent for so long that another one may have the connection. */
  get canBeReclaimed(): boolean {
    const { reclaim, stall } = this.#limits;
    return this.silentMs >= (this.#request === null ? reclaim : stall);
  }

  /** Serves the connection until it is closed; never rejects. */
  async run(): Promise<void> {
    try {
      while (await this.#exchange());
    } catch {
      // The client is gone, or has exceeded a limit.
    } finally {
      this.close();
    }
  }

  /** Closes it, whatever is under way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The signal of a request that was answered is not aborted.
    if (this.#request !== null) this.#life.abort(new Error("The connection is closed"));
    this.#socket.close();
  }

  /** One request and its response; false if there cannot be another. */
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
    this.#life = new AbortController();
    const body = this.#bodyOf(head);
    try {
      const answer = await this.#handled(requestOf(head, body, this.#life.signal));
      const response = body.isLate ? late(answer) : answer;
      const keepsAlive = head.keepsAlive && !body.isLate && !asksToClose(response) &&
        (body.isComplete || body.hasAtMost(MAX_DROPPED));
      const canFollow = await this.#respond(response, { ...head, keepsAlive });
      if (body.isComplete && canFollow) return true;
      if (this.#life.signal.aborted) return false;
      body.abandon();
      this.#endRequest();
      if (canFollow && await withinTime(body.discard(MAX_DROPPED), this.#limits.linger)) {
        return true;
      }
      // What the client is still sending would destroy a response that it has not read yet.
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
        reader.watch(() => this.#life.abort(new Error("The client has closed the connection"))),
    });
  }

  /** Notes for how long the client is waited for. */
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
    const { signal } = this.#life;
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

  /** The head of the next request; null if the client sends none. */
  async #nextHead(): Promise<RequestHead | null> {
    const { idle, head } = this.#limits;
    // A client that sends many requests at once must not have all of them answered before any other client's.
    if (this.#reader.held.byteLength > 0 && performance.now() >= this.#turnEnd) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#turnEnd = performance.now() + TURN;
    }
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
        throw new ProtocolError(400, "Only HTTP/1.1 without TLS is spoken here.");
      }
      searched = held.byteLength;
      if (!await this.#reader.fill()) return null;
    }
  }

  /**
   * Lets the client read the response: closing a socket with unread bytes resets the connection, and the
   * response with it (RFC 9112, section 9.6).
   */
  async #linger(): Promise<void> {
    await this.#socket.closeWrite();
    const rest = async () => {
      while (await this.#reader.drop());
    };
    await withinTime(rest(), this.#limits.linger);
  }
}

function requestOf(head: RequestHead, body: RequestBody, signal: AbortSignal): Request {
  const { method, url, headers } = head;
  const hasBody = method !== "GET" && method !== "HEAD";
  const request = new Request(url, { method, headers, ...hasBody && { body: body.stream } });
  // The URL as it was sent, with its dots; a signal that a finished response does not abort.
  return Object.defineProperties(request, { url: { value: url }, signal: { value: signal } });
}

/** The response to what cannot be read; null if nothing can be said to the client. */
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
