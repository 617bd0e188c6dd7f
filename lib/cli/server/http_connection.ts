/**
 * One connection of a client: requests and responses in their order, each wait with a limit.
 *
 * @module
 */
import { RequestBody } from "./incoming_body.ts";
import {
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
export type Handler = (request: Request) => Promise<Response>;

/** Milliseconds that a client may take. */
export interface ClientLimits {
  /** From the first byte of a request to the end of its header fields. */
  readonly head: number;
  /** Without a request on an open connection. */
  readonly idle: number;
  /** Without a byte of a request's body while it is read. */
  readonly upload: number;
  /** Without taking a byte of a response. */
  readonly download: number;
  /** Without a request although another client waits for the connection. */
  readonly reclaim: number;
  /** To take notice of a response that was sent before the whole request had arrived. */
  readonly linger: number;
}

/** What a client may take if nothing else is said. */
export const CLIENT_LIMITS: ClientLimits = {
  head: 30_000,
  idle: 75_000,
  upload: 60_000,
  // People put downloads on hold; a connection to a server is given back long before.
  download: 15 * 60_000,
  reclaim: 1_000,
  linger: 30_000,
};

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
  readonly handler: Handler;
  readonly limits: ClientLimits;
  /** Called after each request, when the connection is idle or about to be closed. */
  onAnswered(): void;
}

/** A connection that is being served. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #handler: Handler;
  readonly #limits: ClientLimits;
  readonly #reader: SocketReader;
  readonly #onAnswered: () => void;
  #request: RequestHead | null = null;
  #life = new AbortController();
  #idleSince = performance.now();
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

  /** Milliseconds since the last response, or since the connection was opened; 0 while a request is answered. */
  get idleMs(): number {
    return this.#request === null ? performance.now() - this.#idleSince : 0;
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
    try {
      return await this.#answer(head);
    } finally {
      this.#reader.unwatch();
      this.#request = null;
      this.#idleSince = performance.now();
      this.#onAnswered();
    }
  }

  async #answer(head: RequestHead): Promise<boolean> {
    this.#life = new AbortController();
    const body = new RequestBody({
      reader: this.#reader,
      framing: head.framing,
      timeout: this.#limits.upload,
      sendContinue: head.expectsContinue ? () => this.#sendContinue() : null,
      onComplete: () =>
        this.#reader.watch(() =>
          this.#life.abort(new Error("The client has closed the connection"))
        ),
    });
    const answer = await this.#handled(requestOf(head, body, this.#life.signal));
    const response = body.isLate ? late(answer) : answer;
    const isOver = body.isComplete;
    const keepsAlive = head.keepsAlive && !body.isLate && !asksToClose(response) &&
      (isOver || body.hasAtMost(MAX_DROPPED));
    if (!await this.#respond(response, { ...head, keepsAlive })) {
      // What the client is still sending would destroy a response that it has not read yet.
      if (!isOver && !this.#life.signal.aborted) await this.#linger();
      return false;
    }
    if (isOver || await body.discard(MAX_DROPPED)) return true;
    await this.#linger();
    return false;
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
    return writeResponse(this.#socket, response, { ...head, signal, timeout });
  }

  async #sendContinue(): Promise<void> {
    const line = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");
    for (let rest = line; rest.byteLength > 0;) {
      rest = rest.subarray(await this.#socket.write(rest));
    }
  }

  /** The head of the next request; null if the client sends none. */
  async #nextHead(): Promise<RequestHead | null> {
    const { idle, head } = this.#limits;
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
      while (await this.#reader.read(Infinity) !== null);
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
