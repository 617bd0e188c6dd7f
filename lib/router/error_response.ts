/** Errors of the gateway itself. */
import { GlanceConnectionFailed, GlanceError } from "../errors.ts";
import { isSafe } from "../http/retry/hedge_policy.ts";
import { isRetryableStatus } from "../http/retry/retry_policy.ts";

/** Optional parts of an error response. */
export interface HttpErrorOptions {
  /** A second paragraph of the explanation. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The cause; for the log only. */
  readonly cause?: unknown;
}

/** An error response. Handlers throw it. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  readonly explanation: string | undefined;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  /** `explanation` is shown to the client (default: the text for the status). */
  constructor(status: number, explanation?: string, options: HttpErrorOptions = {}) {
    super(explanation, { cause: options.cause });
    this.status = status;
    this.explanation = explanation;
    this.detail = options.detail ?? "";
    this.headers = options.headers ?? {};
  }
}

/** Headers of a 503: the servers may be available again soon. */
const RETRY_SOON = { "retry-after": "1" };

/** The error response for an error. It never names a server; the log does. */
export function toHttpError({ method }: Request, cause: unknown): HttpError {
  if (cause instanceof HttpError) return cause;
  if (cause instanceof GlanceConnectionFailed) {
    // 503 invites a retry, which is safe for reads only: the outcome of a write is unknown.
    const { status: received = 0 } = cause;
    const status = isRetryableStatus(received) ? received : isSafe(method) ? 503 : 502;
    const headers = status === 503 ? RETRY_SOON : undefined;
    return new HttpError(status, explanationOf(cause), { cause, headers });
  }
  return new HttpError(cause instanceof GlanceError ? 502 : 500, undefined, { cause });
}

/** What Glance itself said in the last response, such as that its disk is read-only; undefined for an error of a proxy. */
function explanationOf({ requestId, explanation }: GlanceError): string | undefined {
  if (requestId === undefined || !explanation) return undefined;
  // A page of WebOb begins with its title.
  return `${explanation.replace(/^503 Service Unavailable /, "")}.`;
}
