/**
 * A command from its words to its exit code. Nothing is thrown past this: every failure ends as one
 * sentence on standard error.
 *
 * @module
 */
import type { Connection } from "../connect.ts";
import type { GlanceEvent } from "../events.ts";
import {
  type CloudValues,
  connectByFlags,
  connectToTarget,
} from "./commands/shared/cloud_flags.ts";
import { causesOf, EXIT, exitCodeOf, Interrupted, sentenceOf } from "./system/errors.ts";
import type { Invocation, Value, Values } from "./args/command.ts";
import { commandHelp, programHelp } from "./args/help.ts";
import { Messages } from "./system/console.ts";
import { OutputClosed, printText } from "./output/records.ts";
import { type CommandLine, readCommandLine } from "./args/parse.ts";
import { COMMANDS, GLOBAL_FLAGS } from "./command_table.ts";
import { untilAborted } from "./system/until_aborted.ts";
import { VERSION } from "./version.ts";
import type { System } from "./system/system.ts";

/**
 * Runs `glance` with the given words and gives its exit code: 0 for success, 1 for a failure, 2 for a
 * command line that cannot be understood, 130 after Ctrl-C, 141 where nobody reads the output any more.
 *
 * @example
 * ```ts
 * import { denoWorld, runGlance } from "@glance-edge/glance/cli";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 *
 * const glance = createEmbeddedGlance();
 * const code = await runGlance(["image-list", "--json"], {
 *   ...denoWorld(new AbortController().signal),
 *   environment: { GLANCE_API_SERVERS: "glance.example:9292" },
 *   ports: { fetch: (input, init) => glance.fetch(new Request(input, init)) },
 * });
 * console.assert(code === 0);
 * ```
 */
export async function runGlance(args: readonly string[], system: System): Promise<number> {
  const messages = new Messages(system.stderr);
  let isDebug = args.includes("--debug") || args.includes("-d");
  try {
    const line = readCommandLine(
      args,
      { commands: COMMANDS, globalFlags: GLOBAL_FLAGS },
      system.environment,
    );
    if (line.kind === "run") {
      isDebug = line.values["debug"] === true;
      await runCommand(line, system, messages);
    } else {
      await printText({ system }, textFor(line));
    }
    return EXIT.ok;
  } catch (error) {
    return report(error, messages, isDebug, system);
  } finally {
    await messages.flush();
  }
}

function textFor(line: Exclude<CommandLine, { readonly kind: "run" }>): string {
  if (line.kind === "version") return VERSION;
  return line.command === null ? programHelp(COMMANDS, GLOBAL_FLAGS) : commandHelp(line.command);
}

async function runCommand(
  { command, positionals, values }: Extract<CommandLine, { readonly kind: "run" }>,
  system: System,
  messages: Messages,
): Promise<void> {
  const made: Promise<Connection>[] = [];
  let own: Promise<Connection> | null = null;
  const onEvent = listener(values["debug"] === true, messages);
  const signIn = (how: () => Promise<Connection>) => {
    const connection = untilAborted(how, system.signal);
    made.push(connection);
    return connection;
  };
  const invocation: Invocation = {
    values,
    positionals,
    json: values["json"] === true,
    verbose: values["verbose"] === true,
    system,
    messages,
    connect: () => own ??= signIn(() => connectByFlags(cloudValues(values), system, onEvent)),
    connectTo: (target) =>
      signIn(() => connectToTarget(target, cloudValues(values), system, onEvent)),
  };
  try {
    await command.run(invocation);
  } finally {
    // One that could not be had is what the command has failed with.
    for (const connection of made) {
      await connection.then((one) => one[Symbol.dispose](), () => {});
    }
  }
}

/** The global flags are in the table that the values were read by. */
function cloudValues(values: Readonly<Record<string, Value>>): CloudValues {
  return values as Values<typeof GLOBAL_FLAGS>;
}

function listener(isDebug: boolean, messages: Messages): (event: GlanceEvent) => void {
  return (event) => {
    // What is printed without --debug: an interrupted command says nothing more, so the image has to be
    // named before; and a setting that is ignored means something else than the user thinks.
    const isForAll = event.kind === "storing" || event.kind === "ignored";
    if (isDebug || isForAll) messages.line(eventText(event));
  };
}

/** An event on one line: `retry: after attempt 1 at http://a:9292, in 0 ms: Cannot …`. */
function eventText(event: GlanceEvent): string {
  if (event.kind === "ignored") return event.message;
  if (event.kind === "renew") return `renew: the token, since it is ${event.reason}`;
  if (event.kind === "storing") {
    return `Glance has the data of image ${event.imageId} and is still storing it; the image stays if this command is interrupted`;
  }
  const cause = sentenceOf(event.cause);
  if (event.kind === "retry") {
    return `retry: after attempt ${event.attempt} at ${event.server}, in ${
      Math.round(event.delay)
    } ms: ${cause}`;
  }
  return event.kind === "cooldown"
    ? `cooldown: ${event.server} is passed over for ${Math.round(event.delay)} ms: ${cause}`
    : `resume: image ${event.imageId} at byte ${event.offset} from ${event.server}: ${cause}`;
}

function report(error: unknown, messages: Messages, isDebug: boolean, system: System): number {
  if (error instanceof OutputClosed) return EXIT.closedOutput;
  // What an abort breaks on its way may speak of something else.
  const ended: unknown = system.signal.aborted ? system.signal.reason : error;
  if (ended instanceof Interrupted) return ended.exitCode;
  messages.line(sentenceOf(ended));
  if (isDebug) causesOf(ended).forEach((line) => messages.line(line));
  return exitCodeOf(ended);
}
