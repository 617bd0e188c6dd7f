/**
 * Help texts, from the argument table. Pure.
 *
 * @module
 */
import type { Command, Flag, Flags } from "./command.ts";
import { wrap } from "../output/table.ts";

/** Characters in a line of help. */
const WIDTH = 80;

/** Characters before the summaries. */
const INDENT = 26;

/** How a stranger tells it about a cloud. */
const CLOUD_HELP = `Which cloud:
  OS_CLOUD=<name>           a cloud of clouds.yaml
  OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, ...
                            a Keystone and who signs in
  GLANCE_API_SERVERS=http://127.0.0.1:9292
                            a Glance without Keystone
  "deno task start" starts one on this machine to try things out.`;

const EXIT_HELP = `Exit codes:
  0                         done
  1                         failed; the reason is one sentence on standard error
  2                         the command line cannot be understood
  129, 130, 143             ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM
  141                       nobody reads standard output any more (| head)`;

/** The help of the whole program. */
export function programHelp(commands: readonly Command[], globalFlags: Flags): string {
  const rows = Object.entries(globalFlags);
  const cloudFlags = rows.filter(([, { stands }]) => stands !== undefined);
  const otherFlags = rows.filter(([, { stands }]) => stands === undefined);
  return [
    "usage: glance [flags] <command> [arguments]",
    "",
    "Images of an OpenStack cloud: list, show, upload and download them.",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => entry(name, summary)),
    entry("help", 'Show this, or the help of a command: "glance help image-create"'),
    "",
    "Flags of every command:",
    ...flagEntries(Object.fromEntries(otherFlags)),
    "",
    CLOUD_HELP,
    "",
    "Flags that go before these variables:",
    ...flagEntries(Object.fromEntries(cloudFlags)),
    "",
    EXIT_HELP,
  ].join("\n");
}

/** The help of a program that has flags only. */
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

/** The help of a command. */
export function commandHelp(command: Command): string {
  const { name, summary, details, positionals = [], flags } = command;
  const words = [
    ...Object.keys(flags).length > 0 ? ["[flags]"] : [],
    ...positionals.map((one) => one.many ? `${one.name} [${one.name} ...]` : one.name),
  ];
  return [
    ["usage: glance", name, ...words].join(" "),
    "",
    ...wrap(`${summary}.${details === undefined ? "" : ` ${details}`}`, WIDTH),
    ...section("Arguments:", positionals.map((one) => entry(one.name, one.summary))),
    ...section("Flags:", flagEntries(flags)),
    "",
    'See "glance help" for the flags of every command.',
  ].join("\n");
}

function section(heading: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : ["", heading, ...entries];
}

function flagEntries(flags: Flags): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    const variable = flag.environment ?? flag.stands;
    const isNamed = variable === undefined || flag.summary.includes(variable);
    const required = "required" in flag ? "; required" : "";
    return entry(spelling(name, flag), flag.summary + required + (isNamed ? "" : ` [${variable}]`));
  });
}

/** A flag as it is written: `-d, --debug`, `--file <FILE>`, `--hidden [True|False]`. */
function spelling(name: string, flag: Flag): string {
  const names = `${flag.short === undefined ? "" : `-${flag.short}, `}--${name}`;
  if (flag.kind === "switch") return names;
  if (flag.kind === "truth") return `${names} [True|False]`;
  // The variable says what the value is; twice would be once too many.
  const value = flag.stands === undefined ? flag.value : "<…>";
  return `${names} ${value}${flag.kind === "list" && flag.many ? " ..." : ""}`;
}

/** A term and its summary; a long term has a line of its own. */
function entry(term: string, summary: string): string {
  const lines = wrap(summary, WIDTH - INDENT - 2);
  const head = `  ${term}`;
  const pad = " ".repeat(INDENT + 2);
  const first = head.length <= INDENT ? head.padEnd(INDENT + 2) + lines.shift() : head;
  return [first, ...lines.map((line) => pad + line)].join("\n");
}
