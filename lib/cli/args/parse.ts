/**
 * Parses a command line into a command, which is loaded, and the values of its flags.
 *
 * As in glanceclient, flags can precede or follow the command, be written with `_` for `-`, and be
 * abbreviated to an unambiguous prefix.
 */
import { UsageError } from "../system/errors.ts";
import type { Command, CommandEntry, Flags, Value } from "./command.ts";
import { FlagNames, takesValue } from "./names.ts";
import { checkedChoice, notTruth, type ReadFlags, readFlags, valuesOf } from "./values.ts";
import { nearest } from "./nearest.ts";

export type CommandLine =
  | { readonly kind: "help"; readonly command: Command | null }
  | { readonly kind: "version" }
  | {
    readonly kind: "run";
    readonly command: Command;
    readonly positionals: readonly string[];
    readonly values: Readonly<Record<string, Value>>;
  };

export interface Table {
  readonly commands: readonly CommandEntry[];
  /** Flags of every command, among them `help` and `version`. */
  readonly globalFlags: Flags;
}

/** Commands that are not in the table. */
export const OWN_COMMANDS: readonly string[] = ["help", "version"];

const HELP_HINT = 'see "glance-edge help" and "glance-edge help COMMAND"';

/**
 * Parses a command line, and loads its command.
 *
 * @param environment has the values of flags that are not given
 * @throws {UsageError} if something is unknown, missing, extra, or invalid.
 */
export async function readCommandLine(
  args: readonly string[],
  table: Table,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<CommandLine> {
  const position = commandPosition(args, table.globalFlags);
  const name = args[position];
  const flags = { ...table.globalFlags };
  if (name === undefined) return withoutCommand(readFlags(args, flags, HELP_HINT));
  const rest = args.toSpliced(position, 1);
  if (OWN_COMMANDS.includes(name)) {
    const { positionals } = readFlags(rest, flags, HELP_HINT);
    return name === "version" ? { kind: "version" } : await helpFor(positionals, table);
  }
  const command = await findCommand(name, table, args.slice(position, position + MAX_WORDS)).load();
  const read = readFlags(rest, { ...flags, ...command.flags }, HELP_HINT);
  const { given } = read;
  if (given.has("help")) return { kind: "help", command };
  if (given.has("version")) return { kind: "version" };
  const values = valuesOf(command.flags, given, environment);
  checkRequired(command, values);
  return {
    kind: "run",
    command,
    positionals: checkedPositionals(command, read),
    values: { ...valuesOf(flags, given, environment), ...values },
  };
}

function checkRequired({ name, flags }: Command, values: Readonly<Record<string, Value>>): void {
  const missing = Object.entries(flags).find(([flag, row]) =>
    "required" in row && String(values[flag] ?? "") === ""
  );
  if (missing === undefined) return;
  throw new UsageError(`Cannot run "${name}": --${missing[0]} is missing; add it`);
}

/**
 * Parses a command line without a command. Returns the texts of its flags.
 *
 * @param helpHint where to find help, for messages
 * @throws {UsageError} if something is unknown, missing, extra, or invalid.
 */
export function readFlagsOnly(
  args: readonly string[],
  flags: Flags,
  helpHint: string,
): ReadFlags["given"] {
  const { given, positionals } = readFlags(args, flags, helpHint);
  const [extra] = positionals;
  if (extra !== undefined) {
    throw new UsageError(`Cannot use "${extra}": only flags are allowed; ${helpHint}`);
  }
  return given;
}

/** The index of the command: the first word that is neither a global flag nor the value of one. */
function commandPosition(args: readonly string[], flags: Flags): number {
  const names = new FlagNames(flags, HELP_HINT);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("-") || arg === "-") return i;
    if (arg === "--") return i + 1;
    if (!arg.includes("=") && isNextItsValue(arg, names)) i++;
  }
  return args.length;
}

/** Whether the word after a flag is its value: after `--limit` and `-f`, not after `-fjson`. */
function isNextItsValue(flag: string, names: FlagNames): boolean {
  if (!flag.startsWith("--") && flag.length > 2) return false;
  return takesValue(names.flag(flag));
}

function withoutCommand({ given }: ReadFlags): CommandLine {
  if (given.has("version")) return { kind: "version" };
  if (given.has("help") || given.size === 0) return { kind: "help", command: null };
  throw new UsageError('Cannot run a command: none is given; see "glance-edge help"');
}

async function helpFor([name = "help"]: readonly string[], table: Table): Promise<CommandLine> {
  return {
    kind: "help",
    command: OWN_COMMANDS.includes(name) ? null : await findCommand(name, table).load(),
  };
}

/** Most words in a command of `openstack`: `image member list`. */
const MAX_WORDS = 3;

/** Commands that `openstack` and `glance` name differently. */
const OPENSTACK_COMMANDS: Readonly<Record<string, string>> = {
  "image-set": "image-update",
  "image-unset": "image-update",
  "image-save": "image-download",
  "image-add-project": "member-create",
  "image-remove-project": "member-delete",
  "image-member-list": "member-list",
  "image-metadef-namespace": "md-namespace-list",
};

function findCommand(name: string, table: Table, words: readonly string[] = [name]): CommandEntry {
  const { commands } = table;
  const command = commands.find((row) => row.name === name.replaceAll("_", "-"));
  if (command !== undefined) return command;
  for (let count = words.length; count > 0; count--) {
    const joined = words.slice(0, count).join("-").replaceAll("_", "-");
    const meant = commands.find((row) => row.name === (OPENSTACK_COMMANDS[joined] ?? joined));
    if (meant === undefined) continue;
    const given = words.slice(0, count).join(" ");
    throw new UsageError(`Cannot run "${given}": unknown command; did you mean "${meant.name}"?`);
  }
  throw new UsageError(`Cannot run "${name}": ${causeAndHint(name, commands)}`);
}

/** Most commands that an error lists. */
const MAX_LISTED = 8;

/** The cause and hint for an unknown command: the commands that start with `name`, else the most similar one. */
function causeAndHint(name: string, commands: Table["commands"]): string {
  const names = commands.map((row) => row.name);
  const longer = names.filter((one) => one.startsWith(name.replaceAll("_", "-")));
  if (longer.length > MAX_LISTED) {
    return `it is ambiguous, because ${longer.length} commands begin with it; write more letters, or see "glance-edge help"`;
  }
  if (longer.length > 1) {
    return `it is ambiguous between "${longer.join('", "')}"; write more letters`;
  }
  const near = longer[0] ?? nearest(name, names);
  return `unknown command; ${near === null ? 'see "glance-edge help"' : `did you mean "${near}"?`}`;
}

function checkedPositionals(
  command: Command,
  { positionals: given, afterTruth }: ReadFlags,
): readonly string[] {
  const expected = command.positionals ?? [];
  const missing = expected[given.length];
  if (missing !== undefined) {
    throw new UsageError(
      `Cannot run "${command.name}": ${missing.name} is missing; see "glance-edge help ${command.name}"`,
    );
  }
  const extra = given[expected.length];
  if (extra !== undefined && expected.at(-1)?.many !== true) {
    if (afterTruth !== null) throw notTruth(`"${afterTruth}"`);
    throw new UsageError(
      `Cannot run "${command.name}": unexpected argument "${extra}"; quote values with spaces, or see "glance-edge help ${command.name}"`,
    );
  }
  if (given.includes("")) {
    throw new UsageError(
      `Cannot run "${command.name}": an argument is empty; check the shell variable`,
    );
  }
  expected.forEach((positional, i) => {
    const word = given[i] ?? "";
    checkedChoice(`"${word}" for ${positional.name}`, positional, word);
  });
  return given;
}
