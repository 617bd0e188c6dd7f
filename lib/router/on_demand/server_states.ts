/** Which servers have failed since they last responded, as seen by a gateway. */

/** A server, and whether it works. */
export interface ServerState {
  /** Endpoint root. */
  readonly server: string;
  /** When it failed first since its last response, in milliseconds since 1970; null if it works. */
  readonly failedAt: number | null;
}

/** The status with which a server refuses a request because of its load. */
const TOO_MANY = 429;

/** What follows the endpoint root of a server in the URL of a request. */
const API_PATH = /^\/(v2|versions|healthcheck|$)/;

/** Remembers which servers have failed. */
export class ServerStates {
  readonly #failedAt = new Map<string, number>();

  /** Records that a server failed. */
  failed(server: string, wallClock: number): void {
    if (!this.#failedAt.has(server)) this.#failedAt.set(server, wallClock);
  }

  /** Records a response: after one that is not a failure of the server, the server works. */
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
