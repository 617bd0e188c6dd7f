/**
 * What uploads and downloads have in common: the flags of the progress line, and its life.
 *
 * @module
 */
import type { DownloadOptions, Progress } from "../../../transfer/types.ts";
import type { Flags, Invocation, Values } from "../../args/command.ts";
import { ProgressLine } from "../../output/progress.ts";

/** Flags of every transfer. */
export const PROGRESS_FLAGS = {
  "progress": {
    kind: "switch",
    summary: "Show the progress from the first byte; on a terminal it is shown after a second",
  },
  "no-progress": { kind: "switch", summary: "Show no progress" },
} as const satisfies Flags;

const MIB = 1024 ** 2;

/** Flags of what is read in parts. */
export const CONNECTION_FLAGS = {
  "connections": {
    kind: "number",
    value: "<N>",
    min: 1,
    summary: "Connections at the same time, spread over the servers; 1 without it",
  },
  "part-size": {
    kind: "number",
    value: "<MIB>",
    min: 1,
    summary: "MiB that a connection asks for at once; 8 without it",
  },
} as const satisfies Flags;

/** What these flags ask of the library. */
export function connectionsFrom(
  { connections, "part-size": partSize }: Values<typeof CONNECTION_FLAGS>,
): Pick<DownloadOptions, "connections" | "partSize"> {
  return {
    ...connections !== undefined && { connections },
    ...partSize !== undefined && { partSize: partSize * MIB },
  };
}

type ProgressCall = Invocation<Values<typeof PROGRESS_FLAGS>>;

/**
 * Runs a transfer with its progress line.
 *
 * @param start bytes before the first one that it reports
 */
export async function withProgress<T>(
  invocation: ProgressCall,
  transfer: (onProgress: (progress: Progress) => void) => Promise<T>,
  start: number = 0,
): Promise<T> {
  const line = progressLine(invocation, start);
  try {
    const result = await transfer(line.report);
    line.finish();
    return result;
  } catch (error) {
    invocation.messages.keepStatus();
    throw error;
  }
}

/** A progress line as the flags want it; without its `finish`, the next message takes its place. */
export function progressLine(invocation: ProgressCall, start: number = 0): ProgressLine {
  const { progress, "no-progress": isOff } = invocation.values;
  return new ProgressLine(invocation.messages, {
    show: isOff ? "never" : progress ? "always" : "auto",
    now: invocation.system.now,
    start,
  });
}
