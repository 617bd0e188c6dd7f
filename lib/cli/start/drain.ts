/** Stops a server: running requests may finish, and the log names those that still run. */
import type { RunningServer } from "../server/serve.ts";
import type { ServerLog } from "../server/server_log.ts";

/** Milliseconds between two reports. */
const REPORT_INTERVAL = 10_000;

/** Maximum number of requests that a report names. */
const MAX_NAMED = 5;

/** Maximum number of characters of a request. */
const NAME_LENGTH = 200;

/** Stops the server; requests that still run after `seconds` are aborted and logged. */
export async function drain(
  server: RunningServer,
  seconds: number,
  log: ServerLog,
): Promise<void> {
  const started = performance.now();
  const report = () => {
    const left = Math.max(0, Math.ceil(seconds - (performance.now() - started) / 1000));
    const text = runningText(server.requests, left);
    if (text !== null) log.message("drain", text);
  };
  report();
  const timer = setInterval(report, REPORT_INTERVAL);
  try {
    const aborted = await server.stop(seconds * 1000);
    for (const request of aborted) log.message("drain", abortedText(request, seconds));
  } finally {
    clearInterval(timer);
  }
}

/** The report of running requests; null if there are none. */
function runningText(requests: readonly string[], left: number): string | null {
  if (requests.length === 0) return null;
  const named = requests.slice(0, MAX_NAMED).map(shortened).join(", ");
  const more = requests.length > MAX_NAMED ? ` and ${requests.length - MAX_NAMED} more` : "";
  const count = requests.length === 1 ? "1 request is" : `${requests.length} requests are`;
  return `Stopping: ${count} still running, at most ${left} s longer: ${named}${more}`;
}

function abortedText(request: string, seconds: number): string {
  return `Aborted ${
    shortened(request)
  }: it was still running ${seconds} s after the signal; raise --drain-timeout to let it finish`;
}

function shortened(request: string): string {
  return request.slice(0, NAME_LENGTH);
}
