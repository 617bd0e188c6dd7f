/**
 * Resolves the names of flags: aliases, abbreviations, one-letter names, and typing errors. Pure.
 */
import { UsageError } from "../system/errors.ts";
import type { Flag, Flags } from "./command.ts";
import { nearest } from "./nearest.ts";

/** An option of `parseArgs`. */
interface ParseOption {
  type: "string" | "boolean";
  short?: string;
  multiple: true;
}

/** Finds flags by their names. */
export class FlagNames {
  readonly #flags: Flags;
  /** Name or alias -> name. */
  readonly #names: ReadonlyMap<string, string>;
  /** Letter -> name. */
  readonly #letters: ReadonlyMap<string, string>;
  readonly #helpHint: string;

  /** @param helpHint the hint for help on flags, for messages */
  constructor(flags: Flags, helpHint: string) {
    const rows = Object.entries(flags);
    this.#flags = flags;
    this.#helpHint = helpHint;
    this.#names = new Map(
      rows.flatMap(([name, { aliases = [] }]) => [name, ...aliases].map((one) => [one, name])),
    );
    this.#letters = new Map(rows.flatMap(([name, { short }]) => short ? [[short, name]] : []));
  }

  /**
   * Finds the flag for `--name`, `--name=value` or `-n`.
   *
   * @throws {UsageError} if no flag has the name, or several start with it.
   */
  flag(written: string): Flag {
    const flag = this.#flags[this.#nameOf(written)];
    return flag ?? this.#unknown(written);
  }

  /** Returns the arguments with the full names of flags. */
  canonical(args: readonly string[]): string[] {
    const end = args.indexOf("--");
    return args.map((arg, i) => {
      if (!arg.startsWith("-") || arg === "-" || (end >= 0 && i >= end)) return arg;
      const before = args[i - 1];
      // A negative number is a value, not a flag.
      if (!arg.startsWith("--")) return /^-\d/.test(arg) ? arg : this.#checkedLetters(arg, before);
      const [written = "", ...value] = arg.split("=");
      return [`--${this.#nameOf(written, arg, before)}`, ...value].join("=");
    });
  }

  /** The flags as options of `parseArgs`. */
  options(): Record<string, ParseOption> {
    return Object.fromEntries(
      Object.entries(this.#flags).map(([name, { kind, short }]) => {
        const type = kind === "switch" || kind === "truth" ? "boolean" : "string";
        // parseArgs rejects an undefined "short".
        return [name, { type, multiple: true, ...short !== undefined && { short } }];
      }),
    );
  }

  #nameOf(written: string, arg = written, before?: string): string {
    if (!written.startsWith("--")) {
      return this.#letters.get(written.slice(1)) ?? this.#unknown(written);
    }
    const name = written.slice(2).replace(/=.*/s, "").replaceAll("_", "-");
    const exact = this.#names.get(name);
    if (exact !== undefined) return exact;
    const longer = [...this.#names.keys()].filter((one) => name !== "" && one.startsWith(name));
    const meant = new Set(longer.map((one) => this.#names.get(one)));
    const [only] = meant;
    if (only === undefined) return this.#unknown(written, arg, before);
    if (meant.size === 1) return only;
    throw new UsageError(
      `Cannot use "${written}": it is ambiguous between ${
        longer.map((one) => `--${one}`).join(", ")
      }; write more letters`,
    );
  }

  #checkedLetters(arg: string, before: string | undefined): string {
    for (const letter of arg.slice(1)) {
      if (!this.#letters.has(letter)) this.#unknown(`-${letter}`, arg, before);
      // The rest is its value.
      if (takesValue(this.flag(`-${letter}`))) break;
    }
    return arg;
  }

  /** @param before the word before `arg`, which may be a flag of which `arg` is the value */
  #unknown(written: string, arg = written, before = ""): never {
    const name = written.replace(/=.*/s, "");
    const near = nearest(name, [...this.#names.keys()].map((one) => `--${one}`));
    const isValue = /^--?[^=]+$/.test(before) && takesValue(this.flag(before));
    if (near === null && isValue) throw missingValue(before, arg);
    throw new UsageError(
      `Cannot use "${name}": unknown flag; ${
        near === null ? this.#helpHint : `did you mean "${near}"?`
      }`,
    );
  }
}

/** Whether a flag requires a value. */
export function takesValue(flag: Flag): boolean {
  return flag.kind === "text" || flag.kind === "number" || flag.kind === "list";
}

/** The error for a flag without a value; `next` follows the flag. */
export function missingValue(flag: string, next: string): UsageError {
  return new UsageError(
    `Cannot use "${flag}": its value is missing; write a value that starts with a dash as "${flag}=${next}"`,
  );
}
