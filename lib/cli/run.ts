/**
 * Runs a command from arguments to exit code. It never throws: each failure becomes one line on standard
 * error.
 */
import { GLOBAL_FLAGS } from "./args/global_flags.ts";
import { commandHelp, programHelp } from "./args/help.ts";
import { type CommandLine, readCommandLine } from "./args/parse.ts";
import { COMMANDS } from "./command_table.ts";
import { OutputClosed, printText } from "./output/records.ts";
import { Messages } from "./system/console.ts";
import { ImageUploadFailed } from "../errors.ts";
import {
  causesOf,
  CommandFailed,
  EXIT,
  exitCodeOf,
  Interrupted,
  sentenceOf,
} from "./system/errors.ts";
import { PROGRAM, type System } from "./system/system.ts";
import { VERSION } from "../router/version.ts";

/**
 * Runs `glance-edge` with the given arguments.
 *
 * @returns the exit code: 0 success, 1 failure, 2 usage error, 129, 130, or 143 ended by a signal, 141 standard
 * output was closed by its reader
 *
 * @example
 * ```ts
 * import { denoSystem, runGlance } from "@glance-edge/glance/cli";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 *
 * const glance = createEmbeddedGlance();
 * const code = await runGlance(["image-list", "--json"], {
 *   ...denoSystem(new AbortController().signal),
 *   environment: { GLANCE_API_SERVERS: "glance.example:9292" },
 *   ports: { fetch: (input, init) => glance.fetch(new Request(input, init)) },
 * });
 * console.assert(code === 0);
 * ```
 */
export async function runGlance(args: readonly string[], system: System): Promise<number> {
  const { program = PROGRAM } = system;
  const canErase = system.stderr.isTerminal && system.environment["TERM"] !== "dumb";
  const messages = new Messages(system.stderr, program, canErase);
  let isDebug = args.includes("--debug") || args.includes("-d");
  try {
    const line = await readCommandLine(
      args,
      { commands: COMMANDS, globalFlags: GLOBAL_FLAGS },
      system.environment,
    );
    if (line.kind === "run") {
      isDebug = line.values["debug"] === true;
      const { runCommand } = await import("./run_command.ts");
      await runCommand(line, system, messages);
    } else {
      await printText({ system }, textFor(line, program));
    }
    return EXIT.ok;
  } catch (error) {
    return report(error, messages, isDebug, system);
  } finally {
    await messages.flush();
  }
}

function textFor(line: Exclude<CommandLine, { readonly kind: "run" }>, program: string): string {
  if (line.kind === "version") return VERSION;
  return line.command === null
    ? programHelp(COMMANDS, GLOBAL_FLAGS, program)
    : commandHelp(line.command, program);
}

function report(error: unknown, messages: Messages, isDebug: boolean, system: System): number {
  if (error instanceof OutputClosed) return EXIT.closedOutput;
  // Aborted operations can throw other errors than the reason of the abort.
  const failure: unknown = system.signal.aborted ? system.signal.reason : error;
  if (failure instanceof Interrupted) {
    if (namesRemains(error)) messages.line(sentenceOf(error));
    return failure.exitCode;
  }
  messages.line(sentenceOf(failure));
  if (isDebug) causesOf(failure).forEach((line) => messages.line(line));
  return exitCodeOf(failure);
}

/** Whether an error names what is left after an interruption: an image that could not be deleted, or staged data. */
function namesRemains(error: unknown): boolean {
  return error instanceof ImageUploadFailed || error instanceof CommandFailed;
}
