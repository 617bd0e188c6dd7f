/**
 * A harness for one command: standard streams, files, clock and signal in memory, and the embedded
 * Glance in place of the network.
 */
// It creates the HTTP client of the process when it is loaded, which must not be during a test.
import "../../lib/platform.ts";
import { runGlance, type System } from "../../lib/cli/mod.ts";
import { createEmbeddedGlance, memoryStorage } from "../../lib/embedded/mod.ts";
import { MemoryFiles, MemoryOutput, streamOf } from "./memory_files.ts";

/** The response to a request. */
export type Fetch = (request: Request) => Promise<Response>;

/** The system of a command; everything has a default. */
export interface CliHarnessOptions {
  readonly fetch?: Fetch;
  readonly environment?: Readonly<Record<string, string>>;
  /** Data of standard input (default: a terminal). */
  readonly stdin?: Uint8Array | "terminal" | "nothing";
  /** Whether standard error is a terminal, and standard output, too. */
  readonly isTerminal?: boolean;
  /** Error code of every write to standard output. */
  readonly outputFails?: string;
  readonly files?: MemoryFiles;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  /** Timers (default: they never call). */
  readonly every?: System["every"];
  /** How users start the program. */
  readonly program?: string;
}

/** The result of a command. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Uint8Array;
  readonly files: MemoryFiles;
}

/** A Glance with a fixed clock, and a way to run commands against it. */
export class CliHarness {
  readonly #fetch: Fetch;

  constructor(fetch: Fetch = embedded()) {
    this.#fetch = fetch;
  }

  async run(args: readonly string[], options: CliHarnessOptions = {}): Promise<Outcome> {
    const stdout = new MemoryOutput(options.isTerminal ?? false, options.outputFails);
    const stderr = new MemoryOutput(options.isTerminal ?? false);
    const files = options.files ?? new MemoryFiles();
    const harness: System = {
      stdin: inputOf(options.stdin ?? "terminal"),
      stdout,
      stderr,
      environment: options.environment ?? { GLANCE_API_SERVERS: "glance.test:9292" },
      files,
      signal: options.signal ?? new AbortController().signal,
      now: options.now ?? (() => 0),
      program: options.program,
      ports: {
        fetch: (input, init) => abortable(options.fetch ?? this.#fetch, new Request(input, init)),
        sleep,
        ...options.now && { now: options.now },
      },
      every: options.every ?? (() => () => {}),
    };
    const code = await runGlance(args, harness);
    return { code, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes, files };
  }
}

/** An embedded Glance with a fixed clock. */
export function embedded(options: Parameters<typeof createEmbeddedGlance>[0] = {}): Fetch {
  const now = () => Date.UTC(2026, 0, 2, 3, 4, 5);
  return createEmbeddedGlance({ storage: memoryStorage(), now, ...options }).fetch;
}

/** A received request. */
export interface Arrived {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
  readonly headers: Headers;
}

/** Requests that Glance accepts with 202 and an empty body. */
const ACCEPTED = /^(POST .*\/(import|locations)|PUT .*\/cache\/[^/]+)$/;

/**
 * A harness with an embedded Glance and fixed responses to some requests, and the received requests. `null`
 * is a response without content.
 *
 * @param responses by `GET /v2/info/import`
 */
export function responding(responses: Readonly<Record<string, unknown>>): {
  readonly harness: CliHarness;
  readonly requests: Arrived[];
} {
  const requests: Arrived[] = [];
  const glance = embedded();
  const fetch: Fetch = async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const path = pathname + search;
    requests.push({ method, path, body: await request.clone().text(), headers });
    const response = responses[`${method} ${path}`];
    if (response === undefined) return await glance(request);
    if (response instanceof Response) return response.clone();
    if (response !== null) return Response.json(response);
    return new Response(null, { status: ACCEPTED.test(`${method} ${path}`) ? 202 : 204 });
  };
  return { harness: new CliHarness(fetch), requests };
}

/** A handler waits for bodies that never end; a fetch rejects when it is aborted. */
async function abortable(fetch: Fetch, request: Request): Promise<Response> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(request.signal.reason);
  request.signal.addEventListener("abort", stop, { once: true });
  if (request.signal.aborted) stop();
  try {
    return await Promise.race([fetch(request), aborted]);
  } finally {
    request.signal.removeEventListener("abort", stop);
  }
}

/** Delays between attempts end at once; time limits are never reached. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms < 10_000) return Promise.resolve();
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function inputOf(stdin: Uint8Array | "terminal" | "nothing"): System["stdin"] {
  const open = () => streamOf(stdin instanceof Uint8Array ? stdin : new Uint8Array());
  return { kind: stdin instanceof Uint8Array ? "data" : stdin, open };
}
