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
  /** Refuses what is new with 503, finishes what has begun, uploads, too, and ends. */
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
    const begun = new Begun();
    const server = Deno.serve(options, async (request, { completed }) => {
      if (begun.isOver) return refusal();
      begun.add(completed);
      return await answer(handler, request, completed);
    });
    return {
      url: urlOf(host, server.addr.port),
      async stop() {
        // Deno's own shutdown takes the bodies away from requests that have not been read to their end.
        await begun.end();
        await server.shutdown();
      },
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

/** The requests that are being answered. */
class Begun {
  readonly #answers = new Set<Promise<unknown>>();
  /** Whether no other may begin. */
  isOver = false;

  add(completed: Promise<void>): void {
    const answer = completed.catch(() => {}).finally(() => this.#answers.delete(answer));
    this.#answers.add(answer);
  }

  /** Lets no other begin, and waits for those that have. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.#answers);
  }
}

/** A client of several servers asks another one then. */
function refusal(): Response {
  const headers = { connection: "close", "retry-after": "1" };
  return new Response("The server is about to end.\n", { status: 503, headers });
}

/**
 * The answer to a request whose signal a client aborts that leaves, and nothing else: Deno's own may be
 * aborted by success, too, and is followed until there is an answer only.
 */
async function answer(
  handler: Handler,
  request: Request,
  completed: Promise<void>,
): Promise<Response> {
  const { signal } = request;
  const life = new AbortController();
  const leave = () => life.abort(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  completed.catch((reason) => life.abort(reason));
  try {
    return await handler(Object.defineProperty(request, "signal", { value: life.signal }));
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
