/**
 * Types of commands, flags, and their values. `command_table.ts` lists the commands; `parse.ts` parses
 * command lines.
 */
import type { OperationArgs, OperationName, OperationResult } from "../../api/operations.ts";
import type { GlanceClientWrapper } from "../../api/client.ts";
import type { RequestContext } from "../../context.ts";
import type { GlanceEvent } from "../../events.ts";
import type { OutputChoice } from "../output/formats.ts";
import type { Messages } from "../system/console.ts";
import type { System } from "../system/system.ts";

/** Properties of every flag. */
interface FlagBase {
  readonly summary: string;
  /** Other names of the flag, without dashes. */
  readonly aliases?: readonly string[];
  /** One-letter name, without its dash. */
  readonly short?: string;
  /** Environment variable with the value if the flag is not given. */
  readonly environment?: string;
  /** Environment variable that the flag overrides when the cloud is chosen. */
  readonly overrides?: string;
}

/** A flag without a value. */
export interface SwitchFlag extends FlagBase {
  readonly kind: "switch";
}

/** A flag with an optional value, `True` or `False` (default: True). */
export interface TruthFlag extends FlagBase {
  readonly kind: "truth";
}

/** A flag with a string value. */
export interface TextFlag extends FlagBase {
  readonly kind: "text";
  /** Placeholder in help texts, for example `<FILE>`. */
  readonly value: string;
  readonly choices?: readonly string[];
  /** Completions in a shell: names of images, or these words (default: files). Other values are valid, too. */
  readonly completes?: "images" | readonly string[];
  /** Whether the flag must be given. */
  readonly required?: true;
}

/** A flag with an integer value of at least `min`. */
export interface NumberFlag extends FlagBase {
  readonly kind: "number";
  readonly value: string;
  readonly min: number;
}

/** A flag with a string value that can be repeated. With `many`, it takes all words that follow. */
export interface ListFlag extends FlagBase {
  readonly kind: "list";
  readonly value: string;
  readonly choices?: readonly string[];
  readonly many?: true;
  /** Whether the flag must be given at least once. */
  readonly required?: true;
}

/** Any flag. */
export type Flag = SwitchFlag | TruthFlag | TextFlag | NumberFlag | ListFlag;

/** Flags by name, without dashes. */
export type Flags = Readonly<Record<string, Flag>>;

export type ValueOf<F extends Flag> = F extends SwitchFlag ? boolean
  : F extends TruthFlag ? boolean | undefined
  : F extends TextFlag ? string | (F extends { readonly required: true } ? never : undefined)
  : F extends NumberFlag ? number | undefined
  : readonly string[];

export type Values<F extends Flags> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** The value of any flag. */
export type Value = ValueOf<Flag>;

/** A positional argument. */
export interface Positional {
  /** Placeholder in help texts, for example `<IMAGE>`. */
  readonly name: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** Completions in a shell (default: files). */
  readonly completes?: "images";
  /** Whether the argument can be repeated. */
  readonly many?: true;
}

/** The cloud or region to connect to instead of the one that the flags choose. */
export interface Target {
  /** Name of a cloud in clouds.yaml (default: the same cloud). */
  readonly cloud?: string | undefined;
  /** Region (default: the one configured for the cloud). */
  readonly region?: string | undefined;
}

/** A client, and the context of its calls. Disposing it closes the connections that use the cloud's own CA. */
export interface CloudConnection extends Disposable {
  readonly client: GlanceClientWrapper;
  readonly context: RequestContext;
}

/** The environment of a running command. */
export interface Invocation<F extends Flags = Flags> {
  readonly values: Values<F>;
  /** Positional arguments, in order. */
  readonly positionals: readonly string[];
  /** Whether to print JSON. */
  readonly json: boolean;
  /** The format and the columns of the output. */
  readonly output: OutputChoice;
  /** Whether to print more columns. */
  readonly verbose: boolean;
  readonly system: System;
  /** Standard error. */
  readonly messages: Messages;
  /** Called with each event of the requests. */
  readonly listeners: Set<(event: GlanceEvent) => void>;
  /** Signs in. Later calls return the same connection. */
  connect(): Promise<CloudConnection>;
  /** Signs in and calls an operation of the Image API. It is aborted if the command is. */
  call<M extends OperationName>(method: M, ...args: OperationArgs<M>): Promise<OperationResult<M>>;
  /** Signs in to another cloud, or in another region. */
  connectTo(target: Target): Promise<CloudConnection>;
}

/** The output of a command that changes something or prints no table, for the check of --column before it runs. */
export interface CommandOutput {
  /** Columns or properties that its table can have; empty if it prints no table. */
  readonly columns: readonly string[];
  /** Further ones, such as the properties of the image: called only if a column is none of `columns`. */
  readonly moreColumns?: (
    invocation: Invocation,
    ...positionals: readonly string[]
  ) => readonly string[] | Promise<readonly string[]>;
}

/** A command as its file defines it. `command_table.ts` has its name and its summary. */
export interface CommandDefinition {
  /** More text for the help of this command. */
  readonly details?: string;
  readonly positionals?: readonly Positional[];
  readonly flags: Flags;
  /** Default: that of a command that only reads, whose columns are checked when they are printed. */
  readonly output?: CommandOutput;
  run(invocation: Invocation, ...positionals: readonly string[]): Promise<void>;
}

export interface Command extends CommandDefinition {
  readonly name: string;
  /** One sentence without a period, also shown in the list of commands. */
  readonly summary: string;
}

/** A command that is not loaded yet. */
export interface CommandEntry extends Pick<Command, "name" | "summary"> {
  load(): Promise<Command>;
}

/** `CommandOutput` with typed values of flags. */
interface OutputOf<F extends Flags> extends Pick<CommandOutput, "columns"> {
  moreColumns?(
    invocation: Invocation<F>,
    ...positionals: readonly string[]
  ): readonly string[] | Promise<readonly string[]>;
}

/** Defines a command whose `run` gets typed values of its own flags, and its positional arguments. */
export function command<const F extends Flags = Record<never, never>>(
  definition: Omit<CommandDefinition, "run" | "flags" | "output"> & {
    readonly flags?: F;
    readonly output?: OutputOf<NoInfer<F>>;
    run(invocation: Invocation<F>, ...positionals: readonly string[]): Promise<void>;
  },
): CommandDefinition {
  // `parse.ts` gives each flag a value of the type that `Values<F>` has for it.
  return { flags: {}, ...definition } as unknown as CommandDefinition;
}
