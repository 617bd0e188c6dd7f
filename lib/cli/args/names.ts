/**
 * The names of a table's flags: what may be written for each, and what is meant by something else.
 *
 * @module
 */
import { UsageError } from "../system/errors.ts";
import type { Flag, Flags } from "./command.ts";
import { nearest } from "./nearest.ts";

/** A flag's entry for `parseArgs`. */
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

  constructor(flags: Flags) {
    const rows = Object.entries(flags);
    this.#flags = flags;
    this.#names = new Map(
      rows.flatMap(([name, { aliases = [] }]) => [name, ...aliases].map((one) => [one, name])),
    );
    this.#letters = new Map(rows.flatMap(([name, { short }]) => short ? [[short, name]] : []));
  }

  /**
   * The flag that is meant by `--name`, `--name=value` or `-n`.
   *
   * @throws {UsageError} where there is none, or more than one begins so.
   */
  flag(written: string): Flag {
    const flag = this.#flags[this.#nameOf(written)];
    return flag ?? this.#unknown(written);
  }

  /** The same arguments with every flag by its full name. */
  canonical(args: readonly string[]): string[] {
    const end = args.indexOf("--");
    return args.map((arg, i) => {
      if (!arg.startsWith("-") || arg === "-" || (end >= 0 && i >= end)) return arg;
      // A value that looks like a number is no flag.
      if (!arg.startsWith("--")) return /^-\d/.test(arg) ? arg : this.#checkedLetters(arg);
      const [written = "", ...value] = arg.split("=");
      return [`--${this.#nameOf(written)}`, ...value].join("=");
    });
  }

  /** The table as `parseArgs` wants it. */
  options(): Record<string, ParseOption> {
    return Object.fromEntries(
      Object.entries(this.#flags).map(([name, { kind, short }]) => {
        const type = kind === "switch" || kind === "truth" ? "boolean" : "string";
        return [name, { type, multiple: true, ...short !== undefined && { short } }];
      }),
    );
  }

  #nameOf(written: string): string {
    if (!written.startsWith("--")) {
      return this.#letters.get(written.slice(1)) ?? this.#unknown(written);
    }
    const name = written.slice(2).replace(/=.*/s, "").replaceAll("_", "-");
    const exact = this.#names.get(name);
    if (exact !== undefined) return exact;
    const longer = [...this.#names.keys()].filter((one) => name !== "" && one.startsWith(name));
    const meant = new Set(longer.map((one) => this.#names.get(one)));
    const [only] = meant;
    if (only === undefined) return this.#unknown(written);
    if (meant.size === 1) return only;
    throw new UsageError(
      `Cannot use "${written}": it may be any of ${
        longer.map((one) => `--${one}`).join(", ")
      }; write more of it`,
    );
  }

  #checkedLetters(arg: string): string {
    for (const letter of arg.slice(1)) {
      if (!this.#letters.has(letter)) this.#unknown(`-${letter}`);
    }
    return arg;
  }

  #unknown(written: string): never {
    const name = written.replace(/=.*/s, "");
    const near = nearest(name, [...this.#names.keys()].map((one) => `--${one}`));
    throw new UsageError(
      `Cannot use "${name}": there is no such flag here; ${
        near === null ? 'see "glance help" and "glance help COMMAND"' : `did you mean "${near}"?`
      }`,
    );
  }
}
