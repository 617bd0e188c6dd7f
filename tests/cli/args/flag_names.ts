import type { Flags } from "../../../lib/cli/args/command.ts";

/** The names of flags and their aliases. */
export function namesOf(flags: Flags): Set<string> {
  return new Set(Object.entries(flags).flatMap(([name, { aliases = [] }]) => [name, ...aliases]));
}
