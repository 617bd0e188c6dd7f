/**
 * A world for one command: standard streams, files, clock and signal in memory, and the embedded
 * Glance in place of the network.
 */
import { concat } from "../../lib/concat.ts";
import {
  type Bytes,
  type Output,
  runGlance,
  type System,
  type SystemFiles,
} from "../../lib/cli/mod.ts";
import { createEmbeddedGlance, memoryStore } from "../../lib/embedded/mod.ts";

/** How a request is answered. */
export type Fetch = (request: Request) => Promise<Response>;

/** What a harness is set with; everything has a default. */
export interface CliHarnessOptions {
  readonly fetch?: Fetch;
  readonly environment?: Readonly<Record<string, string>>;
  /** What standard input gives; a terminal without it. */
  readonly stdin?: Uint8Array | "terminal" | "nothing";
  /** Whether standard error is a terminal, and standard output, too. */
  readonly isTerminal?: boolean;
  /** Error code of every write to standard output. */
  readonly outputFails?: string;
  readonly files?: MemoryFiles;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
}

/** What a command has left behind. */
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
    const world: System = {
      stdin: inputOf(options.stdin ?? "terminal"),
      stdout,
      stderr,
      environment: options.environment ?? { GLANCE_API_SERVERS: "glance.test:9292" },
      files,
      signal: options.signal ?? new AbortController().signal,
      now: options.now ?? (() => 0),
      ports: {
        fetch: (input, init) => abortable(options.fetch ?? this.#fetch, new Request(input, init)),
        sleep,
      },
    };
    const code = await runGlance(args, world);
    return { code, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes, files };
  }
}

/** An embedded Glance in which it is always the same moment. */
export function embedded(options: Parameters<typeof createEmbeddedGlance>[0] = {}): Fetch {
  const now = () => Date.UTC(2026, 0, 2, 3, 4, 5);
  return createEmbeddedGlance({ store: memoryStore(), now, ...options }).fetch;
}

/** A request that came. */
export interface Arrived {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
  readonly headers: Headers;
}

/** What Glance answers with 202 where it has nothing to say. */
const ACCEPTED = /^(POST .*\/(import|locations)|PUT .*\/cache\/[^/]+)$/;

/**
 * A harness with an embedded Glance that gives some requests the responses in `answers`, and what
 * came to it. `null` is an answer without content.
 *
 * @param answers by `GET /v2/info/import`
 */
export function answering(answers: Readonly<Record<string, unknown>>): {
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
    const answer = answers[`${method} ${path}`];
    if (answer === undefined) return await glance(request);
    if (answer instanceof Response) return answer.clone();
    if (answer !== null) return Response.json(answer);
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

/** Pauses between attempts pass at once; limits are never reached. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms < 10_000) return Promise.resolve();
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A stream that keeps what was written, or fails. */
export class MemoryOutput implements Output {
  readonly isTerminal: boolean;
  readonly columns: number | null;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];

  readonly #fails: string | undefined;

  constructor(isTerminal: boolean, fails?: string) {
    this.#fails = fails;
    this.isTerminal = isTerminal;
    this.columns = isTerminal ? 80 : null;
  }

  get bytes(): Uint8Array {
    return concat(this.#chunks);
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#fails !== undefined) return Promise.reject(failure(this.#fails));
    this.#chunks.push(bytes.slice());
    return Promise.resolve();
  }
}

/** Files in memory, and what can be wrong with them. */
export class MemoryFiles implements SystemFiles {
  readonly content: Map<string, Uint8Array> = new Map();
  readonly directories: Set<string> = new Set();
  readonly special: Set<string> = new Set();
  /** Error codes by path, for every attempt to open it. */
  readonly broken: Map<string, string> = new Map();
  /** Bytes that fit on the disk. */
  capacity = Infinity;
  /** What a power failure leaves: content as it was when it was synced last. */
  readonly durable: Map<string, Uint8Array>;
  /** Names of files that were not closed. */
  readonly left: Set<string> = new Set();

  constructor(content: Readonly<Record<string, Uint8Array | string>> = {}) {
    for (const [path, bytes] of Object.entries(content)) {
      this.content.set(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    }
    this.durable = new Map(this.content);
  }

  look(path: string): ReturnType<SystemFiles["look"]> {
    const kind = this.special.has(path)
      ? "other"
      : this.directories.has(path)
      ? "directory"
      : this.content.has(path)
      ? "file"
      : null;
    const size = this.content.get(path)?.byteLength ?? 0;
    return Promise.resolve(kind === null ? null : { kind, size, realPath: path });
  }

  async read(path: string): Promise<ReadableStream<Bytes>> {
    await this.#check(path);
    return streamOf(this.content.get(path) ?? new Uint8Array());
  }

  async openSpecial(path: string): ReturnType<SystemFiles["openSpecial"]> {
    return await this.open(path);
  }

  async create(path: string): ReturnType<SystemFiles["create"]> {
    const file = await this.open(path);
    await file.truncate(0);
    return file;
  }

  async open(path: string): ReturnType<SystemFiles["open"]> {
    await this.#check(path);
    if (!this.content.has(path)) this.content.set(path, new Uint8Array());
    return this.#updatable(path);
  }

  rename(from: string, to: string): Promise<void> {
    for (const content of [this.content, this.durable]) {
      content.set(to, content.get(from) ?? new Uint8Array());
      content.delete(from);
    }
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.content.delete(path);
    this.durable.delete(path);
    return Promise.resolve();
  }

  /** The disk after a power failure. */
  afterPowerFailure(): MemoryFiles {
    return new MemoryFiles(Object.fromEntries(this.durable));
  }

  text(path: string): string | null {
    const bytes = this.content.get(path);
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  }

  #updatable(path: string): Awaited<ReturnType<SystemFiles["open"]>> {
    this.left.add(path);
    const content = () => this.content.get(path) ?? new Uint8Array();
    let position = 0;
    return {
      size: content().byteLength,
      read: (limit) => {
        const chunk = new Uint8Array(
          content().subarray(position, position + Math.min(limit, 65_536)),
        );
        position += chunk.byteLength;
        return Promise.resolve(chunk.byteLength === 0 ? null : chunk);
      },
      truncate: (size) => {
        this.content.set(path, content().slice(0, size));
        return Promise.resolve();
      },
      write: (bytes) => {
        const all = concat([content(), bytes]);
        if (all.byteLength > this.capacity) return Promise.reject(failure("ENOSPC"));
        this.content.set(path, all);
        return Promise.resolve();
      },
      isAt: (other) => Promise.resolve(other === path && this.content.has(path)),
      sync: () => {
        this.durable.set(path, content());
        return Promise.resolve();
      },
      close: () => {
        this.left.delete(path);
      },
    };
  }

  #check(path: string): Promise<void> {
    const code = this.broken.get(path);
    return code === undefined ? Promise.resolve() : Promise.reject(failure(code));
  }
}

/** An error as the operating system gives it. */
export function failure(code: string): Error {
  return Object.assign(new Error(`${code} (os error 1)`), { code });
}

/** Bytes in chunks of 64 KiB. */
export function streamOf(bytes: Uint8Array): ReadableStream<Bytes> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(offset, offset += 65_536)));
    },
  }, { highWaterMark: 0 });
}

function inputOf(stdin: Uint8Array | "terminal" | "nothing"): System["stdin"] {
  const open = () => streamOf(stdin instanceof Uint8Array ? stdin : new Uint8Array());
  return { kind: stdin instanceof Uint8Array ? "data" : stdin, open };
}
