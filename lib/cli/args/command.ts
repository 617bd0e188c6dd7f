/**
 * What a flag and a command are: the rows of the argument table, and the values that a command line
 * gives them. Types and one constructor; the rows are in `table.ts`, reading them is in `parse.ts`.
 *
 * @module
 */
import type { Connection } from "../../connect.ts";
import type { Messages } from "../system/console.ts";
import type { System } from "../system/system.ts";

/** What every flag has. */
interface FlagFacts {
  readonly summary: string;
  /** Other names that mean the same, without dashes. */
  readonly aliases?: readonly string[];
  /** One letter, without its dash. */
  readonly short?: string;
  /** Variable that is taken where the flag is not given. */
  readonly environment?: string;
  /** Variable that the flag stands for when the cloud is chosen. */
  readonly stands?: string;
}

/** A flag without a value. */
export interface SwitchFlag extends FlagFacts {
  readonly kind: "switch";
}

/** A flag that is true alone, or says `True` or `False` behind itself. */
export interface TruthFlag extends FlagFacts {
  readonly kind: "truth";
}

/** A flag with one text. */
export interface TextFlag extends FlagFacts {
  readonly kind: "text";
  /** Placeholder in help texts: `<FILE>`. */
  readonly value: string;
  readonly choices?: readonly string[];
  /** Whether the command cannot do without. */
  readonly required?: true;
}

/** A flag with a whole number of at least `min`. */
export interface NumberFlag extends FlagFacts {
  readonly kind: "number";
  readonly value: string;
  readonly min: number;
}

/** A flag with a text that may be repeated; `many` takes all the words behind it. */
export interface ListFlag extends FlagFacts {
  readonly kind: "list";
  readonly value: string;
  readonly choices?: readonly string[];
  readonly many?: true;
  /** Whether the command cannot do without at least one. */
  readonly required?: true;
}

/** A row of a flag table. */
export type Flag = SwitchFlag | TruthFlag | TextFlag | NumberFlag | ListFlag;

/** Flags by their names without dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** What a flag holds after the command line was read. */
export type ValueOf<F extends Flag> = F extends SwitchFlag ? boolean
  : F extends TruthFlag ? boolean | undefined
  : F extends TextFlag ? string | (F extends { readonly required: true } ? never : undefined)
  : F extends NumberFlag ? number | undefined
  : readonly string[];

/** The values of a flag table. */
export type Values<F extends Flags> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** Any value of any flag. */
export type Value = boolean | string | number | readonly string[] | undefined;

/** An argument without a flag. */
export interface Positional {
  /** Placeholder in help texts: `<IMAGE>`. */
  readonly name: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** Whether one or more are taken. */
  readonly many?: true;
}

/** Another place than the one that the flags mean. */
export interface Target {
  /** Name of a cloud in clouds.yaml; the same cloud without it. */
  readonly cloud?: string;
  /** Region; the cloud's own without it. */
  readonly region?: string;
}

/** What a command gets to work with. */
export interface Invocation<V = Readonly<Record<string, Value>>> {
  readonly values: V;
  /** Arguments without flags, as many as the command has. */
  readonly positionals: readonly string[];
  /** Whether JSON is wanted. */
  readonly json: boolean;
  /** Whether more columns are wanted. */
  readonly verbose: boolean;
  readonly system: System;
  /** Standard error. */
  readonly messages: Messages;
  /** Signs in; later calls get the same connection. */
  connect(): Promise<Connection>;
  /** Signs in to another cloud, or in another region. */
  connectTo(target: Target): Promise<Connection>;
}

/** A row of the argument table. */
export interface Command {
  readonly name: string;
  /** One sentence; it stands in the list of commands, too. */
  readonly summary: string;
  /** More of it, for the help of this command. */
  readonly details?: string;
  readonly positionals?: readonly Positional[];
  readonly flags: Flags;
  run(invocation: Invocation): Promise<void>;
}

/** A row whose `run` gets the values of its own flags. */
export function command<const F extends Flags>(
  row: Omit<Command, "run" | "flags"> & {
    readonly flags: F;
    run(invocation: Invocation<Values<F>>): Promise<void>;
  },
): Command {
  // `parse.ts` gives each flag of the row the value of its kind, which is what `Values<F>` says.
  return row as unknown as Command;
}
