/** Errors of the gateway itself. */

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
