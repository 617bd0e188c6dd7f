/** Shell completion, generated from the command table. */
import { type Command, command, type CommandDefinition, type Flag, type Flags } from "./command.ts";
import { takesValue } from "./names.ts";
import { OWN_COMMANDS } from "./parse.ts";
import { printText } from "../output/records.ts";
import { PROGRAM } from "../system/system.ts";

interface CompletionTable {
  readonly commands: readonly Command[];
  readonly globalFlags: Flags;
}

const SCRIPTS: Readonly<Record<string, (table: CompletionTable) => string>> = {
  bash: bashScript,
  // bashcompinit runs bash completion scripts in Z shell.
  zsh: (table) => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(table)}`,
  fish: fishScript,
};

/** Commands that `bash-completion` does not list, as in glanceclient. */
const COMPLETION_COMMANDS = ["bash-completion", "completion"];

/** The commands `completion` and `bash-completion`; `load` loads all commands, these two included. */
export function completionCommands(
  load: () => Promise<readonly Command[]>,
  globalFlags: Flags,
): Readonly<Record<"bash-completion" | "completion", CommandDefinition>> {
  return {
    "bash-completion": command({
      run: async (invocation) => await printText(invocation, allWords(await load()).join(" ")),
    }),
    "completion": command({
      details:
        'Load it when the shell starts: eval "$(glance-edge completion bash)", or glance-edge completion fish | source.',
      positionals: [{
        name: "<SHELL>",
        summary: "Shell: bash, zsh or fish",
        choices: Object.keys(SCRIPTS),
      }],
      // The parser has checked `choices`.
      run: async (invocation, shell) =>
        await printText(
          invocation,
          SCRIPTS[shell]?.({ commands: await load(), globalFlags }) ?? "",
        ),
    }),
  };
}

/** Commands and flags in alphabetical order, as glanceclient prints them. */
function allWords(commands: readonly Command[]): string[] {
  const listed = commands.filter(({ name }) => !COMPLETION_COMMANDS.includes(name));
  const words = listed.flatMap(({ name, flags }) => [name, ...wordsOf(flags)]);
  return [...new Set(["-h", "--help", "help", ...words])].sort();
}

/** All names of the flags, with dashes. */
function wordsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, { aliases = [], short }]) => [
    ...[name, ...aliases].map((one) => `--${one}`),
    ...short === undefined ? [] : [`-${short}`],
  ]);
}

/** Global flags and the flags of all commands. */
function allFlags({ commands, globalFlags }: CompletionTable): [name: string, flag: Flag][] {
  return [globalFlags, ...commands.map(({ flags }) => flags)].flatMap((flags) =>
    Object.entries(flags).flatMap(([name, flag]) =>
      [name, ...flag.aliases ?? []].map((one): [string, Flag] => [one, flag])
    )
  );
}

/** A case pattern that matches each flag that takes a value, in any command. */
function valuePatterns(table: CompletionTable): string {
  const flags = allFlags(table);
  const bare = new Set(flags.filter(([, flag]) => !takesValue(flag)).map(([name]) => name));
  const names = new Set(flags.map(([name]) => name).filter((name) => !bare.has(name)));
  return [...names].map((name) => `*' --${name}'`).join("|");
}

/** Cases for the flags of a command that have `choices`. */
function choiceCases({ name, flags }: Command): string[] {
  return Object.entries(flags).flatMap(([flag, row]) =>
    "choices" in row && row.choices !== undefined
      ? [`    '${name} --${flag}') words="${row.choices.join(" ")}" ;;`]
      : []
  );
}

function bashScript(table: CompletionTable): string {
  const { commands, globalFlags } = table;
  const names = [...OWN_COMMANDS, ...commands.map(({ name }) => name)];
  const global = wordsOf(globalFlags).join(" ");
  const cases = commands.map(({ name, flags, positionals = [] }) => {
    const choices = positionals.flatMap((one) => one.choices ?? []);
    return `    ${name}) words="${[...wordsOf(flags), ...choices].join(" ")}" ;;`;
  });
  return `_glance_edge() {
  local word=\${COMP_WORDS[COMP_CWORD]} command= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join("|")}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
    ''|help) words="${names.join(" ")}" ;;
${cases.join("\n")}
  esac
  [[ $word == -* ]] && words="$words ${global}"
  case "$command \${COMP_WORDS[COMP_CWORD - 1]}" in
${commands.flatMap(choiceCases).join("\n")}
    ${valuePatterns(table)}) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _glance_edge ${PROGRAM}`;
}

function fishScript({ commands, globalFlags }: CompletionTable): string {
  const flagLines = (condition: string, flags: Flags) =>
    Object.entries(flags).map(([name, flag]) => {
      const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
      const choices = "choices" in flag ? flag.choices ?? [] : [];
      const value = choices.length > 0
        ? ` -x -a '${choices.join(" ")}'`
        : takesValue(flag)
        ? " -r"
        : "";
      const names = [name, ...flag.aliases ?? []].map((one) => ` -l ${one}`).join("");
      return `complete -c ${PROGRAM}${condition}${names}${short}${value} -d ${
        quoted(flag.summary)
      }`;
    });
  return [
    ...flagLines("", globalFlags),
    ...commands.flatMap(({ name, summary, flags, positionals = [] }) => {
      const seen = ` -n '__fish_seen_subcommand_from ${name}'`;
      const choices = positionals.flatMap((one) => one.choices ?? []);
      return [
        `complete -c ${PROGRAM} -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
        ...choices.length === 0
          ? []
          : [`complete -c ${PROGRAM}${seen} -f -a '${choices.join(" ")}'`],
        ...flagLines(seen, flags),
      ];
    }),
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
