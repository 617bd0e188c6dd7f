/** The signals that end the process: SIGINT (Ctrl-C), SIGTERM and SIGHUP. */
import { ENDING_SIGNALS, type EndingSignal, Interrupted } from "./errors.ts";
import type { System } from "./system.ts";

/** What of `Deno` is used. On Deno, `process` takes 75 ms to load. */
interface DenoSignals {
  readonly build: { readonly os: string };
  addSignalListener(name: EndingSignal, listener: () => void): void;
  exit(code: number): void;
}

/** What of `process` is used on the other runtimes. */
interface ProcessSignals {
  readonly platform: string;
  on(name: EndingSignal, listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * Milliseconds in which repeated signals count as one: npx and `deno task` forward the Ctrl-C that the terminal
 * also sends to this process.
 */
const REPEAT_MS = 1000;

/** What the process does when it gets signals. */
export interface EndingOptions {
  /**
   * Milliseconds after which the process ends by itself: a read of a silent pipe cannot be aborted.
   * Default: `Infinity`.
   */
  readonly cleanupMs?: number;
  /**
   * Handles a SIGHUP, and returns whether it did; else the signal ends the process.
   * Default: none.
   */
  readonly onHangup?: () => boolean;
  /**
   * Ends the process with an exit code.
   * Default: that of the runtime.
   */
  readonly exit?: (code: number) => void;
}

/**
 * Returns a signal that is aborted by the first SIGINT (Ctrl-C), SIGTERM or SIGHUP, so that the command can clean
 * up. A second one, at least a second later, ends the process at once.
 */
export function endingSignal(
  { cleanupMs = Infinity, onHangup = () => false, exit = runtime().exit }: EndingOptions = {},
): AbortSignal {
  const { platform, on } = runtime();
  const controller = new AbortController();
  let first = Infinity;
  for (const name of signalsOf(platform)) {
    const end = () => exit(ENDING_SIGNALS[name]);
    on(name, () => {
      if (name === "SIGHUP" && onHangup()) return;
      const now = performance.now();
      if (now - first >= REPEAT_MS) end();
      if (controller.signal.aborted) return;
      first = now;
      if (cleanupMs < Infinity) setTimeout(end, cleanupMs);
      controller.abort(new Interrupted(name));
    });
  }
  return controller.signal;
}

/** The signals of a server: SIGHUP can have another meaning. `exit` is that of `EndingOptions`. */
export function serverSignals(
  { exit = runtime().exit }: Pick<EndingOptions, "exit"> = {},
): Required<Pick<System, "signal" | "onHangup">> {
  let handler: (() => void) | null = null;
  const onHangup = () => {
    handler?.();
    return handler !== null;
  };
  return { signal: endingSignal({ onHangup, exit }), onHangup: (next) => void (handler = next) };
}

/** Windows has no SIGTERM. */
function signalsOf(platform: string): EndingSignal[] {
  const names = Object.keys(ENDING_SIGNALS) as EndingSignal[];
  return /^win/.test(platform) ? ["SIGINT"] : names;
}

function runtime(): ProcessSignals {
  const host = globalThis as { readonly Deno?: DenoSignals };
  const { Deno } = host;
  if (Deno === undefined) return nodeSignals();
  return {
    platform: Deno.build.os,
    on: (name, listener) => Deno.addSignalListener(name, listener),
    exit: (code) => Deno.exit(code),
  };
}

function nodeSignals(): ProcessSignals {
  const { process } = globalThis as unknown as { readonly process: ProcessSignals };
  return {
    platform: process.platform,
    on: (name, listener) => process.on(name, listener),
    exit: (code) => process.exit(code),
  };
}
