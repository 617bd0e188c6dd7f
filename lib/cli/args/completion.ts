/**
 * What a shell needs to complete a command line, from the argument table.
 *
 * @module
 */
import { type Command, command, type Flag, type Flags } from "./command.ts";
import { takesValue } from "./values.ts";
import { printText } from "../output/records.ts";

/** What there is to complete. */
export interface CompletionTable {
  readonly commands: readonly Command[];
  readonly globalFlags: Flags;
}

/** Shells for which there is a script. */
const SCRIPTS: Readonly<Record<string, (table: CompletionTable) => string>> = {
  bash: bashScript,
  // Z shell understands the script of bash, if it is told to.
  zsh: (table) => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(table)}`,
  fish: fishScript,
};

/** Commands that are no work of theirs to complete. */
const OWN = ["bash-completion", "completion"];

/** The rows of `completion` and `bash-completion`; `table` gives the table that they are in. */
export function completionCommands(table: () => CompletionTable): readonly Command[] {
  const bashCompletion = command({
    name: "bash-completion",
    summary: "Print all commands and their flags, for a completion script of your own",
    flags: {},
    run: (invocation) => printText(invocation, allWords(table()).join(" ")),
  });
  const completion = command({
    name: "completion",
    summary: "Print a completion script for a shell",
    details:
      'Load it where the shell starts: eval "$(glance completion bash)", or glance completion fish | source. It completes the name "glance", by whatever alias or script that runs this.',
    positionals: [{
      name: "<SHELL>",
      summary: "bash, zsh or fish",
      choices: Object.keys(SCRIPTS),
    }],
    flags: {},
    // `choices` of the argument holds nothing else.
    run: (invocation) =>
      printText(invocation, SCRIPTS[invocation.positionals[0] ?? ""]?.(table()) ?? ""),
  });
  return [bashCompletion, completion];
}

/** Commands and flags of commands, as glanceclient prints them; in alphabetical order. */
function allWords({ commands }: CompletionTable): string[] {
  const listed = commands.filter(({ name }) => !OWN.includes(name));
  const words = listed.flatMap(({ name, flags }) => [name, ...wordsOf(flags)]);
  return [...new Set(["-h", "--help", "help", ...words])].sort();
}

/** A flag by its names. */
function wordsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, { aliases = [], short }]) => [
    ...[name, ...aliases].map((one) => `--${one}`),
    ...short === undefined ? [] : [`-${short}`],
  ]);
}

/** All flags that a command line can have, command by command. */
function allFlags({ commands, globalFlags }: CompletionTable): [name: string, flag: Flag][] {
  return [globalFlags, ...commands.map(({ flags }) => flags)].flatMap((flags) =>
    Object.entries(flags).flatMap(([name, flag]) =>
      [name, ...flag.aliases ?? []].map((one): [string, Flag] => [one, flag])
    )
  );
}

/** Patterns of the flags behind which a value stands, whatever the command. */
function valuePatterns(table: CompletionTable): string {
  const flags = allFlags(table);
  const bare = new Set(flags.filter(([, flag]) => !takesValue(flag)).map(([name]) => name));
  const names = new Set(flags.map(([name]) => name).filter((name) => !bare.has(name)));
  return [...names].map((name) => `*' --${name}'`).join("|");
}

/** Cases for the flags of a command whose values are known. */
function choiceCases({ name, flags }: Command): string[] {
  return Object.entries(flags).flatMap(([flag, row]) =>
    "choices" in row && row.choices !== undefined
      ? [`    '${name} --${flag}') words="${row.choices.join(" ")}" ;;`]
      : []
  );
}

function bashScript(table: CompletionTable): string {
  const { commands, globalFlags } = table;
  const names = ["help", ...commands.map(({ name }) => name)];
  const global = wordsOf(globalFlags).join(" ");
  const cases = commands.map(({ name, flags, positionals = [] }) => {
    const choices = positionals.flatMap((one) => one.choices ?? []);
    return `    ${name}) words="${[...wordsOf(flags), ...choices].join(" ")}" ;;`;
  });
  return `_glance() {
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
complete -o default -F _glance glance`;
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
      return `complete -c glance${condition} -l ${name}${short}${value} -d ${quoted(flag.summary)}`;
    });
  return [
    ...flagLines("", globalFlags),
    ...commands.flatMap(({ name, summary, flags, positionals = [] }) => {
      const seen = ` -n '__fish_seen_subcommand_from ${name}'`;
      const choices = positionals.flatMap((one) => one.choices ?? []);
      return [
        `complete -c glance -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
        ...choices.length === 0 ? [] : [`complete -c glance${seen} -f -a '${choices.join(" ")}'`],
        ...flagLines(seen, flags),
      ];
    }),
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
