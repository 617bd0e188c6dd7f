/**
 * A fetch handler on a socket, until it is told to stop. It knows nothing of what it serves.
 *
 * @module
 */
import { CommandFailed } from "./failure.ts";
import { codeOf } from "./file_words.ts";

/** Answers a request. */
export type Handler = (request: Request) => Promise<Response>;

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A server that is listening. */
export interface RunningServer {
  /** Its root, without a slash at the end. */
  readonly url: string;
  /** Takes no more connections, finishes what is being answered, and ends. */
  stop(): Promise<void>;
  /** Cuts off whatever is being answered, as if the machine had been switched off. */
  kill(): Promise<void>;
}

/** What keeps a server from listening, by the operating system's code. */
const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there; stop it, or choose another port with --port",
  EADDRNOTAVAIL: "this machine has no such address; correct --host",
  EACCES: "permission is denied; choose a port from 1024 on with --port",
};

/**
 * Serves a handler.
 *
 * @throws {CommandFailed} where nothing can listen at the address.
 */
export function serve(handler: Handler, { host, port }: Address): RunningServer {
  const life = new AbortController();
  const options = { hostname: host, port, signal: life.signal, onListen() {} };
  try {
    const server = Deno.serve(options, (request, { completed }) => {
      return handler(withTrueSignal(request, completed));
    });
    return {
      url: urlOf(host, server.addr.port),
      stop: () => server.shutdown(),
      kill() {
        life.abort();
        return server.finished;
      },
    };
  } catch (error) {
    const { message } = error as Error;
    const state = WORDS[codeOf(error) ?? ""] ??
      (/lookup|resolve/.test(message) ? "this name has no address; correct --host" : message);
    throw new CommandFailed(`Cannot listen on ${urlOf(host, port)}: ${state}`, error);
  }
}

/** The same request; its signal is aborted by a client that leaves. Deno's own is aborted by success, too. */
function withTrueSignal(request: Request, completed: Promise<void>): Request {
  const life = new AbortController();
  completed.catch((reason) => life.abort(reason));
  return Object.defineProperty(request, "signal", { value: life.signal });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
