/**
 * What uploads and downloads have in common: the flags of the progress line, and its life.
 *
 * @module
 */
import type { Progress } from "../data/types.ts";
import type { Call, Flags, Values } from "./flags.ts";
import { ProgressLine } from "./progress.ts";

/** Flags of every transfer. */
export const PROGRESS_FLAGS = {
  "progress": {
    kind: "switch",
    summary: "Show the progress from the first byte; on a terminal it is shown after a second",
  },
  "no-progress": { kind: "switch", summary: "Show no progress" },
} as const satisfies Flags;

/** Runs a transfer with its progress line. */
export async function withProgress<T>(
  call: Call<Values<typeof PROGRESS_FLAGS>>,
  transfer: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const { progress, "no-progress": isOff } = call.values;
  const line = new ProgressLine(call.messages, {
    show: isOff ? "never" : progress ? "always" : "auto",
    now: call.world.now,
  });
  try {
    const result = await transfer(line.report);
    line.finish();
    return result;
  } catch (error) {
    call.messages.keepStatus();
    throw error;
  }
}
