/** The end of the process on Node and Bun. */
import process from "node:process";
import { ENDING_SIGNALS, type EndingSignal } from "./errors.ts";

/**
 * Ends the process with an exit code. `process.exit` of Node waits for threads that read, and one that reads a
 * pipe to which nothing is written never ends. So the exit code of a signal ends the process by that signal.
 */
export function endProcess(code: number): void {
  const signal = signalOf(code);
  if (signal !== undefined && process.platform !== "win32") {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  // Also the first process of a container: signals without a listener do not end it.
  process.exit(code);
}

function signalOf(code: number): EndingSignal | undefined {
  const names = Object.keys(ENDING_SIGNALS) as EndingSignal[];
  return names.find((name) => ENDING_SIGNALS[name] === code);
}
