/** The program `glance-edge`: runs a command, or the server. */
import { runGlance } from "./run.ts";
import { endingSignal } from "./system/ending_signal.ts";
import type { System } from "./system/system.ts";

/**
 * Milliseconds for cleaning up after Ctrl-C, on disk and in Glance. A pending read of standard input or a sign-in
 * must not keep the process running. A server has a limit of its own for requests to finish.
 */
const CLEANUP_MS = 5_000;

/** Runs the program. Returns its exit code. */
export async function runProgram(
  args: readonly string[],
  systemFor: (signal: AbortSignal) => System,
): Promise<number> {
  const [command, ...rest] = args;
  if (command === "complete-images") {
    const { completeImages } = await import("./complete_images.ts");
    await completeImages(rest, systemFor(endingSignal(CLEANUP_MS)));
    return 0;
  }
  if (command !== "start") return await runGlance(args, systemFor(endingSignal(CLEANUP_MS)));
  const { runStart } = await import("./start.ts");
  return await runStart(rest, systemFor(endingSignal()));
}
