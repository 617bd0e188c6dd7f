/**
 * The record of one request: what a log line says of it, and the counters that it moves.
 *
 * @module
 */
import { GlanceError } from "../../errors.ts";
import type { Metrics } from "./metrics.ts";
import { HttpError } from "../error_response.ts";

/** Characters of a path in a log line; "…" follows a path that is longer. */
export const LOGGED_PATH_LENGTH = 1_024;

/** One request, when all of it is over. */
export interface RequestLog {
  /** As it came. */
  readonly method: string;
  /** Path without its query; at most {@linkcode LOGGED_PATH_LENGTH} characters of it. */
  readonly path: string;
  /** Template of the path; empty where there is none. */
  readonly route: string;
  /** Status of the answer. */
  readonly status: number;
  /** `x-openstack-request-id`, the same here and in Glance's logs. */
  readonly requestId: string;
  /** Server that answered last, as an endpoint root; null where none did. */
  readonly server: string | null;
  /** Times that the answer went on after it had broken. */
  readonly resumes: number;
  /** Bytes of image data that came in. */
  readonly bytesIn: number;
  /** Bytes of the answer's body that were handed over. */
  readonly bytesOut: number;
  /** From the request's headers to the end of the answer. */
  readonly milliseconds: number;
  /**
   * `gone`: the caller has left. `cut`: the connection was cut, since no server could deliver the rest.
   * `failed`: the caller got an error of the gateway's own, and `error` says why.
   */
  readonly outcome: "complete" | "gone" | "cut" | "failed";
  /** What went wrong on the way to the servers, without secrets. */
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

/** What a trace is made of. */
export interface TraceOptions {
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly requestId: string;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly log: ((entry: RequestLog) => void) | null;
}

/** Characters of an error that are logged: it may tell of many attempts. */
const ERROR_LIMIT = 8_000;

function bounded(text: string, limit = LOGGED_PATH_LENGTH): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** The record of a request that is under way. */
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

  /** A server has answered. */
  answeredBy(server: string): void {
    this.#server = server;
    this.#options.metrics.add("answers_total", { server });
  }

  /** Bytes of image data came in. */
  received(bytes: number): void {
    this.#bytesIn += bytes;
    this.#options.metrics.add("received_bytes_total", { path: this.#options.route }, bytes);
  }

  /** Bytes of image data go out. */
  sent(bytes: number, server: string, resumes: number): void {
    this.#bytesOut += bytes;
    this.#server = server;
    this.#resumes = resumes;
    this.#options.metrics.add("sent_bytes_total", { server }, bytes);
  }

  /** The server's connection was given back under a caller who takes nothing. */
  released(): void {
    this.#options.metrics.add("releases_total", { server: this.#server ?? "" });
  }

  /** Something went wrong. */
  failed(error: unknown): void {
    const cause = error instanceof HttpError && error.cause !== undefined ? error.cause : error;
    if (cause instanceof GlanceError) this.#server = cause.server ?? this.#server;
    this.#error = cause instanceof Error ? cause.message : String(cause);
  }

  /** The headers are ready. Unless a body follows by itself, the request is over. */
  answered(status: number): void {
    this.#status = status;
    const { method, route, metrics } = this.#options;
    const known = KNOWN_METHODS.has(method) ? method : "other";
    metrics.add("requests_total", { method: known, path: route, status });
    if (this.#isStreaming) return;
    const hasFailed = this.#error !== null;
    this.over(this.#hasLeft ? "gone" : hasFailed ? "failed" : "complete");
  }

  /** The caller has left before there was an answer. */
  left(): void {
    this.#hasLeft = true;
  }

  /** The body tells itself when it is over. */
  streams(): void {
    this.#isStreaming = true;
  }

  /** What is to be done when the request is over. */
  atEnd(end: () => void): void {
    this.#atEnd = end;
  }

  /** Nothing more will happen; the first outcome counts. */
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
