/** The commands that print completion scripts. */
import { type Command, command, type CommandDefinition, type Flags } from "./command.ts";
import { bashScript, type CompletionTable, fishScript, wordsOf } from "./completion_scripts.ts";
import { printText } from "../output/records.ts";

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
