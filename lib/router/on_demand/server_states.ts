/** Tracks which servers have failed since their last response. */

/** A server, and whether it works. */
export interface ServerState {
  /** Endpoint root. */
  readonly server: string;
  /** When it first failed after its last response, in milliseconds since 1970; null if it works. */
  readonly failedAt: number | null;
}

/** The status of a request that a server rejects because of its load. */
const TOO_MANY = 429;

/** The part of a request's URL after the endpoint root of a server. */
const API_PATH = /^\/(v2|versions|healthcheck|$)/;

/** The states of servers. */
export class ServerStates {
  readonly #failedAt = new Map<string, number>();

  /** Records that a server failed. */
  failed(server: string, wallClock: number): void {
    if (!this.#failedAt.has(server)) this.#failedAt.set(server, wallClock);
  }

  /** Records a response. Unless its status is a failure of the server, the server works again. */
  responded(url: string, status: number): void {
    if (this.#failedAt.size === 0 || status >= 500 || status === TOO_MANY) return;
    for (const server of this.#failedAt.keys()) {
      const isOfServer = url.startsWith(server) && API_PATH.test(url.slice(server.length));
      if (isOfServer) this.#failedAt.delete(server);
    }
  }

  /** The states of servers, in the same order. */
  of(servers: readonly string[]): ServerState[] {
    return servers.map((server) => ({ server, failedAt: this.#failedAt.get(server) ?? null }));
  }
}
