/**
 * The log of a server on standard error: one line for each request, for each cool-down, retry, and resume of its
 * upstream requests, and for each message about the server itself. As JSON, or as text for people.
 */
import type { GlanceEvent } from "../../events.ts";
import type { RequestLog } from "../../router/mod.ts";
import { sentenceOf } from "../system/errors.ts";
import { printableJson } from "../system/console.ts";

/** How lines are written. */
export type LogFormat = "json" | "text";

/** Every format. */
export const LOG_FORMATS: readonly string[] = ["json", "text"] satisfies LogFormat[];

export interface ServerLogOptions {
  readonly format: LogFormat;
  /** Whether requests and events are written. Errors and messages about the server always are. */
  readonly hasRequests: boolean;
  write(line: string): void;
}

type LogEntry = Readonly<Record<string, unknown>>;

export class ServerLog {
  readonly #options: ServerLogOptions;

  constructor(options: ServerLogOptions) {
    this.#options = options;
  }

  /** Logs a request. Health checks that succeed would hide the others: there is one every few seconds. */
  request(entry: RequestLog): void {
    if (entry.route === "/healthcheck" && entry.status < 400) return;
    if (this.#options.hasRequests) this.#write("request", entry, () => requestText(entry));
  }

  /** Logs an event of the upstream requests. */
  event(event: GlanceEvent): void {
    const { kind, ...entry } = serializable(event);
    if (this.#options.hasRequests) this.#write(String(kind), entry, () => eventText(kind, entry));
  }

  /** Logs an error of the embedded Glance, for example an unreadable file. */
  error(error: unknown): void {
    const text = sentenceOf(error);
    this.#write("error", { error: text }, () => text);
  }

  /** Writes a message about the server. */
  message(kind: "warning" | "reload" | "drain" | "error", message: string): void {
    this.#write(kind, { message }, () => message);
  }

  #write(kind: string, entry: object, text: () => string): void {
    const { format, write } = this.#options;
    const time = new Date().toISOString();
    write(
      format === "json" ? printableJson({ time, kind, ...entry }) : `${timeText(time)} ${text()}`,
    );
  }
}

/** The time of day, in UTC. */
function timeText(time: string): string {
  return time.slice(11, 23);
}

function requestText(entry: RequestLog): string {
  const { method, path, status, milliseconds, bytesIn, bytesOut, server, outcome, error } = entry;
  return [
    `${method} ${path} ${status} ${milliseconds} ms`,
    ...bytesIn > 0 ? [`${bytesIn} bytes in`] : [],
    ...bytesOut > 0 ? [`${bytesOut} bytes out`] : [],
    ...server === null ? [] : [server],
    ...outcome === "complete" ? [] : [outcome],
    ...error === null ? [] : [error],
    entry.requestId,
    ...entry.traceId === null ? [] : [`trace ${entry.traceId}`],
  ].join(", ");
}

function eventText(kind: unknown, entry: LogEntry): string {
  const known = Object.entries(entry).filter(([, value]) => value !== undefined);
  const parts = known.map(([name, value]) =>
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`
  );
  return [kind, ...parts].join(" ");
}

/** Replaces the cause with its message: an Error has no JSON representation. */
function serializable(event: GlanceEvent): LogEntry {
  return "cause" in event ? { ...event, cause: sentenceOf(event.cause) } : event;
}
