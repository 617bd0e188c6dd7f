/**
 * `start`: serves the Image API v2, as a gateway to the configured cloud or to the embedded Glance.
 */
import "./server/loaded_ahead.ts";
import { abortable } from "../http/deadline.ts";
import { redact } from "../redact.ts";
import { GLOBAL_FLAGS } from "./args/global_flags.ts";
import { denoSystem, goToCaller } from "./system/deno_system.ts";
import { serverSignals } from "./system/ending_signal.ts";
import { EXIT, exitCodeOf, Interrupted, sentenceOf, UsageError } from "./system/errors.ts";
import { command, type Flags } from "./args/command.ts";
import { flagsHelp } from "./args/help.ts";
import { Messages, printable } from "./system/console.ts";
import { printText } from "./output/records.ts";
import { listenAndServe } from "./server/serve.ts";
import type { CredentialMode } from "./server/cloud_backend.ts";
import type { Backend, GatewaySettings } from "./server/backend.ts";
import { probeWhileStopping, withProbes } from "./server/health.ts";
import { type LogFormat, ServerLog } from "./server/server_log.ts";
import { TlsCertificate } from "./server/tls_certificate.ts";
import { clearTextWarnings } from "./start/clear_text.ts";
import { drain } from "./start/drain.ts";
import {
  hostOf,
  listenerLimits,
  type RouterSettings,
  routerSettings,
} from "./start/router_options.ts";
import { readSettings, type StartSettings } from "./start/settings.ts";
import { START_FLAGS, type StartValues } from "./start/start_flags.ts";
import { PROGRAM, type System } from "./system/system.ts";

const SUMMARY =
  "Serve the Image API v2 as a gateway to the servers in GLANCE_API_SERVERS or to the cloud that OS_* variables or clouds.yaml configure. If nothing is configured, serve an embedded Glance to try things out.";

/** The flags of `start`, except global ones, which have the same meaning. */
const ownFlags: Flags = Object.fromEntries(
  Object.entries(START_FLAGS).filter(([name]) => !Object.hasOwn(GLOBAL_FLAGS, name)),
);

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

/** Serves until the signal of `system` is aborted. Returns the exit code. */
export async function runStart(args: readonly string[], system: System): Promise<number> {
  const { program = PROGRAM } = system;
  const messages = new Messages(system.stderr, program);
  try {
    // A file may be a pipe without a writer.
    const settings = await abortable(readSettings(args, system.files), system.signal);
    if (settings.values["help"]) {
      await printText({ system }, flagsHelp(`${program} start [flags]`, SUMMARY, START_FLAGS));
      return EXIT.ok;
    }
    await start(settings, system, messages);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Interrupted)) messages.line(sentenceOf(error));
    return exitCodeOf(error);
  } finally {
    await messages.flush(FLUSH_LIMIT);
  }
}

async function start(
  settings: StartSettings,
  system: System,
  messages: Messages,
): Promise<void> {
  const { values } = settings;
  const gateway = { router: routerSettings(settings), log: logOf(values, messages) };
  const { signal } = system;
  const certificate = await abortable(certificateOf(values, system), signal);
  signal.throwIfAborted();
  const release = (late: Disposable | null) => late?.[Symbol.dispose]();
  const lock = await abortable(cacheLock(values, system), signal, release);
  let backend: Backend | null = null;
  try {
    backend = await abortable(openBackend(values, system, gateway), signal, release);
    if (gateway.router.cache !== undefined) {
      const { warmCache } = await import("./server/warm_cache.ts");
      await abortable(warmCache(), signal);
    }
    await serveUntilSignal(backend, certificate, values, gateway, system);
  } finally {
    release(backend);
    release(lock);
  }
}

/** Locks the directory of the cache; null if there is none. */
async function cacheLock({ cache }: StartValues, { files }: System): Promise<Disposable | null> {
  if (cache === undefined) return null;
  const { lockCache } = await import("./server/directory_lock.ts");
  return await lockCache(cache, files);
}

function logOf(values: StartValues, messages: Messages): ServerLog {
  const log = new ServerLog({
    // The parser has checked the choices.
    format: values["log-format"] as LogFormat | undefined ??
      (messages.isTerminal ? "text" : "json"),
    hasRequests: !values["no-log"],
    write: (line) => messages.line(line),
  });
  messages.reportDropped = (report) => log.message("warning", report);
  return log;
}

async function certificateOf(values: StartValues, system: System): Promise<TlsCertificate | null> {
  const { "tls-cert": certFile, "tls-key": keyFile } = values;
  if (certFile === undefined || keyFile === undefined) return null;
  return await TlsCertificate.open({ certFile, keyFile }, system.files);
}

async function serveUntilSignal(
  backend: Backend,
  certificate: TlsCertificate | null,
  values: StartValues,
  gateway: GatewaySettings,
  system: System,
): Promise<void> {
  const { signal } = system;
  const { port = 9292, "drain-timeout": drainTimeout = DRAIN_TIMEOUT } = values;
  const { log } = gateway;
  const host = hostOf(values);
  const server = await listenAndServe(withProbes(backend.handler), { host, port }, {
    limits: listenerLimits(values),
    certificate,
    whileStopping: probeWhileStopping,
  });
  try {
    reloadOnHangup(certificate, system, log);
    // Standard output may be a pipe that is not read.
    const text = welcome(server.url, backend, gateway.router, system.program);
    await abortable(printText({ system }, text), signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    warn(backend, values, certificate, gateway);
    await ended(signal);
  } finally {
    await drain(server, drainTimeout, log);
    system.onHangup?.(null);
  }
}

/** Lets SIGHUP read the certificate again. Without one, it ends a server that a terminal has started. */
function reloadOnHangup(
  certificate: TlsCertificate | null,
  { onHangup, stderr }: System,
  log: ServerLog,
): void {
  if (certificate === null) {
    if (!stderr.isTerminal) onHangup?.(() => log.message("reload", "There is nothing to reload"));
    return;
  }
  onHangup?.(() => {
    certificate.reload().then(
      () => {
        log.message("reload", `Reloaded the certificate, valid to ${certificate.validTo}`);
        warnOfTime(certificate, log);
      },
      (error) =>
        log.message("error", `${sentenceOf(error)}. The previous certificate remains in use.`),
    );
  });
}

function warnOfTime(certificate: TlsCertificate, log: ServerLog): void {
  const problem = certificate.timeProblem(Date.now());
  if (problem !== null) log.message("warning", problem);
}

function warn(
  backend: Backend,
  values: StartValues,
  certificate: TlsCertificate | null,
  { router, log }: GatewaySettings,
): void {
  if (router.allowedHosts === "any" && backend.warning !== null) {
    const message = `${backend.warning} Writes from web pages of other sites are refused.`;
    log.message("warning", message);
  }
  if (certificate !== null) warnOfTime(certificate, log);
  const warnings = clearTextWarnings({
    host: hostOf(values),
    hasTls: certificate !== null,
    clientsSendTokens: backend.warning === null,
    servers: backend.servers,
  });
  for (const message of warnings) log.message("warning", message);
}

async function openBackend(
  values: StartValues,
  system: System,
  gateway: GatewaySettings,
): Promise<Backend> {
  const { data, "os-cloud": cloud = null } = values;
  const embedded = async () => {
    const { serveEmbedded } = await import("./server/embedded_backend.ts");
    return await serveEmbedded(data ?? null, system.files, gateway);
  };
  if (values["embedded"] || data !== undefined) return await embedded();
  const { serveCloud } = await import("./server/cloud_backend.ts");
  const servers = values["api-servers"].flatMap((list) => list.split(/[\s,]+/)).filter(Boolean);
  const apiServers = servers.length > 0 ? servers : null;
  const tls = {
    caCertFile: values["os-cacert"],
    certFile: values["os-cert"],
    keyFile: values["os-key"],
  };
  const choice = { cloud, mode: credentialModeOf(values), apiServers, tls };
  const backend = await serveCloud(choice, system, gateway);
  if (backend !== null) return backend;
  const given = values["service-mode"] ? "--service-mode" : gateway.router.cache && "--cache";
  if (given === undefined) return await embedded();
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
  { metrics, allowedHosts, publicEndpoint, page }: RouterSettings,
  program: string = PROGRAM,
): string {
  // Clients cannot connect to the unspecified address.
  const reachable = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  return [
    ...page ? [`Open ${reachable} in a browser`, ""] : [],
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
function hostsLine(publicEndpoint: string | undefined): string {
  const names = publicEndpoint === undefined ? "" : ` and ${redact(publicEndpoint)}`;
  return `Allowed hosts: localhost, 127.0.0.1, [::1]${names}. Writes from web pages of other sites are refused.`;
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
  const { signal, onHangup } = serverSignals();
  Deno.exit(await runStart(Deno.args, { ...denoSystem(signal), onHangup, program }));
}
