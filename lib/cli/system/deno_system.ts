/**
 * The real world, by Deno.
 *
 * @module
 */
import { fstatSync } from "node:fs";
import { denoFiles } from "./deno_files.ts";
import { ENDING_SIGNALS, type EndingSignal, Interrupted } from "./errors.ts";
import type { Input, Output, System } from "./system.ts";

/** Bytes that are read at once. */
const CHUNK_SIZE = 256 * 1024;

/**
 * Milliseconds in which signals are one: a Ctrl-C comes from the terminal and once more from each of npx
 * and `deno task`, which pass on theirs.
 */
const ECHO = 1000;

/**
 * The world of this process, as Deno gives it.
 *
 * @param signal ends a command, with an `Interrupted` as its reason.
 *
 * @example
 * ```ts
 * import { denoWorld, runGlance } from "@glance-edge/glance/cli";
 *
 * const world = denoWorld(new AbortController().signal);
 * const code = await runGlance(["help", "image-list"], world);
 * console.assert(code === 0);
 * ```
 */
export function denoWorld(signal: AbortSignal): System {
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
 * Goes where the user is: `deno task` starts in the folder of deno.json, and paths are not meant from
 * there. The task says where, in `GLANCE_CWD`.
 */
export function goToCaller(): void {
  const directory = Deno.env.get("GLANCE_CWD");
  if (directory) Deno.chdir(directory);
}

/**
 * Aborted by the first Ctrl-C, SIGTERM or SIGHUP, so that what is half-written can be removed; the
 * second one, a second or more later, ends the process at once.
 *
 * @param patienceMs milliseconds after which the process ends without a second one: a read of a pipe
 * that gives nothing cannot be stopped
 */
export function endingSignal(patienceMs: number = Infinity): AbortSignal {
  const controller = new AbortController();
  let first = Infinity;
  for (const name of signalsHere()) {
    const exit = () => Deno.exit(ENDING_SIGNALS[name]);
    Deno.addSignalListener(name, () => {
      const now = performance.now();
      if (now - first >= ECHO) exit();
      if (controller.signal.aborted) return;
      first = now;
      if (patienceMs < Infinity) setTimeout(exit, patienceMs);
      controller.abort(new Interrupted(name));
    });
  }
  return controller.signal;
}

/** Windows knows no SIGTERM. */
function signalsHere(): EndingSignal[] {
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

/** Null where the terminal cannot be asked, or does not know. */
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

/** `/dev/null` is what cron and Deno itself put where standard input is closed. */
function hasInput(): boolean {
  try {
    const facts = fstatSync(0);
    return !facts.isCharacterDevice() && !facts.isDirectory();
  } catch {
    return false;
  }
}
