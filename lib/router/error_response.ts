/** Errors of the gateway itself. */

/** Title and default explanation by status. */
const STATUS_TEXTS: Readonly<Record<number, readonly [title: string, explanation: string]>> = {
  400: ["Bad Request", "The server could not understand the request."],
  403: ["Forbidden", "Access was denied to this resource."],
  404: ["Not Found", "The resource could not be found."],
  405: ["Method Not Allowed", ""],
  408: ["Request Timeout", "The request was not received in time."],
  412: ["Precondition Failed", "A condition of the request is not met."],
  413: ["Request Entity Too Large", "The body of the request is too large."],
  416: ["Request Range Not Satisfiable", "The Range requested is not available."],
  429: ["Too Many Requests", "The image service is receiving too many requests."],
  500: ["Internal Server Error", "The gateway encountered an internal error."],
  501: ["Not Implemented", ""],
  502: ["Bad Gateway", "No image server returned a usable response."],
  503: ["Service Unavailable", "No image server is reachable."],
  504: ["Gateway Timeout", "No image server responded in time."],
};

/** Optional parts of an error response. */
export interface HttpErrorOptions {
  /** A second paragraph of the explanation. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The cause; for the log only. */
  readonly cause?: unknown;
}

/** An error response. Handlers throw it. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  /** `explanation` is shown to the client (default: the text for the status). */
  constructor(status: number, explanation?: string, options: HttpErrorOptions = {}) {
    const [title, usual] = STATUS_TEXTS[status] ?? ["Error", ""];
    super(explanation ?? usual, { cause: options.cause });
    this.status = status;
    this.title = title;
    this.detail = options.detail ?? "";
    this.headers = options.headers ?? {};
  }
}
