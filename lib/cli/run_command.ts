/** Runs a parsed command, and prints its events. */
import type { GlanceEvent } from "../events.ts";
import { abortable } from "../http/deadline.ts";
import type { CloudValues } from "./args/cloud_flags.ts";
import type { CloudConnection, Command, Invocation, Value, Values } from "./args/command.ts";
import type { GLOBAL_FLAGS } from "./args/global_flags.ts";
import type { CommandLine } from "./args/parse.ts";
import { connectByFlags, connectToTarget } from "./commands/shared/cloud_connection.ts";
import { callOperation } from "./commands/shared/find_image.ts";
import type { Messages } from "./system/console.ts";
import { chosenColumns, isColumnOf, type OutputChoice } from "./output/formats.ts";
import { sentenceOf, UsageError } from "./system/errors.ts";
import type { System } from "./system/system.ts";

/** Runs a command, and closes its connections. */
export async function runCommand(
  { command, positionals, values }: Extract<CommandLine, { readonly kind: "run" }>,
  given: System,
  messages: Messages,
): Promise<void> {
  const system: System = { ...given, stdout: messages.outputAfter(given.stdout) };
  system.signal.throwIfAborted();
  const connections: Promise<CloudConnection>[] = [];
  let own: Promise<CloudConnection> | null = null;
  const listeners = new Set([printing(values["debug"] === true, messages)]);
  const onEvent = (event: GlanceEvent) => listeners.forEach((listener) => listener(event));
  const signIn = (how: () => Promise<CloudConnection>) => {
    const connection = abortable(how(), system.signal, (late) => late[Symbol.dispose]());
    connections.push(connection);
    return connection;
  };
  const connect = () => own ??= signIn(() => connectByFlags(cloudValues(values), system, onEvent));
  const invocation: Invocation = {
    values,
    positionals,
    json: values["json"] === true,
    output: outputFrom(values),
    verbose: values["verbose"] === true,
    system,
    messages,
    listeners,
    connect,
    call: async (method, ...args) =>
      await callOperation(await connect(), system.signal, method, ...args),
    connectTo: (target) =>
      signIn(() => connectToTarget(target, cloudValues(values), system, onEvent)),
  };
  try {
    const checked = await checkedOutput(command, invocation);
    await command.run({ ...invocation, output: checked }, ...positionals);
  } finally {
    // The command has already thrown the error of a failed sign-in.
    for (const connection of connections) {
      await connection.then((one) => one[Symbol.dispose](), () => {});
    }
  }
}

/**
 * The output format and columns of `--format` and `--column`.
 *
 * @throws {UsageError} if they contradict --json.
 */
function outputFrom(values: Readonly<Record<string, Value>>): OutputChoice {
  const { json, format = "table", column } = values as Values<typeof GLOBAL_FLAGS>;
  if (json && (format !== "table" || column.length > 0)) {
    throw new UsageError(
      "Cannot use --json together with --format or --column: it prints what Glance returned; leave one of them out",
    );
  }
  // The parser has checked the choices.
  return { format: format as OutputChoice["format"], columns: column };
}

/**
 * Checks the columns of a command that changes something before it does.
 *
 * @throws {UsageError} if it cannot print a chosen column.
 */
async function checkedOutput(
  { name, output }: Command,
  invocation: Invocation,
): Promise<OutputChoice> {
  const { columns } = invocation.output;
  if (output === undefined || columns.length === 0) return invocation.output;
  if (output.columns.length === 0) {
    throw new UsageError(`Cannot use --column: "${name}" prints no table; leave it out`);
  }
  const more = output.moreColumns ?? (() => []);
  const isKnown = columns.every((column) => isColumnOf(output.columns, column));
  const further = isKnown ? [] : await more(invocation, ...invocation.positionals);
  const known = [...new Set([...output.columns, ...further])];
  const chosen = chosenColumns(known, columns);
  return { ...invocation.output, expected: chosen.map((i) => known[i] ?? "") };
}

/** The values come from a table that contains the global flags. */
function cloudValues(values: Readonly<Record<string, Value>>): CloudValues {
  return values as Values<typeof GLOBAL_FLAGS>;
}

/**
 * Events that are also printed without --debug: ignored settings and unexpected data, which are probably mistakes; waits;
 * and the image that Glance is storing, since an interrupted command cannot print it later.
 */
const ALWAYS_SHOWN: ReadonlySet<GlanceEvent["kind"]> = new Set([
  "ignored",
  "inspected",
  "outage",
  "storing",
]);

function printing(isDebug: boolean, messages: Messages): (event: GlanceEvent) => void {
  return (event) => {
    if (isDebug || ALWAYS_SHOWN.has(event.kind)) messages.line(eventText(event));
  };
}

/** Formats an event, for example `retry: attempt 1 at http://a:9292 failed, next in 0 ms: Cannot …`. */
function eventText(event: GlanceEvent): string {
  if (event.kind === "ignored") return event.message;
  if (event.kind === "inspected") return event.warning;
  if (event.kind === "renew") {
    const reason = event.reason === "refused" ? "was refused" : "is about to expire";
    return `renew: the token was renewed, because the old one ${reason}`;
  }
  if (event.kind === "storing") {
    return `Glance has received the data of image ${event.imageId}, or is storing it; interrupting this command does not delete the image`;
  }
  if (event.kind === "probe") return `probe: ${event.server} gets a request after its cool-down`;
  if (event.kind === "hedge") {
    return `hedge: ${event.server} sent no headers for ${event.delay} ms, so the request is also sent to ${event.to}`;
  }
  const cause = sentenceOf(event.cause);
  if (event.kind === "cache") return `cache: ${cause}`;
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
