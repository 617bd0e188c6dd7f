/**
 * `deno task start`: an Image API v2 endpoint on a socket, in front of the configured cloud, or of the
 * embedded Glance where there is none.
 *
 * @module
 */
import { redact } from "../errors.ts";
import { denoWorld, endingSignal, goToCaller } from "./system/deno_system.ts";
import { EXIT, exitCodeOf, Interrupted, sentenceOf, UsageError } from "./system/errors.ts";
import type { Flags, Values } from "./args/command.ts";
import { flagsHelp } from "./args/help.ts";
import { Messages, printable } from "./system/console.ts";
import { printText } from "./output/records.ts";
import { readFlagsOnly } from "./args/parse.ts";
import { serve } from "./server/serve.ts";
import { type CredentialMode, serveCloud } from "./server/cloud_backend.ts";
import { serveEmbedded } from "./server/embedded_backend.ts";
import type { Backend, GatewaySettings } from "./server/backend.ts";
import { untilAborted } from "./system/until_aborted.ts";
import type { System } from "./system/system.ts";

const FLAGS = {
  "host": { kind: "text", value: "<HOST>", summary: "Address to listen on; 127.0.0.1 without it" },
  "port": {
    kind: "number",
    value: "<PORT>",
    min: 0,
    summary: "Port; 9292 without it, 0 for a free one",
  },
  "os-cloud": { kind: "text", value: "<CLOUD>", summary: "Name of the cloud in clouds.yaml" },
  "service-mode": {
    kind: "switch",
    summary: "Ask with the cloud's credentials for everybody; without it, callers bring tokens",
  },
  "read-write": {
    kind: "switch",
    summary: "Let everybody change things, too, in service mode",
  },
  "embedded": {
    kind: "switch",
    summary: "Serve the embedded Glance also where a cloud is configured",
  },
  "data": {
    kind: "text",
    value: "<DIR>",
    summary: "The same, with its images in a directory; without it, they are gone when this ends",
  },
  "public-endpoint": {
    kind: "text",
    value: "<URL>",
    summary: "Where callers find this, for links in answers; without it, their requests tell",
  },
  "metrics": {
    kind: "truth",
    summary:
      "Serve counters at /metrics; without it, only where 127.0.0.1 or the like is listened to",
  },
  "drain-timeout": {
    kind: "number",
    value: "<SECONDS>",
    min: 0,
    summary: "How long running requests may take to finish after SIGTERM (default: 60)",
  },
  "no-log": { kind: "switch", summary: "Write no line for each request" },
  "help": { kind: "switch", short: "h", summary: "Show this" },
} as const satisfies Flags;

type StartValues = Values<typeof FLAGS>;

const SUMMARY =
  "Serves an Image API v2: a gateway in front of the servers in GLANCE_API_SERVERS or of the cloud that OS_* or clouds.yaml say, or, where nothing is configured, of an embedded Glance to try things out.";

/** Seconds for requests that run when the process is told to end. */
const DRAIN_TIMEOUT = 60;

/** Milliseconds for the last lines: standard error may be a pipe that is not read. */
const FLUSH_LIMIT = 2_000;

/** Milliseconds that one timer can wait. */
const MAX_TIMER = 2 ** 31 - 1;

const LOOPBACK = /^(127\.|localhost$|::1$)/;

/** Serves until the world's signal is aborted; gives the exit code. */
export async function runStart(args: readonly string[], system: System): Promise<number> {
  const messages = new Messages(system.stderr);
  try {
    const values = readFlagsOnly(args, FLAGS);
    if (values["help"]) {
      await printText({ system }, flagsHelp("deno task start [flags]", SUMMARY, FLAGS));
      return EXIT.ok;
    }
    checkFlags(values);
    await start(values, system, messages);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Interrupted)) messages.line(sentenceOf(error));
    return exitCodeOf(error);
  } finally {
    await messages.flush(FLUSH_LIMIT);
  }
}

/** @throws {UsageError} where flags are out of range or contradict each other. */
function checkFlags(values: StartValues): void {
  const { port = 0, data, "os-cloud": cloud } = values;
  if (port > 65_535) {
    throw new UsageError(`Cannot use "--port ${port}": it must be at most 65535`);
  }
  const embedded = values["embedded"] ? "--embedded" : data === undefined ? null : "--data";
  const clouds = values["service-mode"]
    ? "--service-mode"
    : cloud === undefined
    ? null
    : "--os-cloud";
  if (embedded !== null && clouds !== null) {
    throw new UsageError(
      `Cannot use ${clouds} together with ${embedded}: the embedded Glance is no cloud; leave one of them out`,
    );
  }
  if (values["read-write"] && !values["service-mode"]) {
    throw new UsageError(
      "Cannot use --read-write without --service-mode: callers with tokens may do what these allow; leave it out",
    );
  }
}

async function start(values: StartValues, system: System, messages: Messages): Promise<void> {
  const { host = "127.0.0.1", port = 9292, "drain-timeout": drainTimeout = DRAIN_TIMEOUT } = values;
  const isPrivate = LOOPBACK.test(host);
  const metrics = values["metrics"] ?? isPrivate;
  const settings: GatewaySettings = {
    publicEndpoint: values["public-endpoint"] ?? null,
    allowedHosts: isPrivate ? "loopback" : "any",
    metrics,
    log: values["no-log"] ? () => {} : (line) => messages.line(line),
  };
  using backend = await untilAborted(() => servedFor(values, system, settings), system.signal);
  const server = serve(backend.handler, { host, port });
  try {
    // Standard output may be a pipe that is not read, either.
    const text = welcome(server.url, backend, settings);
    await untilAborted(() => printText({ system }, text), system.signal).catch((error) => {
      if (!system.signal.aborted) throw error;
    });
    if (!isPrivate && backend.warning !== null) {
      messages.line(`${backend.warning} Writes from web pages of other sites are refused.`);
    }
    await ended(system.signal);
  } finally {
    const cut = await server.stop(Math.min(drainTimeout * 1000, MAX_TIMER));
    for (const request of cut) messages.line(cutLine(request, drainTimeout));
  }
}

async function servedFor(
  values: StartValues,
  system: System,
  settings: GatewaySettings,
): Promise<Backend> {
  const { data, "os-cloud": cloud = null } = values;
  if (values["embedded"] || data !== undefined) return await serveEmbedded(data ?? null, settings);
  const backend = await serveCloud({ cloud, asker: askerOf(values) }, system, settings);
  if (backend !== null) return backend;
  if (!values["service-mode"]) return await serveEmbedded(null, settings);
  throw new UsageError(
    "Cannot use --service-mode: no cloud is configured; set OS_CLOUD to a cloud of clouds.yaml, or OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME",
  );
}

function askerOf(values: StartValues): CredentialMode {
  if (!values["service-mode"]) return "callers";
  return values["read-write"] ? "writer" : "reader";
}

function welcome(
  url: string,
  { about, tries }: Backend,
  { metrics, allowedHosts, publicEndpoint }: GatewaySettings,
): string {
  // Nobody can connect to "any address".
  const reachable = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  return [
    `Listening on ${url}`,
    ...about,
    ...allowedHosts === "loopback" ? [hostsLine(publicEndpoint)] : [],
    ...metrics ? [`Counters are at ${reachable}/metrics.`] : [],
    "",
    "Try, in another terminal:",
    ...tries(reachable).map((line) => `  ${line}`),
    "",
    "Ctrl-C stops it.",
  ].map(printable).join("\n");
}

/** What keeps web pages out, which a browser on this machine shows. */
function hostsLine(publicEndpoint: string | null): string {
  const names = publicEndpoint === null ? "" : `, and for ${redact(publicEndpoint)}`;
  return `Requests are answered only for localhost, 127.0.0.1 and [::1]${names}; writes from web pages of other sites are refused.`;
}

function cutLine(request: string, seconds: number): string {
  return `Cut ${
    request.slice(0, 200)
  }: it still ran ${seconds} s after the signal to end; raise --drain-timeout to let it finish`;
}

/** Fulfilled when the signal is aborted. */
function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

if (import.meta.main) {
  goToCaller();
  Deno.exit(await runStart(Deno.args, denoWorld(endingSignal())));
}
