/**
 * The log of a gateway: one line of JSON for each request, and for each cool-down, retry and resume of its
 * upstream requests.
 */
import type { GlanceEvent } from "../../events.ts";
import type { ImageRouterOptions, RequestLog } from "../../router/mod.ts";
import { sentenceOf } from "../system/errors.ts";
import { printableJson } from "../system/console.ts";
import type { GatewaySettings } from "./backend.ts";

export function routerOptions(
  { publicEndpoint, allowedHosts, cache, inspect, metrics, log }: GatewaySettings,
): Pick<
  ImageRouterOptions,
  "publicEndpoint" | "allowedHosts" | "cache" | "inspect" | "metrics" | "page" | "log" | "onEvent"
> {
  const write = (entry: LogEntry) => writeEntry(log, entry);
  return {
    allowedHosts,
    inspect,
    cache: cache ?? undefined,
    metrics,
    page: true,
    log: (entry: RequestLog) => write({ kind: "request", ...entry }),
    onEvent: (event: GlanceEvent) => write(serializable(event)),
    publicEndpoint: publicEndpoint ?? undefined,
  };
}

/** Logs an error of the embedded Glance, for example an unreadable file. */
export function logError({ log }: GatewaySettings, error: unknown): void {
  writeEntry(log, { kind: "error", error: sentenceOf(error) });
}

type LogEntry = Readonly<Record<string, unknown>>;

function writeEntry(log: GatewaySettings["log"], entry: LogEntry): void {
  log(printableJson({ time: new Date().toISOString(), ...entry }));
}

/** Replaces the cause with its message: an Error has no JSON representation. */
function serializable(event: GlanceEvent): Readonly<Record<string, unknown>> {
  return "cause" in event ? { ...event, cause: sentenceOf(event.cause) } : event;
}
