/** Serves a fetch handler over HTTP/1.1. */
import { CommandFailed } from "../system/errors.ts";
import { codeOf } from "../system/fs_errors.ts";
import { CLIENT_LIMITS, type ClientLimits } from "../http_server/client_limits.ts";
import type { FetchHandler } from "../http_server/http_exchange.ts";
import { HttpListener, MAX_CONNECTIONS } from "../http_server/listener.ts";
import { denoListener, listenOn, nodeListener, type TcpListener } from "./tcp_listener.ts";
import type { TlsCertificate } from "./tls_certificate.ts";
import type { UrlScheme } from "../http_server/request_head.ts";
import { withinTime } from "../http_server/time_limit.ts";
import { definedMembers } from "../../validate.ts";

export type { FetchHandler as Handler } from "../http_server/http_exchange.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

interface AllLimits extends ClientLimits {
  /** Maximum number of connections. */
  readonly connections: number;
}

/** Limits for clients that differ from the defaults. */
export type ServeLimits = { readonly [Limit in keyof AllLimits]?: number | undefined };

export interface ServeOptions {
  readonly limits?: ServeLimits;
  /**
   * The certificate for connections over TLS.
   * Default: `null`.
   */
  readonly certificate?: TlsCertificate | null;
  /**
   * Handles requests that arrive after the start of `stop()`; null for the response 503.
   * Default: none: all of them get 503.
   */
  readonly whileStopping?: (request: Request) => Response | null;
}

/** A server that is listening. */
export interface RunningServer {
  /** Root URL, without a trailing slash. */
  readonly url: string;
  /** The requests that are being handled, as `PUT /path`. */
  readonly requests: readonly string[];
  /**
   * Rejects new requests with 503, waits for running ones, and stops.
   *
   * @param drainMs milliseconds to wait before running requests are aborted (default: no limit)
   * @returns the aborted requests, as `PUT /path`
   */
  stop(drainMs?: number): Promise<readonly string[]>;
  /** Closes all connections at once. */
  kill(): Promise<void>;
}

/** Milliseconds for handlers to clean up after their connections were closed. */
const CLEANUP = 5_000;

/** Causes and hints by error code of the operating system. */
const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses this port; stop it, or choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; correct --host",
  EACCES: "permission is denied; choose a port from 1024 on with --port",
  ENOTFOUND: "the name cannot be resolved; correct --host",
};

/**
 * Serves a handler over HTTP/1.1. It does not use `Deno.serve`, which queues chunked request bodies without
 * bound if the handler is slower than the network; the time of each read grows with that queue.
 *
 * @throws {CommandFailed} if it cannot listen on the address.
 */
export async function listenAndServe(
  handler: FetchHandler,
  address: ListenAddress,
  options: ServeOptions = {},
): Promise<RunningServer> {
  const { host, port } = address;
  const { certificate = null } = options;
  // Deno's own API cannot change the certificate of a socket that is listening.
  const listening = certificate === null
    ? listenOn(host, port)
    : nodeListener(host, port, (socket) => certificate.secure(socket));
  const listener = await listening.catch((error) => {
    throw cannotListen(address, error, certificate === null ? "http" : "https");
  });
  return serveOn(listener, host, handler, options);
}

/** Does the same on Deno, where a socket listens at once. */
export function serve(
  handler: FetchHandler,
  address: ListenAddress,
  limits: ServeLimits = {},
): RunningServer {
  const { host, port } = address;
  try {
    return serveOn(denoListener(host, port), host, handler, { limits });
  } catch (error) {
    throw cannotListen(address, error, "http");
  }
}

/** Serves a handler on a socket that is listening on `host`. */
function serveOn(
  tcp: TcpListener,
  host: string,
  handler: FetchHandler,
  { limits: given = {}, certificate = null, whileStopping = () => null }: ServeOptions,
): RunningServer {
  const { connections = MAX_CONNECTIONS, ...limits } = definedMembers<AllLimits>(given);
  const scheme = certificate === null ? "http" : "https";
  let isEnding = false;
  const listener = new HttpListener(tcp, {
    handler: (request) =>
      isEnding ? Promise.resolve(whileStopping(request) ?? unavailable()) : handler(request),
    limits: { ...CLIENT_LIMITS, ...limits },
    maxConnections: connections,
    scheme,
  });
  const kill = () => withinTime(listener.close(), CLEANUP).catch(() => {});
  return {
    url: urlOf(host, tcp.port, scheme),
    get requests() {
      return listener.requests;
    },
    async stop(drainMs = Infinity) {
      isEnding = true;
      const aborted = await withinTime(listener.idle(), drainMs).then(
        () => [],
        () => listener.requests,
      );
      await kill();
      return aborted;
    },
    kill,
  };
}

function cannotListen(
  { host, port }: ListenAddress,
  error: unknown,
  scheme: UrlScheme,
): CommandFailed {
  const { message } = error as Error;
  const state = LISTEN_ERRORS[codeOf(error) ?? ""] ??
    (/lookup|resolve/.test(message) ? "the name cannot be resolved; correct --host" : message);
  return new CommandFailed(`Cannot listen on ${urlOf(host, port, scheme)}: ${state}`, error);
}

/** The response while the server stops. A client with several servers retries at another one. */
function unavailable(): Response {
  const headers = { connection: "close", "retry-after": "1" };
  return new Response("The server is stopping.\n", { status: 503, headers });
}

function urlOf(host: string, port: number, scheme: UrlScheme): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
