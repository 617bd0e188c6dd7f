/**
 * `start`: serves the Image API v2, as a gateway to the configured cloud or to the embedded Glance.
 */
import "./server/loaded_ahead.ts";
import { number, text, toggle, truth } from "./args/flags.ts";
import { abortable } from "../http/deadline.ts";
import { redact } from "../redact.ts";
import { INSPECT_MODES, type InspectMode } from "../transfer/types.ts";
import { denoSystem, goToCaller } from "./system/deno_system.ts";
import { endingSignal } from "./system/ending_signal.ts";
import { EXIT, exitCodeOf, Interrupted, sentenceOf, UsageError } from "./system/errors.ts";
import { command, type Flags, type Values } from "./args/command.ts";
import { flagsHelp } from "./args/help.ts";
import { Messages, printable } from "./system/console.ts";
import { printText } from "./output/records.ts";
import { readFlagsOnly } from "./args/parse.ts";
import { listenAndServe } from "./server/serve.ts";
import type { CredentialMode } from "./server/cloud_backend.ts";
import type { Backend, GatewaySettings } from "./server/backend.ts";
import { PROGRAM, type System } from "./system/system.ts";

const FLAGS = {
  "host": text("<HOST>", "Address to listen on (default: 127.0.0.1)"),
  "port": number("<PORT>", "Port to listen on, 0 for a free one (default: 9292)", 0),
  "os-cloud": text("<CLOUD>", "Cloud in clouds.yaml (default: OS_CLOUD)"),
  "service-mode": toggle(
    "Use the cloud's credentials for all clients, read-only (default: clients send their own tokens)",
  ),
  "read-write": toggle("With --service-mode, allow clients to write, too"),
  "embedded": toggle("Serve the embedded Glance even if a cloud is configured"),
  "data": text(
    "<DIR>",
    "Serve the embedded Glance with its images in this directory (default: in memory)",
  ),
  "cache": text(
    "<DIR>",
    "Keep image data in this directory, so that many readers cost one read of the cloud",
  ),
  "cache-size": text("<SIZE>", "Maximum size of the cache, such as 50GiB (default: 10GiB)"),
  "public-endpoint": text(
    "<URL>",
    "URL of this server for links in responses (default: from each request)",
  ),
  "inspect": text(
    "<HOW>",
    "match: answer 415 to uploads that are unsafe or not of the disk format, as Glance does since 2025.1; safe: only if they are unsafe; off: to none (default: off)",
    { choices: INSPECT_MODES },
  ),
  "metrics": truth(
    "Serve Prometheus metrics at /metrics (default: only if --host is a loopback address)",
  ),
  "drain-timeout": number(
    "<SECONDS>",
    "Time for running requests to finish after Ctrl-C or SIGTERM (default: 60)",
    0,
  ),
  "no-log": toggle("Do not log requests to standard error"),
  "help": toggle("Show this help", { short: "h" }),
} as const satisfies Flags;

const SUMMARY =
  "Serve the Image API v2 as a gateway to the servers in GLANCE_API_SERVERS or to the cloud that OS_* variables or clouds.yaml configure. If nothing is configured, serve an embedded Glance to try things out.";

type StartValues = Values<typeof FLAGS>;

// Those that are global flags, too, have the same meaning.
const { "os-cloud": _cloud, help: _help, ...ownFlags } = FLAGS;

/** `start` in the list of commands, for help and completion; `runStart` parses and runs it. */
export const COMMANDS = {
  "start": command({
    details: SUMMARY,
    flags: ownFlags,
    run: () => {
      throw new UsageError(
        'Cannot run "start": it must be the first word; write its flags after it',
      );
    },
  }),
};

/** Seconds for running requests to finish after a signal. */
const DRAIN_TIMEOUT = 60;

/** Milliseconds to write the last messages: standard error may be a pipe that is not read. */
const FLUSH_LIMIT = 2_000;

/** Maximum delay of a timer in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

const LOOPBACK = /^(127\.|localhost$|::1$)/;

/** Serves until the signal of `system` is aborted. Returns the exit code. */
export async function runStart(args: readonly string[], system: System): Promise<number> {
  const { program = PROGRAM } = system;
  const messages = new Messages(system.stderr, program);
  try {
    const values = readFlagsOnly(args, FLAGS, 'see "glance-edge start --help"');
    if (values["help"]) {
      await printText({ system }, flagsHelp(`${program} start [flags]`, SUMMARY, FLAGS));
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

/** @throws {UsageError} if flags are out of range or contradict each other. */
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
      `Cannot use ${clouds} together with ${embedded}: the embedded Glance has no cloud; leave one of them out`,
    );
  }
  if (embedded !== null && values["cache"] !== undefined) {
    throw new UsageError(
      `Cannot use --cache together with ${embedded}: the images of the embedded Glance are on this machine; leave one of them out`,
    );
  }
  if (values["read-write"] && !values["service-mode"]) {
    throw new UsageError(
      "Cannot use --read-write without --service-mode: the tokens of clients decide what they can write; leave it out, or add --service-mode",
    );
  }
}

async function start(values: StartValues, system: System, messages: Messages): Promise<void> {
  const isPrivate = LOOPBACK.test(hostOf(values));
  const metrics = values["metrics"] ?? isPrivate;
  const settings: GatewaySettings = {
    publicEndpoint: values["public-endpoint"] ?? null,
    allowedHosts: isPrivate ? "loopback" : "any",
    // The parser has checked the choices.
    inspect: values["inspect"] as InspectMode | undefined,
    cache: await cacheIn(values),
    metrics,
    log: values["no-log"] ? () => {} : (line) => messages.line(line),
  };
  const { signal } = system;
  signal.throwIfAborted();
  const backend = await abortable(
    openBackend(values, system, settings),
    signal,
    (late) => late[Symbol.dispose](),
  );
  try {
    await serveUntilSignal(backend, values, settings, system, messages);
  } finally {
    backend[Symbol.dispose]();
  }
}

async function serveUntilSignal(
  backend: Backend,
  values: StartValues,
  settings: GatewaySettings,
  system: System,
  messages: Messages,
): Promise<void> {
  const { signal } = system;
  const { port = 9292, "drain-timeout": drainTimeout = DRAIN_TIMEOUT } = values;
  const server = await listenAndServe(backend.handler, { host: hostOf(values), port });
  try {
    // Standard output may be a pipe that is not read.
    const text = welcome(server.url, backend, settings, system.program);
    await abortable(printText({ system }, text), signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (settings.allowedHosts === "any" && backend.warning !== null) {
      messages.line(`${backend.warning} Writes from web pages of other sites are refused.`);
    }
    await ended(system.signal);
  } finally {
    const cut = await server.stop(Math.min(drainTimeout * 1000, MAX_TIMER));
    for (const request of cut) messages.line(cutLine(request, drainTimeout));
  }
}

function hostOf({ host = "127.0.0.1" }: StartValues): string {
  return host;
}

/** The edge cache that the flags set; null for none. */
async function cacheIn(values: StartValues): Promise<GatewaySettings["cache"]> {
  const { cache, "cache-size": size } = values;
  if (cache === undefined && size === undefined) return null;
  const { cacheOf } = await import("./server/cache_flags.ts");
  return cacheOf(values);
}

async function openBackend(
  values: StartValues,
  system: System,
  settings: GatewaySettings,
): Promise<Backend> {
  const { data, "os-cloud": cloud = null } = values;
  const embedded = async () => {
    const { serveEmbedded } = await import("./server/embedded_backend.ts");
    return await serveEmbedded(data ?? null, system.files, settings);
  };
  if (values["embedded"] || data !== undefined) return await embedded();
  const { serveCloud } = await import("./server/cloud_backend.ts");
  const backend = await serveCloud({ cloud, mode: credentialModeOf(values) }, system, settings);
  if (backend !== null) return backend;
  const given = values["service-mode"] ? "--service-mode" : settings.cache && "--cache";
  if (given === null) return await embedded();
  throw new UsageError(
    `Cannot use ${given}: no cloud is configured; set OS_CLOUD to a cloud in clouds.yaml, or OS_AUTH_URL with OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME`,
  );
}

function credentialModeOf(values: StartValues): CredentialMode {
  if (!values["service-mode"]) return "callers";
  return values["read-write"] ? "writer" : "reader";
}

function welcome(
  url: string,
  { about, examples }: Backend,
  { metrics, allowedHosts, publicEndpoint }: GatewaySettings,
  program: string = PROGRAM,
): string {
  // Clients cannot connect to the unspecified address.
  const reachable = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  return [
    `Open ${reachable} in a browser`,
    "",
    `Listening on ${url}`,
    ...about,
    ...allowedHosts === "loopback" ? [hostsLine(publicEndpoint)] : [],
    ...metrics ? [`Metrics: ${reachable}/metrics`] : [],
    "",
    "Try it in another terminal:",
    ...examples(reachable, runnable(program)).map((line) => `  ${line}`),
    "",
    "Press Ctrl-C to stop.",
  ].map(printable).join("\n");
}

/** How users start the command line without Deno in their `PATH`, if a task has started this server. */
function runnable(program: string): string {
  return program.replace(/^deno /, () => `npx -y deno@${Deno.version.deno} `);
}

/** Describes the protection from web pages in a browser on this machine. */
function hostsLine(publicEndpoint: string | null): string {
  const names = publicEndpoint === null ? "" : ` and ${redact(publicEndpoint)}`;
  return `Allowed hosts: localhost, 127.0.0.1, [::1]${names}. Writes from web pages of other sites are refused.`;
}

function cutLine(request: string, seconds: number): string {
  return `Aborted ${
    request.slice(0, 200)
  }: it was still running ${seconds} s after the signal; raise --drain-timeout to let it finish`;
}

/** Resolves when the signal is aborted. */
function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

if (import.meta.main) {
  const program = goToCaller();
  Deno.exit(await runStart(Deno.args, { ...denoSystem(endingSignal()), program }));
}
