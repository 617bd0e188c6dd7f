/** Flags and the progress line of uploads and downloads. */
import { number, text, toggle } from "../../args/flags.ts";
import { type DownloadOptions, INSPECT_MODES, type InspectMode } from "../../../transfer/types.ts";
import type { Flags, Invocation, Values } from "../../args/command.ts";
import { UsageError } from "../../system/errors.ts";
import {
  ProgressLine,
  type ProgressLineOptions,
  type TransferProgress,
} from "../../output/progress.ts";

/** Flags of all transfers. */
export const PROGRESS_FLAGS = {
  "progress": toggle(
    "Show the progress from the first byte, and, without a terminal, in a line every ten seconds (default: on a terminal, after one second)",
  ),
  "no-progress": toggle("Do not show the progress"),
} as const satisfies Flags;

/** Flags of uploads that are inspected first. */
export const INSPECT_FLAGS = {
  "inspect": text(
    "<HOW>",
    "match: refuse data that is unsafe or not of the disk format, as Glance does since 2025.1; safe: only if it is unsafe; off: never (default: match)",
    { choices: INSPECT_MODES },
  ),
} as const satisfies Flags;

/** How an upload is inspected. */
export function inspectFrom({ inspect }: Values<typeof INSPECT_FLAGS>): InspectMode | undefined {
  // The parser has checked `choices`.
  return inspect as InspectMode | undefined;
}

const MIB = 1024 ** 2;

/** Flags of downloads with several connections. */
export const CONNECTION_FLAGS = {
  "connections": text(
    "<N>",
    "Number of parallel connections, spread over the servers; auto uses as many as make it faster, up to 8 (default: auto)",
  ),
  "part-size": number(
    "<MIB>",
    "Size of the range that a connection requests, in MiB (default: adapted to the network)",
  ),
} as const satisfies Flags;

/**
 * The options that `CONNECTION_FLAGS` set.
 *
 * @throws {UsageError} if the number of connections is not one.
 */
export function connectionsFrom(
  { connections, "part-size": partSize }: Values<typeof CONNECTION_FLAGS>,
): Pick<DownloadOptions, "connections" | "partSize"> {
  return { connections: countOf(connections), partSize: partSize && partSize * MIB };
}

function countOf(connections: string | undefined): DownloadOptions["connections"] {
  if (connections === undefined || connections === "auto") return "auto";
  const count = Number(connections);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new UsageError(
    `Cannot use "--connections ${connections}": it must be an integer of at least 1, or auto`,
  );
}

type ProgressCall = Invocation<typeof PROGRESS_FLAGS>;

/** The options that every transfer has. */
export interface TransferOptions {
  readonly onProgress: (progress: TransferProgress) => void;
  readonly signal: AbortSignal;
}

/** The subject of a progress line. */
type ProgressSubject = Pick<ProgressLineOptions, "name" | "start">;

/** Milliseconds between two updates while nothing is transferred. */
const TICK = 1_000;

/**
 * Runs a transfer and shows its progress.
 *
 * @param transfer gets the options that show the progress, and abort it with the command
 */
export async function withProgress<T>(
  invocation: ProgressCall,
  subject: ProgressSubject,
  transfer: (options: TransferOptions) => Promise<T>,
): Promise<T> {
  const { system, listeners, messages } = invocation;
  const line = progressLine(invocation, subject);
  const stop = (system.every ?? repeat)(TICK, line.tick);
  listeners.add(line.notice);
  try {
    const result = await transfer({ onProgress: line.report, signal: system.signal });
    line.finish();
    return result;
  } catch (error) {
    messages.keepStatus();
    throw error;
  } finally {
    stop();
    listeners.delete(line.notice);
  }
}

/** Creates a progress line. If it is not finished, the next message replaces it. */
export function progressLine(
  { values, messages, system }: ProgressCall,
  subject: ProgressSubject,
): ProgressLine {
  const { progress, "no-progress": isOff } = values;
  const show = isOff ? "never" : progress ? "always" : "auto";
  return new ProgressLine(messages, { show, now: system.now, ...subject });
}

function repeat(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}
