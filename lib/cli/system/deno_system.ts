/** The `System` of this process, through Deno. */
import { denoFiles } from "./deno_files.ts";
import { EXIT } from "./errors.ts";
import { fileState } from "./fs_errors.ts";
import { hasInput } from "./standard_input.ts";
import { type Input, type Output, PROGRAM, type System } from "./system.ts";

/** Bytes per read. */
const CHUNK_SIZE = 256 * 1024;

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
 *
 * @returns how the user has started the command line
 */
export function goToCaller(): string {
  const directory = Deno.env.get("GLANCE_CWD");
  if (!directory) return PROGRAM;
  try {
    Deno.chdir(directory);
  } catch (error) {
    const state = error instanceof Deno.errors.NotCapable
      ? "Deno has no access below /dev, /proc and /sys without all permissions; run the command in another directory"
      : fileState(error);
    console.error(`Cannot run in the directory "${directory}": ${state}`);
    Deno.exit(EXIT.failure);
  }
  return `npx -y deno@${Deno.version.deno} task glance`;
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
    get kind() {
      return Deno.stdin.isTerminal() ? "terminal" : hasInput() ? "data" : "nothing";
    },
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
