/** Errors of the command line, exit codes, and the messages of errors. Pure. */
import { GlanceError } from "../../errors.ts";
import { redactUrls } from "../../redact.ts";
import { inTerminalWords } from "../args/wording.ts";

/** Exit codes. */
export const EXIT: {
  readonly ok: 0;
  readonly failure: 1;
  readonly usage: 2;
  readonly closedOutput: 141;
} = {
  ok: 0,
  failure: 1,
  usage: 2,
  // 128 + SIGPIPE, as shells report it for other programs.
  closedOutput: 141,
};

/** A signal that ends a command. */
export type EndingSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** Exit codes of signals that end a command: 128 + signal number, as shells expect. */
export const ENDING_SIGNALS: Readonly<Record<EndingSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

/** The reason of the abort if a signal ends the process. */
export class Interrupted extends Error {
  /** `Interrupted`. */
  override name = "Interrupted";
  /** Exit code of the process. */
  readonly exitCode: number;

  /** Creates the reason for `signal`. */
  constructor(signal: EndingSignal) {
    super(`ended by ${signal}`);
    this.exitCode = ENDING_SIGNALS[signal];
  }
}

/** The command line is invalid. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A command failed for a local reason: files, standard streams, configuration. */
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

/** The message of an error on one line, with the request id for the operator of the cloud. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `Cannot continue: ${redactUrls(String(error))}`;
  const message = redactUrls(error.message);
  if (error instanceof UsageError || error instanceof CommandFailed) return message;
  if (!(error instanceof GlanceError)) return `Cannot continue: ${message}`;
  const { requestId } = error;
  const words = inTerminalWords(message, error);
  return requestId === undefined || words.includes(requestId) ? words : `${words} (${requestId})`;
}

/** The causes of an error, one line each, outermost first. */
export function causesOf(error: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  const textOf = (cause: unknown) => {
    if (!(cause instanceof Error)) return redactUrls(String(cause));
    const text = redactUrls(`${cause.name}: ${cause.message}`);
    return cause instanceof GlanceError ? inTerminalWords(text, cause) : text;
  };
  const visit = (cause: unknown, depth: number) => {
    if (cause === undefined || cause === null || seen.has(cause)) return;
    seen.add(cause);
    lines.push(`${"  ".repeat(depth)}caused by ${textOf(cause)}`);
    if (cause instanceof AggregateError) cause.errors.forEach((one) => visit(one, depth + 1));
    if (cause instanceof Error) visit(cause.cause, depth + 1);
  };
  if (error instanceof Error) visit(error.cause, 1);
  return lines;
}
