/**
 * How a command line fails: its own errors, the exit codes, and what is said of an error on standard
 * error. Pure.
 *
 * @module
 */
import { GlanceError } from "../../errors.ts";
import { redactUrls } from "../../validate.ts";
import { inTerminalWords } from "../args/wording.ts";

/** What the process ends with. */
export const EXIT: {
  readonly ok: 0;
  readonly failure: 1;
  readonly usage: 2;
  readonly closedOutput: 141;
} = {
  ok: 0,
  failure: 1,
  usage: 2,
  // 128 + SIGPIPE: what a shell reports of any other program whose reader has gone.
  closedOutput: 141,
};

/** A signal that ends a command. */
export type EndingSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** The signals that end a command, with the exit code that shells expect: 128 + their number. */
export const ENDING_SIGNALS: Readonly<Record<EndingSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

/** The reason with which a command is aborted when the process is told to end. */
export class Interrupted extends Error {
  /** `Interrupted`. */
  override name = "Interrupted";
  /** What the process is to end with. */
  readonly exitCode: number;

  /** The reason for a process that was sent `signal`. */
  constructor(signal: EndingSignal) {
    super(`ended by ${signal}`);
    this.exitCode = ENDING_SIGNALS[signal];
  }
}

/** The command line cannot be understood, or asks for what cannot be. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A command could not do its work, for a reason on this side: a file, the standard streams. */
export class CommandFailed extends Error {
  override name = "CommandFailed";

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

/** An error in one sentence, with the id under which an operator finds it. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `Cannot go on: ${redactUrls(String(error))}`;
  const message = redactUrls(error.message);
  if (error instanceof UsageError || error instanceof CommandFailed) return message;
  if (!(error instanceof GlanceError)) return `Cannot go on: ${message}`;
  const { requestId } = error;
  const words = inTerminalWords(message, error);
  return requestId === undefined || words.includes(requestId) ? words : `${words} (${requestId})`;
}

/** What led to an error, one line each, outermost first. */
export function causesOf(error: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  const visit = (cause: unknown, depth: number) => {
    if (cause === undefined || cause === null || seen.has(cause)) return;
    seen.add(cause);
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    lines.push(`${"  ".repeat(depth)}caused by ${inTerminalWords(redactUrls(text))}`);
    if (cause instanceof AggregateError) cause.errors.forEach((one) => visit(one, depth + 1));
    if (cause instanceof Error) visit(cause.cause, depth + 1);
  };
  if (error instanceof Error) visit(error.cause, 1);
  return lines;
}
