/** The program `glance-edge`: runs a command, or the server. */
import { runGlance } from "./run.ts";
import { endingSignal, serverSignals } from "./system/ending_signal.ts";
import type { System } from "./system/system.ts";

/**
 * Milliseconds for cleaning up after Ctrl-C, on disk and in Glance. A pending read of standard input or a sign-in
 * must not keep the process running. A server has a limit of its own for requests to finish.
 */
const CLEANUP_MS = 5_000;

/** Runs the program. Returns its exit code. `exit` ends the process if a signal leaves no time for that. */
export async function runProgram(
  args: readonly string[],
  systemFor: (signal: AbortSignal) => System,
  exit?: (code: number) => void,
): Promise<number> {
  const [command, ...rest] = args;
  const ending = exit === undefined ? {} : { exit };
  if (command === "start") {
    const { runStart } = await import("./start.ts");
    const { signal, onHangup } = serverSignals(ending);
    return await runStart(rest, { ...systemFor(signal), onHangup });
  }
  const system = systemFor(endingSignal({ ...ending, cleanupMs: CLEANUP_MS }));
  if (command !== "complete-images") return await runGlance(args, system);
  const { completeImages } = await import("./complete_images.ts");
  await completeImages(rest, system);
  return 0;
}
