/**
 * A fetch handler on a socket, until it is told to stop. It knows nothing of what it serves.
 *
 * @module
 */
import { CommandFailed } from "../system/errors.ts";
import { codeOf } from "../system/fs_errors.ts";
import { CLIENT_LIMITS, type ClientLimits } from "../http/client_limits.ts";
import type { FetchHandler } from "../http/http_connection.ts";
import { HttpListener, MAX_CONNECTIONS } from "../http/listener.ts";
import { withinTime } from "../http/time_limit.ts";

export type { FetchHandler as Handler } from "../http/http_connection.ts";

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** What a server allows its clients; the rest has defaults. */
export interface ServeLimits extends Partial<ClientLimits> {
  /** Connections at once. */
  readonly connections?: number;
}

/** A server that is listening. */
export interface RunningServer {
  /** Its root, without a slash at the end. */
  readonly url: string;
  /**
   * Refuses new requests with 503, finishes those that have begun, uploads, too, and ends. Returns the
   * requests that were still running after `drainMs` milliseconds (default: no limit), as `PUT /path`; their
   * connections are cut.
   */
  stop(drainMs?: number): Promise<readonly string[]>;
  /** Cuts off whatever is being answered, as if the machine had been switched off. */
  kill(): Promise<void>;
}

/** Milliseconds for a handler to notice that its client was cut off, and to remove what is half-written. */
const CLEANUP = 5_000;

/** What keeps a server from listening, by the operating system's code. */
const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; stop it, or choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; correct --host",
  EACCES: "permission is denied; choose a port from 1024 on with --port",
};

/**
 * Serves a handler over HTTP/1.1, by a listener of its own: `Deno.serve` queues a chunked request body ahead
 * of a handler that is slower than the network, and each read costs time in proportion to that queue.
 *
 * @throws {CommandFailed} where nothing can listen at the address.
 */
export function serve(
  handler: FetchHandler,
  { host, port }: ListenAddress,
  { connections = MAX_CONNECTIONS, ...limits }: ServeLimits = {},
): RunningServer {
  const socket = listen(host, port);
  let isEnding = false;
  const listener = new HttpListener(socket, {
    handler: (request) => isEnding ? Promise.resolve(refusal()) : handler(request),
    limits: { ...CLIENT_LIMITS, ...limits },
    maxConnections: connections,
  });
  const kill = () => withinTime(listener.close(), CLEANUP).catch(() => {});
  return {
    url: urlOf(host, socket.addr.port),
    async stop(drainMs = Infinity) {
      isEnding = true;
      const cut = await withinTime(listener.idle(), drainMs).then(
        () => [],
        () => listener.requests,
      );
      await kill();
      return cut;
    },
    kill,
  };
}

function listen(host: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host, port });
  } catch (error) {
    const { message } = error as Error;
    const state = WORDS[codeOf(error) ?? ""] ??
      (/lookup|resolve/.test(message) ? "this name has no address; correct --host" : message);
    throw new CommandFailed(`Cannot listen on ${urlOf(host, port)}: ${state}`, error);
  }
}

/** A client of several servers asks another one then. */
function refusal(): Response {
  const headers = { connection: "close", "retry-after": "1" };
  return new Response("The server is about to end.\n", { status: 503, headers });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
