/** Completion scripts for shells, generated from the command table. Pure. */
import { PROGRAM } from "../system/system.ts";
import type { Command, Flag, Flags } from "./command.ts";
import { takesValue } from "./names.ts";
import { OWN_COMMANDS } from "./parse.ts";

export interface CompletionTable {
  readonly commands: readonly Command[];
  readonly globalFlags: Flags;
}

/** All names of the flags, with dashes. */
export function wordsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, flag]) => namesOf(name, flag));
}

function namesOf(name: string, { aliases = [], short }: Flag): string[] {
  return [
    ...[name, ...aliases].map((one) => `--${one}`),
    ...short === undefined ? [] : [`-${short}`],
  ];
}

/** Flags that take a value in each command that has them. */
function valueFlags({ commands, globalFlags }: CompletionTable): string[] {
  const flags = [globalFlags, ...commands.map(({ flags }) => flags)]
    .flatMap((some) => Object.entries(some));
  const namesWhere = (isValue: boolean) =>
    flags.filter(([, flag]) => takesValue(flag) === isValue).flatMap(([name, flag]) =>
      namesOf(name, flag)
    );
  const withoutValue = new Set(namesWhere(false));
  return [...new Set(namesWhere(true))].filter((name) => !withoutValue.has(name));
}

/** Cases for the flags of a command, or of all commands, whose values are known. */
function valueCases(flags: Flags, command?: string): string[] {
  const before = command === undefined ? "*' " : `'${command} `;
  return Object.entries(flags).flatMap(([name, flag]) => {
    const pattern = namesOf(name, flag).map((one) => `${before}${one}'`).join("|");
    if (flag.kind === "truth") return [`    ${pattern}) words="True False $words" ;;`];
    const offered = wordsOffered(flag);
    if (offered.length > 0) {
      return [`    ${pattern}) words="${offered.join(" ")}" is_value=1 ;;`];
    }
    const isImage = flag.kind === "text" && flag.completes === "images";
    return isImage ? [`    ${pattern}) words= is_value=1 is_image=1 ;;`] : [];
  });
}

/** Patterns of a command and the number of arguments before one that names an image. */
function imagePatterns({ name, positionals = [] }: Command): string[] {
  return positionals.flatMap(({ completes, many }, i) => {
    if (completes !== "images") return [];
    return [many ? `'${name} '*` : `'${name} ${i}'`];
  });
}

/**
 * Names of images are never evaluated: not as words of `compgen -W`, which expands them. They are inserted with the
 * quotes that the shell needs. Bash replaces only what follows the last `:` or `=` of a word.
 */
const BASH_IMAGES = String.raw`_glance_edge_images() {
  local program=$1 typed=$2 word=$3
  local quote= prefix= name c escaped sq="'" sq_escaped="'\\''"
  [[ $typed == [\"\']* ]] && quote=${"$"}{typed:0:1}
  if [[ $quote == "'" ]]; then prefix=${"$"}{typed:1}
  else IFS= read prefix <<< "${"$"}{typed#"$quote"}"
  fi
  while IFS= read -r name; do
    [[ $name == "$prefix"* ]] || continue
    if [[ $quote == "'" ]]; then
      [[ -z $BASH_VERSION && $name == *$sq* ]] && continue
      name=${"$"}{name//$sq/"$sq_escaped"}
      [[ $name == *"$sq_escaped" ]] && name=${"$"}{name%"$sq"}
    elif [[ $quote == '"' ]]; then
      [[ $name == *'!'* ]] && continue
      for c in '\' '"' '$' $'\x60'; do
        escaped="\\$c"
        name=${"$"}{name//"$c"/"$escaped"}
      done
      # Bash does not close a quote after another one.
      [[ -n $BASH_VERSION && $name == *'"' ]] && name+='"'
    else
      printf -v name %q "$name"
      name=${"$"}{name#"${"$"}{typed%"$word"}"}
    fi
    COMPREPLY+=("$name")
  done < <("$program" complete-images "$prefix" "${"$"}{COMP_WORDS[@]:1:$((COMP_CWORD - 1))}" 2>/dev/null </dev/null)
}`;

export function bashScript(table: CompletionTable): string {
  const { commands, globalFlags } = table;
  const names = [...OWN_COMMANDS, ...commands.map(({ name }) => name)];
  const cases = commands.map(({ name, flags, positionals = [] }) => {
    const choices = positionals.flatMap((one) => one.choices ?? []);
    return `    ${name}) words="${[...wordsOf(flags), ...choices].join(" ")}" ;;`;
  });
  const values = valueFlags(table);
  return `${BASH_IMAGES}
_glance_edge() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local typed=$word start=$COMP_CWORD line=\${COMP_LINE:0:$COMP_POINT}
  local command= words= is_value= is_image= count=0 i
  # Bash makes several words of one with : = @, and replaces the last one, with its @.
  while ((start > 1)) && [[ $line == *"\${COMP_WORDS[start - 1]}$typed" ]]; do
    start=$((start - 1))
    [[ $start == $((COMP_CWORD - 1)) && \${COMP_WORDS[start]} == @ ]] && word=@$word
    typed=\${COMP_WORDS[start]}$typed
  done
  [[ $typed == -*=* ]] && typed=\${typed#*=}
  [[ $before == = ]] && before=\${COMP_WORDS[COMP_CWORD - 2]}
  for ((i = 1; i < start; i++)); do
    case \${COMP_WORDS[i]} in
      ${values.join("|")})
        [[ \${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
        i=$((i + 1)) ;;
      [:=@]) i=$((i + 1)) ;;
      -*|True|False|true|false) ;;
      *) if [[ -z $command ]]; then command=\${COMP_WORDS[i]}; else count=$((count + 1)); fi ;;
    esac
  done
  [[ $word == [:=] ]] && word=
  case $command in
    ''|help) words="${names.join(" ")}" ;;
${cases.join("\n")}
  esac
  [[ $word == -* ]] && words="$words ${wordsOf(globalFlags).join(" ")}"
  case "$command $before" in
${
    [...commands.flatMap(({ name, flags }) => valueCases(flags, name)), ...valueCases(globalFlags)]
      .join("\n")
  }
    ${values.map((name) => `*' ${name}'`).join("|")}) words= is_value=1 ;;
  esac
  case "$is_value$command $count" in
    ${commands.flatMap(imagePatterns).join("|")}) [[ $word == -* ]] || is_image=1 ;;
  esac
  COMPREPLY=()
  if [[ -n $is_image ]]; then
    words=
    [[ $command == image-inspect ]] || compopt +o default 2>/dev/null
    _glance_edge_images "\${1:-${PROGRAM}}" "$typed" "$word"
  fi
  COMPREPLY+=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _glance_edge ${PROGRAM}`;
}

const FISH_IMAGES = `function __glance_edge_images
    set -l typed (string unescape -- (commandline -ct))
    ${PROGRAM} complete-images "$typed" (commandline -opc)[2..] 2>/dev/null </dev/null
end`;

export function fishScript({ commands, globalFlags }: CompletionTable): string {
  return [
    FISH_IMAGES,
    ...fishFlags("", globalFlags),
    ...commands.flatMap(({ name, summary, flags, positionals = [] }) => {
      const seen = ` -n '__fish_seen_subcommand_from ${name}'`;
      const choices = positionals.flatMap((one) => one.choices ?? []);
      const isImage = positionals.some(({ completes }) => completes === "images");
      // A source can be a file, too.
      const noFiles = positionals.some((one) => one.name === "<SOURCE>") ? "" : " -f";
      return [
        `complete -c ${PROGRAM} -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
        ...choices.length === 0
          ? []
          : [`complete -c ${PROGRAM}${seen} -f -a '${choices.join(" ")}'`],
        ...isImage ? [`complete -c ${PROGRAM}${seen}${noFiles} -a '(__glance_edge_images)'`] : [],
        ...fishFlags(seen, flags),
      ];
    }),
  ].join("\n");
}

function fishFlags(condition: string, flags: Flags): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? "" : ` -s ${flag.short}`;
    const names = [name, ...flag.aliases ?? []].map((one) => ` -l ${one}`).join("");
    return `complete -c ${PROGRAM}${condition}${names}${short}${fishValue(flag)} -d ${
      quoted(flag.summary)
    }`;
  });
}

function fishValue(flag: Flag): string {
  const offered = wordsOffered(flag);
  if (offered.length > 0) return ` -x -a '${offered.join(" ")}'`;
  if (flag.kind === "text" && flag.completes === "images") return " -x -a '(__glance_edge_images)'";
  return takesValue(flag) ? " -r" : "";
}

/** The completions for the value of a flag. */
function wordsOffered(flag: Flag): readonly string[] {
  if ("choices" in flag && flag.choices !== undefined) return flag.choices;
  return flag.kind === "text" && Array.isArray(flag.completes) ? flag.completes : [];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
