/**
 * A listening socket and its connections: as many as the process has descriptors for, and a pause instead
 * of an end where the system has none left.
 *
 * @module
 */
import { codeOf } from "../system/fs_errors.ts";
import type { ClientLimits } from "./client_limits.ts";
import { type FetchHandler, HttpConnection, type Socket } from "./http_connection.ts";

/** Milliseconds after which the system is asked again for a connection that it could not give. */
const RETRY = 100;

/** Connections at once, unless the system has descriptors for fewer. */
export const MAX_CONNECTIONS = 4_000;

/** Connections for which there must be descriptors. */
const MIN_CONNECTIONS = 8;

/** The share of the connections at which descriptors ran out: the rest is for servers, files and the log. */
const SAFE_SHARE = 3 / 4;

/** A socket of which packets can be sent at once. */
interface ClientSocket extends Socket {
  setNoDelay(noDelay: boolean): void;
}

/** Where connections come from. */
export interface ConnectionSource {
  accept(): Promise<ClientSocket>;
  close(): void;
}

/** What a listener is given. */
export interface ListenerOptions {
  readonly handler: FetchHandler;
  readonly limits: ClientLimits;
  /** Connections at once. */
  readonly maxConnections: number;
}

/** Accepts connections until it is closed. */
export class HttpListener {
  readonly #listener: ConnectionSource;
  readonly #options: ListenerOptions;
  /** In the order of their last responses. */
  readonly #connections = new Map<HttpConnection, Promise<void>>();
  readonly #accepting: Promise<void>;
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

  /** Requests that are being answered. */
  get requests(): readonly string[] {
    return [...this.#connections.keys()].flatMap(({ request }) => request ?? []);
  }

  /** Fulfilled when no request is being answered, and no response may still have to be read. */
  async idle(): Promise<void> {
    while ([...this.#connections.keys()].some(({ isBusy }) => isBusy)) {
      await new Promise<void>((resolve) => this.#onAnswered = resolve);
    }
  }

  /** Closes the socket and every connection; fulfilled when all are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listener.close();
    this.#onEnd();
    for (const connection of this.#connections.keys()) connection.close();
    await Promise.all([this.#accepting, ...this.#connections.values()]);
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      await this.#room();
      const socket = await this.#next();
      if (socket !== null) this.#serve(socket);
    }
  }

  /** A new connection; null if there is none now. */
  async #next(): Promise<ClientSocket | null> {
    try {
      return await this.#listener.accept();
    } catch (error) {
      // No descriptor is left, or the client has left already (ECONNABORTED).
      if (/^E[MN]FILE$/.test(codeOf(error) ?? "")) this.#learnLimit();
      if (!this.#isClosed && !this.#closeSilent()) await this.#ended(RETRY);
      return null;
    }
  }

  /** The system does not say how many descriptors there are before they have run out. */
  #learnLimit(): void {
    const safe = Math.floor(this.#connections.size * SAFE_SHARE);
    this.#maxConnections = Math.min(this.#maxConnections, Math.max(MIN_CONNECTIONS, safe));
  }

  #serve(socket: ClientSocket): void {
    const { handler, limits } = this.#options;
    // A client that left at once.
    if (this.#isClosed) return socket.close();
    try {
      socket.setNoDelay(true);
    } catch {
      return socket.close();
    }
    const onAnswered = () => {
      this.#connections.delete(connection);
      this.#connections.set(connection, backend);
      this.#onAnswered();
    };
    const connection = new HttpConnection({ socket, handler, limits, onAnswered });
    const backend = connection.run().finally(() => {
      this.#connections.delete(connection);
      this.#onEnd();
    });
    this.#connections.set(connection, backend);
  }

  /** Waits for room for one more connection; the one silent longest makes it. */
  async #room(): Promise<void> {
    while (!this.#isClosed && this.#connections.size >= this.#maxConnections) {
      this.#closeSilent();
      await this.#ended(RETRY);
    }
  }

  /**
   * Closes the connection whose client has been silent longest, but none that may only be about to go on,
   * and none in the middle of a request while there is another.
   */
  #closeSilent(): boolean {
    const silent = [...this.#connections.keys()].filter(({ canBeReclaimed }) => canBeReclaimed);
    const idle = silent.filter(({ request }) => request === null);
    const [first, ...others] = idle.length > 0 ? idle : silent;
    if (first === undefined) return false;
    others.reduce((last, next) => next.silentMs > last.silentMs ? next : last, first).close();
    return true;
  }

  /** Fulfilled when a connection has ended, or after a time. */
  #ended(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onEnd(), ms);
      this.#onEnd = () => {
        clearTimeout(timer);
        this.#onEnd = () => {};
        resolve();
      };
    });
  }
}
