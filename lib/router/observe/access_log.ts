/**
 * Traces one request: collects its log entry and updates the metrics.
 *
 * @module
 */
import { GlanceError } from "../../errors.ts";
import type { Metrics } from "./metrics.ts";
import { HttpError } from "../error_response.ts";

/** Maximum number of characters of a path in a log entry. A longer path is cut and ends with "…". */
export const LOGGED_PATH_LENGTH = 1_024;

/** The log entry of a finished request. */
export interface RequestLog {
  /** HTTP method as received. */
  readonly method: string;
  /** Path without the query, cut after {@linkcode LOGGED_PATH_LENGTH} characters. */
  readonly path: string;
  /** Path template; empty if the path is not part of the API. */
  readonly route: string;
  /** Status of the response. */
  readonly status: number;
  /** `x-openstack-request-id`, the same here and in Glance's logs. */
  readonly requestId: string;
  /** Endpoint root of the server that answered last; null if none did. */
  readonly server: string | null;
  /** Number of times that the download was resumed after a failure. */
  readonly resumes: number;
  /** Bytes of image data received from the client. */
  readonly bytesIn: number;
  /** Bytes of the response body passed to the runtime. */
  readonly bytesOut: number;
  /** From the request's headers to the end of the response. */
  readonly milliseconds: number;
  /**
   * `gone`: the client disconnected. `cut`: the connection was reset, because no server could deliver the rest.
   * `failed`: the gateway answered with an error of its own; `error` has the reason.
   */
  readonly outcome: "complete" | "gone" | "cut" | "failed";
  /** The last error of this request, without secrets; null if there was none. */
  readonly error: string | null;
}

const KNOWN_METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** What a trace needs. */
export interface TraceOptions {
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly requestId: string;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly log: ((entry: RequestLog) => void) | null;
}

/** Maximum number of characters of an error in a log entry: it may list many attempts. */
const ERROR_LIMIT = 8_000;

function bounded(text: string, limit = LOGGED_PATH_LENGTH): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** The trace of a running request. */
export class Trace {
  readonly requestId: string;
  readonly #options: TraceOptions;
  readonly #started: number;
  #status = 0;
  #server: string | null = null;
  #resumes = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #error: string | null = null;
  #isOver = false;
  #isStreaming = false;
  #hasLeft = false;
  #atEnd = () => {};

  constructor(options: TraceOptions) {
    this.#options = options;
    this.requestId = options.requestId;
    this.#started = options.now();
    options.metrics.move("open_requests", 1);
  }

  /** Records that a server has answered. */
  answeredBy(server: string): void {
    this.#server = server;
    this.#options.metrics.add("answers_total", { server });
  }

  /** Records bytes of image data received from the client. */
  received(bytes: number): void {
    this.#bytesIn += bytes;
    this.#options.metrics.add("received_bytes_total", { path: this.#options.route }, bytes);
  }

  /** Records bytes sent to the client. */
  sent(bytes: number, server: string, resumes: number): void {
    this.#bytesOut += bytes;
    this.#server = server;
    this.#resumes = resumes;
    this.#options.metrics.add("sent_bytes_total", { server }, bytes);
  }

  /** Records that the connection of an idle download was closed. */
  released(): void {
    this.#options.metrics.add("releases_total", { server: this.#server ?? "" });
  }

  /** Records an error. */
  failed(error: unknown): void {
    const cause = error instanceof HttpError && error.cause !== undefined ? error.cause : error;
    if (cause instanceof GlanceError) this.#server = cause.server ?? this.#server;
    this.#error = cause instanceof Error ? cause.message : String(cause);
  }

  /** Records the status. This ends the trace, unless `streams` was called. */
  answered(status: number): void {
    this.#status = status;
    const { method, route, metrics } = this.#options;
    const known = KNOWN_METHODS.has(method) ? method : "other";
    metrics.add("requests_total", { method: known, path: route, status });
    if (this.#isStreaming) return;
    const hasFailed = this.#error !== null;
    this.over(this.#hasLeft ? "gone" : hasFailed ? "failed" : "complete");
  }

  /** Records that the client disconnected before there was a response. */
  left(): void {
    this.#hasLeft = true;
  }

  /** Records that the body calls `over` by itself. */
  streams(): void {
    this.#isStreaming = true;
  }

  /** Sets a function to call when the request is over. */
  atEnd(end: () => void): void {
    this.#atEnd = end;
  }

  /** Ends the trace and logs it. Only the first call counts. */
  over(outcome: RequestLog["outcome"]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { method, path, route, requestId, metrics, now, log } = this.#options;
    metrics.move("open_requests", -1);
    this.#atEnd();
    const entry: RequestLog = {
      method: bounded(method),
      path: bounded(path),
      route,
      status: this.#status,
      requestId,
      server: this.#server,
      resumes: this.#resumes,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      milliseconds: Math.round(now() - this.#started),
      outcome,
      error: this.#error === null ? null : bounded(this.#error, ERROR_LIMIT),
    };
    log?.(entry);
  }
}
