/**
 * What a gateway tells its operator: one line of JSON for each request, and for each failover, retry and
 * resume behind it.
 *
 * @module
 */
import type { GlanceEvent } from "../../events.ts";
import type { ImageRouterOptions, RequestLog } from "../../router/mod.ts";
import { sentenceOf } from "../system/errors.ts";
import { printableJson } from "../system/console.ts";
import type { GatewaySettings } from "./backend.ts";

/** The router's options for these settings. */
export function routerOptions(
  { publicEndpoint, allowedHosts, metrics, log }: GatewaySettings,
): Pick<
  ImageRouterOptions,
  "publicEndpoint" | "allowedHosts" | "metrics" | "log" | "onEvent"
> {
  const write = (entry: LogEntry) => writeEntry(log, entry);
  return {
    allowedHosts,
    metrics,
    log: (entry: RequestLog) => write({ kind: "request", ...entry }),
    onEvent: (event: GlanceEvent) => write(inWords(event)),
    ...publicEndpoint !== null && { publicEndpoint },
  };
}

/** Logs what the embedded Glance could not do, for example read a file of its directory. */
export function logError({ log }: GatewaySettings, error: unknown): void {
  writeEntry(log, { kind: "error", error: sentenceOf(error) });
}

type LogEntry = Readonly<Record<string, unknown>>;

function writeEntry(log: GatewaySettings["log"], entry: LogEntry): void {
  log(printableJson({ time: new Date().toISOString(), ...entry }));
}

/** An error says nothing as JSON. */
function inWords(event: GlanceEvent): Readonly<Record<string, unknown>> {
  return "cause" in event ? { ...event, cause: sentenceOf(event.cause) } : event;
}
