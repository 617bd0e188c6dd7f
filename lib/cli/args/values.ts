/** Parses the flags of a command line and their values. Pure. */
import { parseArgs } from "node:util";
import { UsageError } from "../system/errors.ts";
import type { Flag, Flags, Value } from "./command.ts";
import { FlagNames, missingValue, takesValue } from "./names.ts";

/** Words for true and false, as in glanceclient. */
const TRUTH: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(["1", "t", "true", "on", "y", "yes"].map((word) => [word, true])),
  ...Object.fromEntries(["0", "f", "false", "off", "n", "no"].map((word) => [word, false])),
};

/** The flags, by full name, and the positional arguments of a command line. */
export interface ReadFlags {
  readonly given: ReadonlyMap<string, readonly (string | boolean)[]>;
  readonly positionals: readonly string[];
  /** A truth flag and the positional argument after it, which may be intended as its value: `--hidden maybe`. */
  readonly afterTruth: string | null;
}

/**
 * Splits arguments into flags and positional arguments.
 *
 * @param helpHint where to find help on flags, for messages
 * @throws {UsageError} for an unknown flag, a missing value, or an unexpected one.
 */
export function readFlags(args: readonly string[], flags: Flags, helpHint: string): ReadFlags {
  const names = new FlagNames(flags, helpHint);
  const { tokens } = parseArgs({
    args: names.canonical(args),
    strict: false,
    tokens: true,
    options: names.options(),
  });
  const given = new Map<string, (string | boolean)[]>();
  const positionals: string[] = [];
  // The flag that can still take the next word as its value.
  let open: { readonly name: string; readonly flag: Flag } | null = null;
  let afterTruth: string | null = null;
  for (const token of tokens) {
    if (token.kind === "option-terminator") {
      open = null;
    } else if (token.kind === "positional") {
      if (open !== null && takesWord(open.flag, token.value)) {
        given.get(open.name)?.push(token.value);
        if (open.flag.kind === "truth") open = null;
      } else {
        if (open?.flag.kind === "truth") afterTruth ??= `--${open.name} ${token.value}`;
        open = null;
        positionals.push(token.value);
      }
    } else {
      const flag = names.flag(token.rawName);
      const value = checkedValue(token.rawName, flag, token.value, token.inlineValue === true);
      given.set(token.name, [...given.get(token.name) ?? [], value]);
      const mayTakeMore = flag.kind === "truth"
        ? value === true
        : flag.kind === "list" && flag.many;
      open = mayTakeMore ? { name: token.name, flag } : null;
    }
  }
  return { given, positionals, afterTruth };
}

/** Whether the word after a flag is its value: any word for a list, a truth value for a truth flag. */
function takesWord(flag: Flag, word: string): boolean {
  return flag.kind === "list" || isTruth(word);
}

function isTruth(word: string): boolean {
  return Object.hasOwn(TRUTH, word.toLowerCase());
}

/** The value of a flag if its kind allows it; `true` for a flag without a value. */
function checkedValue(
  rawName: string,
  flag: Flag,
  value: string | undefined,
  isInline: boolean,
): string | boolean {
  if (!takesValue(flag)) {
    if (value === undefined) return true;
    if (flag.kind === "truth" && isTruth(value)) return value;
    const written = `${rawName}=${value}`;
    if (flag.kind === "truth") throw notTruth(`"${written}"`);
    throw new UsageError(`Cannot use "${written}": the flag takes no value; leave it out`);
  }
  if (value === undefined) {
    throw new UsageError(`Cannot use "${rawName}": its value is missing; add it`);
  }
  // A negative number is a value, not a flag.
  if (!isInline && /^-[^\d]/.test(value)) throw missingValue(rawName, "-…");
  return value;
}

/** The values of all flags: from the command line, else from the environment, else the empty value. */
export function valuesOf(
  flags: Flags,
  given: ReadFlags["given"],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const variable = flag.environment === undefined ? undefined : environment[flag.environment];
      const texts = given.get(name) ?? (variable ? [variable] : []);
      return [name, valueOf(name, flag, texts)];
    }),
  );
}

function valueOf(name: string, flag: Flag, texts: readonly (string | boolean)[]): Value {
  return valueFrom(flag, texts, (text) => `"--${name}${text === "" ? "" : ` ${text}`}"`);
}

/**
 * The value of a flag from the texts that are given for it.
 *
 * @param written how the flag and a text are named in messages
 * @throws {UsageError} if they do not fit the flag.
 */
export function valueFrom(
  flag: Flag,
  texts: readonly (string | boolean)[],
  written: (text: string) => string,
): Value {
  const last = texts.at(-1);
  if (flag.kind === "switch") return last !== undefined;
  if (flag.kind === "list") {
    return texts.map((text) => checkedChoice(written(String(text)), flag, String(text)));
  }
  if (last === undefined) return undefined;
  if (flag.kind === "truth") {
    if (last === true) return true;
    return TRUTH[String(last).toLowerCase()] ?? fail(notTruth(written(String(last))));
  }
  if (flag.kind === "text") {
    // An unset shell variable expands to an empty name.
    if (last === "" && /^<(FILE|DIR)>$/.test(flag.value)) throw emptyName(written(""));
    return checkedChoice(written(String(last)), flag, String(last));
  }
  const number = Number(last);
  if (/^[+-]?\d+$/.test(String(last)) && Number.isSafeInteger(number) && number >= flag.min) {
    return number;
  }
  throw new UsageError(
    `Cannot use ${written(String(last))}: it must be an integer of at least ${flag.min}`,
  );
}

/**
 * Returns the value.
 *
 * @param written the value as it is named in the message
 * @throws {UsageError} if there are choices and the value is not one of them.
 */
export function checkedChoice(
  written: string,
  { choices }: { readonly choices?: readonly string[] },
  value: string,
): string {
  if (choices === undefined || choices.includes(value)) return value;
  const allowed = new Intl.ListFormat("en", { type: "disjunction" })
    .format(choices.map((choice) => `"${choice}"`));
  throw new UsageError(`Cannot use ${written}: it must be ${allowed}`);
}

/** The error for a truth flag with another value; `written` is both. */
export function notTruth(written: string): UsageError {
  return new UsageError(`Cannot use ${written}: it must be True or False`);
}

function fail(error: UsageError): never {
  throw error;
}

function emptyName(written: string): UsageError {
  return new UsageError(`Cannot use ${written}: the name is empty; check the shell variable`);
}
