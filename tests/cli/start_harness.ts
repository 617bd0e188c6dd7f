/** Runs `start` and `demo` in memory. */
import { Interrupted, type System } from "../../lib/cli/mod.ts";
import { denoFiles } from "../../lib/cli/system/deno_files.ts";
import { MemoryOutput } from "./memory_files.ts";

/** Environment and network of a start. */
interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
  /** Whether standard error is a terminal. */
  readonly isTerminal?: boolean;
}

/** A system for `runStart`, with its output and a signal that ends it. */
export class StartHarness {
  readonly stdout = new MemoryOutput(false);
  readonly stderr: MemoryOutput;
  readonly #life = new AbortController();
  readonly #printed = Promise.withResolvers<string>();
  readonly #options: StartOptions;
  #hangup: (() => void) | null = null;

  constructor(options: StartOptions = {}) {
    this.#options = options;
    this.stderr = new MemoryOutput(options.isTerminal ?? false);
  }

  get system(): System {
    const { stdout } = this;
    return {
      stdin: { kind: "nothing", open: () => new ReadableStream() },
      stdout: {
        isTerminal: false,
        columns: null,
        write: async (bytes) => {
          await stdout.write(bytes);
          this.#printed.resolve(stdout.text);
        },
      },
      stderr: this.stderr,
      environment: this.#options.environment ?? {},
      // The embedded Glance locks its directory.
      files: denoFiles,
      signal: this.#life.signal,
      onHangup: (handler) => void (this.#hangup = handler),
      now: () => 0,
      ...this.#options.fetch && { ports: { fetch: this.#options.fetch } },
    };
  }

  /** The first text. */
  printed(): Promise<string> {
    return this.#printed.promise;
  }

  /** The URL that was printed. */
  async url(): Promise<string> {
    return /^Listening on (https?:\S+)/m.exec(await this.printed())?.[1] ?? "";
  }

  /** The log entries, parsed from JSON. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.stderr.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  }

  /** Does what SIGHUP does. Returns whether that is something else than ending the process. */
  hangUp(): boolean {
    this.#hangup?.();
    return this.#hangup !== null;
  }

  end(): void {
    this.#life.abort(new Interrupted("SIGTERM"));
  }
}
