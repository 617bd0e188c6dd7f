/**
 * Runs a command from arguments to exit code. It never throws: each failure becomes one line on standard
 * error.
 */
import type { Connection } from "../connect.ts";
import type { GlanceEvent } from "../events.ts";
import { abortable } from "../http/deadline.ts";
import {
  type CloudValues,
  connectByFlags,
  connectToTarget,
} from "./commands/shared/cloud_flags.ts";
import { askAt } from "./commands/shared/find_image.ts";
import { causesOf, EXIT, exitCodeOf, Interrupted, sentenceOf } from "./system/errors.ts";
import type { Invocation, Value, Values } from "./args/command.ts";
import { commandHelp, programHelp } from "./args/help.ts";
import { Messages } from "./system/console.ts";
import { OutputClosed, printText } from "./output/records.ts";
import { type CommandLine, readCommandLine } from "./args/parse.ts";
import { COMMANDS, GLOBAL_FLAGS } from "./command_table.ts";
import { VERSION } from "./version.ts";
import type { System } from "./system/system.ts";

/**
 * Runs `glance` with the given arguments.
 *
 * @returns the exit code: 0 success, 1 failure, 2 usage error, 129, 130 or 143 ended by a signal, 141 standard
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
  const { program = "glance" } = system;
  const messages = new Messages(system.stderr, program);
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

async function runCommand(
  { command, positionals, values }: Extract<CommandLine, { readonly kind: "run" }>,
  system: System,
  messages: Messages,
): Promise<void> {
  system.signal.throwIfAborted();
  const connections: Promise<Connection>[] = [];
  let own: Promise<Connection> | null = null;
  const onEvent = listener(values["debug"] === true, messages);
  const signIn = (how: () => Promise<Connection>) => {
    const connection = abortable(how(), system.signal, (late) => late[Symbol.dispose]());
    connections.push(connection);
    return connection;
  };
  const connect = () => own ??= signIn(() => connectByFlags(cloudValues(values), system, onEvent));
  const invocation: Invocation = {
    values,
    positionals,
    json: values["json"] === true,
    verbose: values["verbose"] === true,
    system,
    messages,
    connect,
    ask: async (method, ...args) => await askAt(await connect(), system.signal, method, ...args),
    connectTo: (target) =>
      signIn(() => connectToTarget(target, cloudValues(values), system, onEvent)),
  };
  try {
    await command.run(invocation, ...positionals);
  } finally {
    // The command has already thrown the error of a failed sign-in.
    for (const connection of connections) {
      await connection.then((one) => one[Symbol.dispose](), () => {});
    }
  }
}

/** The values come from a table that contains the global flags. */
function cloudValues(values: Readonly<Record<string, Value>>): CloudValues {
  return values as Values<typeof GLOBAL_FLAGS>;
}

/**
 * Events that are printed without --debug, too: an ignored setting is probably a mistake, as is unexpected data; a
 * command that waits says for what, and one that is interrupted prints nothing more, so it names the image before.
 */
const ALWAYS_SHOWN: ReadonlySet<GlanceEvent["kind"]> = new Set([
  "ignored",
  "inspected",
  "outage",
  "storing",
]);

function listener(isDebug: boolean, messages: Messages): (event: GlanceEvent) => void {
  return (event) => {
    if (isDebug || ALWAYS_SHOWN.has(event.kind)) messages.line(eventText(event));
  };
}

/** Formats an event, for example `retry: attempt 1 at http://a:9292 failed, next in 0 ms: Cannot …`. */
function eventText(event: GlanceEvent): string {
  if (event.kind === "ignored") return event.message;
  if (event.kind === "inspected") return event.warning;
  if (event.kind === "renew") return `renew: the token is ${event.reason}`;
  if (event.kind === "storing") {
    return `Glance has received the data of image ${event.imageId} and is storing it; interrupting this command does not delete the image`;
  }
  if (event.kind === "probe") return `probe: ${event.server} is asked again after its cool-down`;
  if (event.kind === "hedge") {
    return `hedge: ${event.server} sent no headers for ${event.delay} ms, so ${event.to} is asked, too`;
  }
  const cause = sentenceOf(event.cause);
  if (event.kind === "outage") {
    return `Waiting up to ${Math.ceil(event.left / 1000)} s for a server: ${cause}`;
  }
  if (event.kind === "retry") {
    return `retry: attempt ${event.attempt} at ${event.server} failed, next in ${event.delay} ms: ${cause}`;
  }
  return event.kind === "cooldown"
    ? `cooldown: ${event.server} is skipped for ${event.delay} ms: ${cause}`
    : `${event.kind}: image ${event.imageId} continues at byte ${event.offset} from ${event.server}: ${cause}`;
}

function report(error: unknown, messages: Messages, isDebug: boolean, system: System): number {
  if (error instanceof OutputClosed) return EXIT.closedOutput;
  // Aborted operations can throw other errors than the reason of the abort.
  const failure: unknown = system.signal.aborted ? system.signal.reason : error;
  if (failure instanceof Interrupted) return failure.exitCode;
  messages.line(sentenceOf(failure));
  if (isDebug) causesOf(failure).forEach((line) => messages.line(line));
  return exitCodeOf(failure);
}
