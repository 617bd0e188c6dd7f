/** The `System` of this process, through Deno. */
import { fstatSync } from "node:fs";
import { denoFiles } from "./deno_files.ts";
import { ENDING_SIGNALS, type EndingSignal, EXIT, Interrupted } from "./errors.ts";
import { fileState } from "./fs_errors.ts";
import type { Input, Output, System } from "./system.ts";

/** Bytes per read. */
const CHUNK_SIZE = 256 * 1024;

/**
 * Milliseconds in which repeated signals count as one: npx and `deno task` forward the Ctrl-C that the terminal
 * also sends to this process.
 */
const REPEAT_MS = 1000;

/**
 * Returns the `System` of this process.
 *
 * @param signal aborts the command; its reason is an `Interrupted`
 *
 * @example
 * ```ts
 * import { denoSystem, runGlance } from "@glance-edge/glance/cli";
 *
 * const system = denoSystem(new AbortController().signal);
 * const code = await runGlance(["help", "image-list"], system);
 * console.assert(code === 0);
 * ```
 */
export function denoSystem(signal: AbortSignal): System {
  return {
    stdin: standardInput(),
    stdout: outputOf(Deno.stdout),
    stderr: outputOf(Deno.stderr),
    environment: Deno.env.toObject(),
    files: denoFiles,
    signal,
    now: () => performance.now(),
  };
}

/**
 * Changes to the directory of the user, which the tasks pass in `GLANCE_CWD`: `deno task` starts in the directory
 * of deno.json.
 */
export function goToCaller(): void {
  const directory = Deno.env.get("GLANCE_CWD");
  if (!directory) return;
  try {
    Deno.chdir(directory);
  } catch (error) {
    const state = error instanceof Deno.errors.NotCapable
      ? "Deno has no access below /dev, /proc and /sys without all permissions; run the command in another directory"
      : fileState(error);
    console.error(`Cannot run in the directory "${directory}": ${state}`);
    Deno.exit(EXIT.failure);
  }
}

/**
 * Returns a signal that is aborted by the first SIGINT (Ctrl-C), SIGTERM or SIGHUP, so that the command can clean
 * up. A second one, at least a second later, ends the process at once.
 *
 * @param cleanupMs milliseconds after which the process ends by itself: a read of a silent pipe cannot be
 * aborted (default: no limit)
 */
export function endingSignal(cleanupMs: number = Infinity): AbortSignal {
  const controller = new AbortController();
  let first = Infinity;
  for (const name of supportedSignals()) {
    const exit = () => Deno.exit(ENDING_SIGNALS[name]);
    Deno.addSignalListener(name, () => {
      const now = performance.now();
      if (now - first >= REPEAT_MS) exit();
      if (controller.signal.aborted) return;
      first = now;
      if (cleanupMs < Infinity) setTimeout(exit, cleanupMs);
      controller.abort(new Interrupted(name));
    });
  }
  return controller.signal;
}

/** Windows has no SIGTERM. */
function supportedSignals(): EndingSignal[] {
  const names = Object.keys(ENDING_SIGNALS) as EndingSignal[];
  return Deno.build.os === "windows" ? ["SIGINT"] : names;
}

function outputOf(stream: typeof Deno.stdout | typeof Deno.stderr): Output {
  const isTerminal = stream.isTerminal();
  return {
    isTerminal,
    get columns() {
      return isTerminal ? columnsOfTerminal() : null;
    },
    async write(bytes) {
      for (let rest = bytes; rest.byteLength > 0;) {
        rest = rest.subarray(await stream.write(rest));
      }
    },
  };
}

/** Width of the terminal; null if unknown. */
function columnsOfTerminal(): number | null {
  try {
    return Deno.consoleSize().columns || null;
  } catch {
    return null;
  }
}

function standardInput(): Input {
  return {
    kind: Deno.stdin.isTerminal() ? "terminal" : hasInput() ? "data" : "nothing",
    open: () =>
      new ReadableStream({
        async pull(controller) {
          const chunk = new Uint8Array(CHUNK_SIZE);
          const count = await Deno.stdin.read(chunk);
          if (count === null) controller.close();
          else controller.enqueue(chunk.subarray(0, count));
        },
      }, { highWaterMark: 0 }),
  };
}

/** cron and Deno connect a closed standard input to `/dev/null`. */
function hasInput(): boolean {
  try {
    const facts = fstatSync(0);
    return !facts.isCharacterDevice() && !facts.isDirectory();
  } catch {
    return false;
  }
}
