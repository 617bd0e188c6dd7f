/**
 * Accepts connections on a listening socket. If the process runs out of file descriptors, it pauses and reduces the
 * maximum number of connections.
 */
import { nativeTimer } from "../../timer.ts";
import { codeOf } from "../system/fs_errors.ts";
import type { ClientLimits } from "./client_limits.ts";
import { HttpConnection } from "./http_connection.ts";
import type { FetchHandler } from "./http_exchange.ts";
import { PipelineTurns } from "./turns/pipeline_turns.ts";
import { WriteTurns } from "./turns/write_turns.ts";
import type { UrlScheme } from "./request_head.ts";
import type { Socket } from "./socket_reader.ts";
import { TimeLimits } from "./time_limit.ts";

/** Milliseconds between attempts to accept a connection. */
const RETRY = 100;

/** Errors of one connection: its client has left (accept(2)). */
const CLIENT_LEFT = ["ECONNABORTED", "ECONNRESET", "ENOTCONN", "EPROTO"];

/** Default maximum number of connections. */
export const MAX_CONNECTIONS = 4_000;

/** Lower bound of the maximum number of connections. */
const MIN_CONNECTIONS = 8;

/** Share of the connections at which descriptors ran out; the rest is for upstream connections and files. */
const SAFE_SHARE = 3 / 4;

/** A TCP socket. */
export interface ClientSocket extends Socket {
  setNoDelay(noDelay: boolean): void;
}

/** A listening socket. */
export interface ConnectionSource {
  accept(): Promise<ClientSocket>;
  close(): void;
}

export interface ListenerOptions {
  readonly handler: FetchHandler;
  readonly limits: ClientLimits;
  readonly maxConnections: number;
  /**
   * The scheme of the URLs of requests.
   * Default: `"http"`.
   */
  readonly scheme?: UrlScheme;
}

/** Accepts connections until it is closed. */
export class HttpListener {
  readonly #listener: ConnectionSource;
  readonly #options: ListenerOptions;
  /** Connections, ordered by their last responses. */
  readonly #connections = new Map<HttpConnection, Promise<void>>();
  readonly #accepting: Promise<void>;
  readonly #turns = { requests: new PipelineTurns(), writes: new WriteTurns() };
  readonly #time = new TimeLimits();
  #maxConnections: number;
  #isClosed = false;
  #onEnd = () => {};
  #onAnswered = () => {};

  constructor(listener: ConnectionSource, options: ListenerOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#maxConnections = options.maxConnections;
    this.#accepting = this.#accept();
  }

  /** The requests that are being handled, as `GET /path`. */
  get requests(): readonly string[] {
    return [...this.#connections.keys()].flatMap(({ request }) => request ?? []);
  }

  /** Resolves when all connections that are busy now have been idle, or have ended. Later requests are not awaited. */
  async idle(): Promise<void> {
    const busy = new Set([...this.#connections.keys()].filter(({ isBusy }) => isBusy));
    for (;;) {
      for (const connection of busy) {
        if (!connection.isBusy) busy.delete(connection);
      }
      if (busy.size === 0) return;
      await new Promise<void>((resolve) => this.#onAnswered = resolve);
    }
  }

  /** Closes the socket and all connections. Resolves when all are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listener.close();
    this.#onEnd();
    for (const connection of this.#connections.keys()) connection.close();
    this.#turns.requests.close();
    this.#turns.writes.close();
    this.#time.close();
    await Promise.all([this.#accepting, ...this.#connections.values()]);
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      await this.#room();
      const socket = await this.#next();
      if (socket !== null) this.#serve(socket);
    }
  }

  /** Accepts a connection; null if that fails. */
  async #next(): Promise<ClientSocket | null> {
    try {
      return await this.#listener.accept();
    } catch (error) {
      const code = codeOf(error) ?? "";
      // A pause would let one client that resets its connections delay all others.
      if (CLIENT_LEFT.includes(code)) return null;
      // No file descriptor is left.
      if (/^E[MN]FILE$/.test(code)) this.#learnLimit();
      if (!this.#isClosed && !this.#reclaim()) await this.#ended(RETRY);
      return null;
    }
  }

  /** Reduces the maximum: the number of file descriptors is known only when they run out. */
  #learnLimit(): void {
    const safe = Math.floor(this.#connections.size * SAFE_SHARE);
    this.#maxConnections = Math.min(this.#maxConnections, Math.max(MIN_CONNECTIONS, safe));
  }

  #serve(socket: ClientSocket): void {
    if (this.#isClosed) return socket.close();
    try {
      socket.setNoDelay(true);
    } catch {
      // The client has disconnected.
      return socket.close();
    }
    const onAnswered = () => {
      this.#connections.delete(connection);
      this.#connections.set(connection, running);
      this.#onAnswered();
    };
    const connection = new HttpConnection({
      scheme: "http",
      ...this.#options,
      socket,
      time: this.#time,
      turns: this.#turns.requests,
      writes: this.#turns.writes,
      onAnswered,
    });
    const running = connection.run().finally(() => {
      this.#connections.delete(connection);
      this.#onEnd();
    });
    this.#connections.set(connection, running);
  }

  /** Waits until the number of connections is below the maximum; closes the one that lags most. */
  async #room(): Promise<void> {
    while (!this.#isClosed && this.#connections.size >= this.#maxConnections) {
      this.#reclaim();
      await this.#ended(RETRY);
    }
  }

  /**
   * Closes the connection that has been idle longest. If none has been idle for some time, closes the one whose client
   * lags most, if that is enough.
   *
   * @returns whether a connection was closed
   */
  #reclaim(): boolean {
    const candidates = [...this.#connections.keys()].filter((each) => each.canBeReclaimed);
    const idle = candidates.filter(({ isIdle }) => isIdle);
    const [first, ...others] = idle.length > 0 ? idle : candidates;
    if (first === undefined) return false;
    others.reduce((last, next) => next.lagMs > last.lagMs ? next : last, first).close();
    return true;
  }

  /** Resolves when a connection has ended, or after `ms` milliseconds. */
  #ended(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = nativeTimer(ms, () => this.#onEnd());
      this.#onEnd = () => {
        cancel();
        this.#onEnd = () => {};
        resolve();
      };
    });
  }
}
