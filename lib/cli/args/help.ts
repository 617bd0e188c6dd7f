/** Help texts, generated from the command table. Pure. */
import type { Command, CommandEntry, Flag, Flags } from "./command.ts";
import { wrap } from "../output/table.ts";
import { asStarted } from "./wording.ts";

/** Characters in a line of help. */
const WIDTH = 80;

/** Characters before the summaries. */
const INDENT = 26;

const CLOUD_HELP = `Choose a cloud with environment variables:
  OS_CLOUD=<name>           A cloud in clouds.yaml
  OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, ...
                            Keystone and the credentials to sign in with
  GLANCE_API_SERVERS=http://127.0.0.1:9292
                            A Glance without Keystone
  To try things out, start a local server with "glance-edge start".`;

const EXIT_HELP = `Exit codes:
  0                         Success
  1                         Failure; standard error has the reason in one line
  2                         Usage error
  129, 130, 143             Ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM
  141                       Standard output was closed by its reader (| head)`;

export function programHelp(
  commands: readonly CommandEntry[],
  globalFlags: Flags,
  program: string,
): string {
  const rows = Object.entries(globalFlags);
  const cloudFlags = rows.filter(([, { overrides }]) => overrides !== undefined);
  const otherFlags = rows.filter(([, { overrides }]) => overrides === undefined);
  return [
    `usage: ${program} [flags] <command> [arguments]`,
    "",
    "Manage the images of an OpenStack cloud.",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => entry(name, summary)),
    entry("help", `Show this help, or that of a command: "${program} help image-create"`),
    entry("version", "Show the version"),
    "",
    "Global flags:",
    ...flagEntries(Object.fromEntries(otherFlags)),
    "",
    asStarted(CLOUD_HELP, program),
    "",
    "Flags that override environment variables:",
    ...flagEntries(Object.fromEntries(cloudFlags)),
    "",
    EXIT_HELP,
  ].join("\n");
}

/** The help text of a program without commands. */
export function flagsHelp(usage: string, summary: string, flags: Flags): string {
  const text = [
    `usage: ${usage}`,
    "",
    ...wrap(summary, WIDTH),
    "",
    "Flags:",
    ...flagEntries(flags),
  ];
  return text.join("\n");
}

export function commandHelp(command: Command, program: string): string {
  const { name, summary, details, positionals = [], flags } = command;
  const words = [
    ...Object.keys(flags).length > 0 ? ["[flags]"] : [],
    ...positionals.map((one) => one.many ? `${one.name} [${one.name} ...]` : one.name),
  ];
  return [
    ...wrap([`usage: ${program}`, name, ...words].join(" "), WIDTH),
    "",
    ...wrap(
      details === undefined ? `${summary}.` : `${summary}. ${asStarted(details, program)}`,
      WIDTH,
    ),
    ...section("Arguments:", positionals.map((one) => entry(one.name, one.summary))),
    ...section("Flags:", flagEntries(flags)),
    "",
    `See "${program} help" for the global flags.`,
  ].join("\n");
}

function section(heading: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : ["", heading, ...entries];
}

function flagEntries(flags: Flags): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    const variable = flag.environment ?? flag.overrides;
    const isNamed = variable === undefined || flag.summary.includes(variable);
    const required = "required" in flag ? "; required" : "";
    const aliases = (flag.aliases ?? []).map((alias) => `; also --${alias}`).join("");
    const source = isNamed ? "" : ` [${variable}]`;
    return entry(spelling(name, flag), flag.summary + required + aliases + source);
  });
}

/** How a flag is written: `-d, --debug`, `--file <FILE>`, `--hidden [True|False]`. */
function spelling(name: string, flag: Flag): string {
  const names = `${flag.short === undefined ? "" : `-${flag.short}, `}--${name}`;
  if (flag.kind === "switch") return names;
  if (flag.kind === "truth") return `${names} [True|False]`;
  return `${names} ${flag.value}${flag.kind === "list" && flag.many ? " ..." : ""}`;
}

/** A term and its summary. A long term gets its own line. */
function entry(term: string, summary: string): string {
  const lines = wrap(summary, WIDTH - INDENT - 2);
  const head = `  ${term}`;
  const pad = " ".repeat(INDENT + 2);
  const first = head.length <= INDENT ? head.padEnd(INDENT + 2) + lines.shift() : head;
  return [first, ...lines.map((line) => pad + line)].join("\n");
}
