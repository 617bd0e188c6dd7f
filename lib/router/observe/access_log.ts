/** Records one request: collects its log entry and updates the metrics. */
import { messageOf } from "../../validate.ts";
import { GlanceError } from "../../errors.ts";
import type { Metrics } from "./metrics.ts";
import { HttpError } from "../error_response.ts";
import type { TraceHeaders } from "../../tracing/trace_context.ts";

/** Maximum number of characters of a path in a log entry. A longer path is cut and ends with "…". */
const LOGGED_PATH_LENGTH = 1_024;

/** The log entry of a finished request. */
export interface RequestLog {
  /** HTTP method as received. */
  readonly method: string;
  /** Path without the query, cut after 1,024 characters. */
  readonly path: string;
  /** Path template; empty if the path is not part of the API. */
  readonly route: string;
  /** Status of the response; 499 if the client disconnected before there was one. */
  readonly status: number;
  /** `x-openstack-request-id`, the same here and in Glance's logs. */
  readonly requestId: string;
  /** Trace id of `traceparent`, 32 hexadecimal digits, the same as in the requests to Glance; null if there is none. */
  readonly traceId: string | null;
  /** Endpoint root of the server that responded or failed last; `cache` for cached data; null if there is none. */
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
   * `canceled`: the client disconnected. `aborted`: the connection was reset, because no server could deliver the rest.
   * `failed`: the gateway responded with an error of its own; `error` has the reason.
   */
  readonly outcome: "complete" | "canceled" | "aborted" | "failed";
  /** The last error of this request, without secrets; null if there was none. */
  readonly error: string | null;
}

const KNOWN_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The input of a recorder. */
export interface RecorderOptions
  extends Pick<RequestLog, "method" | "path" | "route" | "requestId"> {
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly log: ((entry: RequestLog) => void) | null;
}

/** Maximum number of characters of an error in a log entry: it may list many attempts. */
const ERROR_LIMIT = 8_000;

function bounded(text: string, limit = LOGGED_PATH_LENGTH): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** Records a running request: what is known of its log entry, and the metrics. */
export class RequestRecorder {
  readonly #options: RecorderOptions;
  readonly #entry: { -readonly [Key in keyof RequestLog]: RequestLog[Key] };
  readonly #started: number;
  readonly #labels: { readonly method: string; readonly path: string };
  /** The trace headers of the client, else of a new trace. */
  traceHeaders: TraceHeaders | undefined;
  #hasEnded = false;
  #isStreaming = false;
  readonly #onEnd: ((entry: RequestLog) => void)[] = [];

  constructor(options: RecorderOptions) {
    const { method, path, route, requestId, metrics, now } = options;
    this.#options = options;
    this.#entry = {
      method: bounded(method),
      path: bounded(path),
      route,
      status: 0,
      requestId,
      traceId: null,
      server: null,
      resumes: 0,
      bytesIn: 0,
      bytesOut: 0,
      milliseconds: 0,
      outcome: "complete",
      error: null,
    };
    this.#started = now();
    const known = KNOWN_METHODS.includes(method) ? method : "other";
    this.#labels = { method: known, path: route };
    metrics.counters?.move("open_requests", 1);
  }

  /** `x-openstack-request-id`. */
  get requestId(): string {
    return this.#entry.requestId;
  }

  /** Records that a server has responded. */
  respondedBy(server: string): void {
    this.#entry.server = server;
    this.#options.metrics.counters?.add("upstream_responses_total", { server });
  }

  /** Records bytes of image data received from the client. */
  received(bytes: number): void {
    this.#entry.bytesIn += bytes;
    this.#options.metrics.counters?.add("received_bytes_total", { path: this.#entry.route }, bytes);
  }

  /** Records bytes of a server or of the cache that were sent to the client. */
  sent(bytes: number, server: string, resumes: number): void {
    this.#entry.server = server;
    this.#entry.resumes = resumes;
    this.count(bytes, server);
  }

  /** Counts bytes sent to the client. */
  count(bytes: number, server: string): void {
    this.#entry.bytesOut += bytes;
    this.#options.metrics.counters?.add("sent_bytes_total", { server }, bytes);
  }

  /** Records that the connection of an idle download was closed. */
  released(): void {
    this.#options.metrics.counters?.add("releases_total", { server: this.#entry.server ?? "" });
  }

  /** Records an error. After the end, it is only the consequence of a disconnect. */
  failed(error: unknown): void {
    if (this.#hasEnded) return;
    const cause = error instanceof HttpError && error.cause !== undefined ? error.cause : error;
    if (cause instanceof GlanceError) this.#entry.server = cause.server ?? this.#entry.server;
    this.#entry.error = bounded(messageOf(cause), ERROR_LIMIT);
    this.#entry.outcome = "failed";
  }

  /** Records that the client disconnected before there was a response. */
  disconnected(): void {
    this.#entry.outcome = "canceled";
  }

  /** Records the status, and ends the record unless `startStreaming` was called. */
  responded(status: number): void {
    this.#entry.status = status;
    const { metrics, now } = this.#options;
    metrics.counters?.add("requests_total", { ...this.#labels, status });
    metrics.counters?.time("response_start_seconds", this.#labels, now() - this.#started);
    if (!this.#isStreaming) this.end(this.#entry.outcome);
  }

  /** Records that the body is streamed; its stream calls `end`. */
  startStreaming(): void {
    this.#isStreaming = true;
  }

  /** Adds a function to call when the request is over. */
  onEnd(end: (entry: RequestLog) => void): void {
    this.#onEnd.push(end);
  }

  /** Ends the record and logs it. Only the first call counts. */
  end(outcome: RequestLog["outcome"]): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { metrics, now, log } = this.#options;
    metrics.counters?.move("open_requests", -1);
    const milliseconds = now() - this.#started;
    metrics.counters?.time("request_duration_seconds", this.#labels, milliseconds);
    metrics.counters?.add("responses_total", { outcome });
    this.#entry.milliseconds = Math.round(milliseconds);
    this.#entry.outcome = outcome;
    this.#entry.traceId = this.traceHeaders?.traceparent.slice(3, 35) ?? null;
    for (const end of this.#onEnd) end(this.#entry);
    log?.({ ...this.#entry });
  }
}
