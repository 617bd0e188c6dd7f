/**
 * Error responses of the gateway itself, in Glance's layout: HTML or JSON, whichever the client prefers, else
 * plain text.
 */

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
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  /** `explanation` is shown to the client (default: the text for the status). */
  constructor(status: number, explanation?: string, options: HttpErrorOptions = {}) {
    super(explanation ?? STATUS_TEXTS[status]?.[1] ?? "", { cause: options.cause });
    this.status = status;
    this.detail = options.detail ?? "";
    this.headers = options.headers ?? {};
  }
}

/** Makes the response of an error, in the format that the request accepts. */
export function httpErrorResponse(request: Request, refusal: HttpError): Response {
  const { status } = refusal;
  const title = STATUS_TEXTS[status]?.[0] ?? "Error";
  const code = `${status} ${title}`;
  const type = preferredType(request.headers.get("accept") ?? "");
  const headers = new Headers(refusal.headers);
  headers.set("content-type", type === "application/json" ? type : `${type}; charset=UTF-8`);
  const text = bodyOf(type, code, title, textOf(request, refusal));
  const body = new TextEncoder().encode(text);
  // Set for HEAD, too: its response has no body from which a runtime could compute it.
  headers.set("content-length", String(body.byteLength));
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}

/** The line breaks are those of WebOb, also in JSON. */
function textOf({ method }: Request, { status, message, detail }: HttpError): string {
  if (status === 405) {
    return `The method ${method} is not allowed for this resource. <br /><br />\n`;
  }
  return status === 501
    ? `\nThe request method ${method} is not implemented for this server. <br /><br />\n`
    : `${message}<br /><br />\n${detail}\n\n`;
}

function bodyOf(type: string, code: string, title: string, text: string): string {
  if (type === "application/json") return JSON.stringify({ message: text, code, title });
  if (type === "text/plain") {
    return `${code}\n\n${text.replaceAll("\n", " ").replaceAll("<br />", "\n")}`;
  }
  return `<html>\n <head>\n  <title>${code}</title>\n </head>\n <body>\n  <h1>${code}</h1>\n  ${text}\n </body>\n</html>`;
}

/** One media range with its parameters and its weight (RFC 9110, section 12.5.1). */
const MEDIA_RANGE = (() => {
  const token = "[\\w!#$%&'*+.^`|~-]+";
  const parameter = `[ \\t]*;[ \\t]*(?!q=)${token}=(?:${token}|"[^"]*")`;
  const weight = "[ \\t]*;[ \\t]*q=(?:0(?:\\.\\d{0,3})?|1(?:\\.0{0,3})?)";
  return new RegExp(
    `^(?:${token}/${token}(?:${parameter})*(?:${weight}(?:${parameter})*)?)?$`,
    "i",
  );
})();

/**
 * The preferred of the three types. The most specific media range of `Accept` decides. As in Glance, an invalid
 * header accepts everything.
 */
function preferredType(accept: string): string {
  const isValid = accept.split(",").every((range) => MEDIA_RANGE.test(range.trim()));
  if (!isValid) return "text/html";
  const ranges = accept.toLowerCase().split(",").map((range) => range.split(";"));
  const weightOf = (type: string) => {
    const patterns = [type, `${type.split("/")[0]}/*`, "*/*"];
    const matches = patterns.map((pattern) => ranges.find(([name]) => name?.trim() === pattern));
    return weight(matches.find((range) => range !== undefined));
  };
  const [html, json] = [weightOf("text/html"), weightOf("application/json")];
  if (html === 0 && json === 0) return "text/plain";
  return json > html ? "application/json" : "text/html";
}

function weight(range: readonly string[] | undefined): number {
  if (range === undefined) return 0;
  const text = range.map((part) => part.trim()).find((part) => part.startsWith("q="));
  const value = text === undefined ? 1 : Number(text.slice("q=".length));
  return value;
}
