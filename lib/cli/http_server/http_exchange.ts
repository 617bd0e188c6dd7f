/** A request and its response. It measures how long the server waits for the client. */
import { ClientLag } from "./client_lag.ts";
import type { ClientLimits } from "./client_limits.ts";
import { RequestBody } from "./incoming_body.ts";
import { IncomingRequest } from "./incoming_request.ts";
import type { RequestHead } from "./request_head.ts";
import { writeAll, writeResponse } from "./response_writer.ts";
import type { Socket, SocketReader } from "./socket_reader.ts";
import { TimeLimitExceeded, type TimeLimits } from "./time_limit.ts";
import type { WriteTurns } from "./turns/write_turns.ts";

/** Handles a request. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** Bytes of an unread request body that are discarded to keep its connection. */
export const MAX_DISCARDED = 256 * 1024;

/** Bytes of a response that are written without waiting for a turn. */
const SMALL_RESPONSE = 64 * 1024;

const CLIENT_CLOSED = "The client has closed the connection";

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

export interface ExchangeConnection {
  readonly socket: Socket;
  readonly reader: SocketReader;
  readonly limits: ClientLimits;
  readonly time: TimeLimits;
  readonly writes: WriteTurns;
}

/** Handles one request. */
export class HttpExchange {
  readonly head: RequestHead;
  readonly body: RequestBody;
  readonly #connection: ExchangeConnection;
  readonly #abort = new AbortController();
  readonly #uploadLag: ClientLag;
  readonly #downloadLag: ClientLag;
  /** Bytes of the response that were written. */
  #written = 0;
  #isAnswered = false;

  constructor(head: RequestHead, connection: ExchangeConnection) {
    this.head = head;
    this.#connection = connection;
    this.#uploadLag = new ClientLag(connection.limits.rate);
    this.#downloadLag = new ClientLag(connection.limits.rate);
    this.body = this.#bodyOf(head);
  }

  /** Milliseconds for which the client lags; 0 while the client waits for the server. */
  get lagMs(): number {
    return Math.max(this.#uploadLag.pendingMs, this.#downloadLag.pendingMs);
  }

  get isAborted(): boolean {
    return this.#abort.signal.aborted;
  }

  abort(reason: string): void {
    this.#abort.abort(new Error(reason));
  }

  /** Writes the response of the handler. False if the connection cannot be used for another request. */
  async respond(handler: FetchHandler): Promise<boolean> {
    const { head, body } = this;
    const { signal } = this.#abort;
    const handled = await callHandler(handler, new IncomingRequest(head, body.stream, signal));
    const response = body.isLate ? late(handled) : handled;
    const keepsAlive = head.keepsAlive && !body.isLate && !asksToClose(response) &&
      (body.isComplete || body.hasAtMost(MAX_DISCARDED));
    const { method, isHttp10 } = head;
    try {
      return await writeResponse(this, response, { method, isHttp10, keepsAlive, signal });
    } finally {
      this.#isAnswered = true;
    }
  }

  /** Writes at least one of the bytes, in bounded time. Returns how many were written. */
  write(bytes: Uint8Array): Promise<number> {
    const isLarge = this.#written + bytes.byteLength > SMALL_RESPONSE;
    const write = () => this.#write(bytes);
    return isLarge ? this.#connection.writes.run(bytes.byteLength, write) : write();
  }

  async #write(bytes: Uint8Array): Promise<number> {
    const { socket, limits, time } = this.#connection;
    let count = 0;
    this.#downloadLag.begin();
    try {
      return count = await time.within(socket.write(bytes), limits.download);
    } finally {
      this.#written += count;
      this.#downloadLag.end(count);
    }
  }

  #bodyOf({ framing, expectsContinue }: RequestHead): RequestBody {
    const { reader } = this.#connection;
    return new RequestBody({
      reader: { read: (limit) => this.#read(limit), giveBack: (bytes) => reader.giveBack(bytes) },
      framing,
      sendContinue: expectsContinue ? () => writeAll(this, CONTINUE) : null,
      onComplete: () => reader.watch((isReset) => void this.#ended(isReset)),
    });
  }

  /**
   * Records that the client sends nothing more. If it has disconnected, a write fails; if nothing is written for some
   * time, it counts as disconnected.
   */
  async #ended(isReset: boolean): Promise<void> {
    const { limits, time } = this.#connection;
    let mayRead = !isReset;
    while (mayRead) {
      const before = this.#written;
      await time.within(new Promise<never>(() => {}), limits.halfClosed).catch(() => {});
      if (this.#isAnswered) return;
      mayRead = this.#written > before || this.#downloadLag.pendingMs > 0;
    }
    this.abort(CLIENT_CLOSED);
  }

  async #read(limit: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const { reader, limits, time } = this.#connection;
    const lag = this.#uploadLag;
    let count = 0;
    lag.begin();
    try {
      const bytes = await time.within(reader.read(limit), limits.upload - lag.ms);
      if (bytes === null) this.abort(CLIENT_CLOSED);
      count = bytes?.byteLength ?? 0;
      return bytes;
    } catch (error) {
      if (!(error instanceof TimeLimitExceeded)) this.abort(CLIENT_CLOSED);
      throw error;
    } finally {
      lag.end(count);
    }
  }
}

async function callHandler(handler: FetchHandler, request: Request): Promise<Response> {
  try {
    return await handler(request);
  } catch {
    return plain(500, "The server failed to handle the request.");
  }
}

function late(handled: Response): Response {
  handled.body?.cancel().catch(() => {});
  return plain(408, "The body of the request did not arrive in time.");
}

function asksToClose({ headers }: Response): boolean {
  return headers.get("connection")?.toLowerCase() === "close";
}

/** A response of the listener itself. */
export function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, { status });
}
