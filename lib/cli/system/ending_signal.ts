/** The signals that end the process: SIGINT (Ctrl-C), SIGTERM and SIGHUP. */
import process from "node:process";
import { ENDING_SIGNALS, type EndingSignal, Interrupted } from "./errors.ts";

/**
 * Milliseconds in which repeated signals count as one: npx and `deno task` forward the Ctrl-C that the terminal
 * also sends to this process.
 */
const REPEAT_MS = 1000;

/**
 * Returns a signal that is aborted by the first SIGINT (Ctrl-C), SIGTERM or SIGHUP, so that the command can clean
 * up. A second one, at least a second later, ends the process at once.
 *
 * @param cleanupMs milliseconds after which the process ends by itself: a read of a silent pipe cannot be
 * aborted (default: no limit)
 */
export function endingSignal(cleanupMs: number = Infinity): AbortSignal {
  const controller = new AbortController();
  let first = Infinity;
  for (const name of supportedSignals()) {
    const exit = () => process.exit(ENDING_SIGNALS[name]);
    process.on(name, () => {
      const now = performance.now();
      if (now - first >= REPEAT_MS) exit();
      if (controller.signal.aborted) return;
      first = now;
      if (cleanupMs < Infinity) setTimeout(exit, cleanupMs);
      controller.abort(new Interrupted(name));
    });
  }
  return controller.signal;
}

/** Windows has no SIGTERM. */
function supportedSignals(): EndingSignal[] {
  const names = Object.keys(ENDING_SIGNALS) as EndingSignal[];
  return process.platform === "win32" ? ["SIGINT"] : names;
}
