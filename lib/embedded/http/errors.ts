/**
 * Error responses in the format of WebOb, which Glance uses: HTML by default, `{message, code,
 * title}` if the client prefers JSON, and plain text if it accepts neither.
 */

import { codeOf, FileError } from "../storage/file_error.ts";
import { bestOffer } from "./negotiation.ts";

/** Title and default explanation by status, from `webob.exc`. */
const STATUS_WORDS: Readonly<Record<number, readonly [title: string, explanation: string]>> = {
  400: [
    "Bad Request",
    "The server could not comply with the request since it is either malformed or otherwise " +
    "incorrect.",
  ],
  401: [
    "Unauthorized",
    "This server could not verify that you are authorized to access the document you requested. " +
    "Either you supplied the wrong credentials (e.g., bad password), or your browser does not " +
    "understand how to supply the credentials required.",
  ],
  403: ["Forbidden", "Access was denied to this resource."],
  404: ["Not Found", "The resource could not be found."],
  405: ["Method Not Allowed", ""],
  408: [
    "Request Timeout",
    "The server has waited too long for the request to be sent by the client.",
  ],
  409: ["Conflict", "There was a conflict when trying to complete your request."],
  410: ["Gone", "This resource is no longer available. No forwarding address is given."],
  413: ["Request Entity Too Large", "The body of your request was too large for this server."],
  415: ["Unsupported Media Type", ""],
  416: ["Request Range Not Satisfiable", "The Range requested is not available."],
  431: [
    "Request Header Fields Too Large",
    "The server is unwilling to process the request because its header fields are too large.",
  ],
  500: [
    "Internal Server Error",
    "The server has either erred or is incapable of performing the requested operation.",
  ],
  501: ["Not Implemented", ""],
  503: [
    "Service Unavailable",
    "The server is currently unavailable. Please try again at a later time.",
  ],
};

/** An error response. Handlers throw it. */
export class Failure extends Error {
  override name = "Failure";
  readonly status: number;
  /** Second paragraph of the response: WebOb's `detail`. */
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    explanation?: string,
    options: { detail?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(explanation ?? STATUS_WORDS[status]?.[1] ?? "");
    this.status = status;
    this.detail = options.detail ?? "";
    this.headers = options.headers ?? {};
  }
}

/** A 400 response with an explanation. */
export function badRequest(explanation: string): Failure {
  return new Failure(400, explanation);
}

/** A 403 response with an explanation. */
export function forbidden(explanation: string): Failure {
  return new Failure(403, explanation);
}

/** A 404 response with an explanation (default: WebOb's). */
export function notFound(explanation?: string): Failure {
  return new Failure(404, explanation);
}

/** A 409 response with an explanation. */
export function conflict(explanation: string): Failure {
  return new Failure(409, explanation);
}

/** A 403 or 409 response with WebOb's explanation and Glance's message as the detail. */
export function withDetail(status: 403 | 409, detail: string): Failure {
  return new Failure(status, undefined, { detail });
}

/** Status and explanation of Glance's response to an error of a write, by OS error code. */
const STORAGE_FAILURES: Readonly<Record<string, readonly [status: number, text: string]>> = {
  ...Object.fromEntries(["ENOSPC", "EDQUOT", "EFBIG"].map((code) => [code, [
    413,
    "Image storage media is full: There is not enough disk space on the image storage media.",
  ]])),
  ...Object.fromEntries(["EACCES", "EPERM", "EROFS"].map((code) => [code, [
    503,
    "Insufficient permissions on image storage media: Permission to write image storage media denied.",
  ]])),
  // The process has no free descriptor until other requests end.
  ...Object.fromEntries(["EMFILE", "ENFILE"].map((code) => [code, [503, ""]])),
};

/** Seconds after which a client may repeat a request that found no free descriptor. */
const RETRY_AFTER = "1";

/** Response to a storage error; null for any other error. */
export function storageFailure(error: unknown): Failure | null {
  const code = codeOf(error) ?? "";
  if (!Object.hasOwn(STORAGE_FAILURES, code)) return null;
  const [status, text] = STORAGE_FAILURES[code] ?? [500, ""];
  const isRead = error instanceof FileError && error.action === "read";
  if (isRead && text !== "") return null;
  return text === ""
    ? new Failure(status, undefined, { headers: { "retry-after": RETRY_AFTER } })
    : new Failure(status, text);
}

/** The response for a failure: HTML, JSON, or plain text, as the `Accept` header requests. */
export function failureResponse(request: Request, failure: Failure): Response {
  const title = STATUS_WORDS[failure.status]?.[0] ?? "Error";
  const code = `${failure.status} ${title}`;
  const isHead = request.method === "HEAD";
  const offer = bestOffer(request.headers.get("accept"), ["text/html", "application/json"]);
  const type = isHead ? "text/html" : offer ?? "text/plain";
  const headers = new Headers(failure.headers);
  headers.set("content-type", type === "application/json" ? type : `${type}; charset=UTF-8`);
  if (isHead) return new Response(null, { status: failure.status, headers });

  const body = type === "application/json"
    ? JSON.stringify({ message: paragraphs(failure, request, asIs), code, title })
    : type === "text/html"
    ? htmlPage(code, paragraphs(failure, request, escapeHtml))
    : `${code}\n\n${withoutTags(paragraphs(failure, request, asIs))}`;
  return new Response(body, { status: failure.status, headers });
}

/**
 * Explanation and detail, joined as in WebOb's templates. The line breaks appear in the JSON, too.
 */
function paragraphs(failure: Failure, request: Request, escape: (text: string) => string): string {
  const detail = escape(failure.detail);
  if (failure.status === 405 && failure.message === "") {
    return `The method ${escape(request.method)} is not allowed for this resource. ` +
      `<br /><br />\n${detail}`;
  }
  if (failure.status === 501) {
    return `\nThe request method ${escape(request.method)} is not implemented for this server. ` +
      `<br /><br />\n${detail}`;
  }
  if (failure.status === 415) {
    // Glance's WSGI server defaults to plain text.
    const type = escape(request.headers.get("content-type") ?? "text/plain");
    return `The request media type ${type} is not supported by this server.\n` +
      `<br /><br />\n${detail}`;
  }
  // Glance's own 405 uses a template with only the explanation.
  if (failure.status === 405) return escape(failure.message);
  return `${escape(failure.message)}<br /><br />\n${detail}\n\n`;
}

function htmlPage(code: string, body: string): string {
  return `<html>\n <head>\n  <title>${code}</title>\n </head>\n <body>\n  <h1>${code}</h1>\n  ` +
    `${body}\n </body>\n</html>`;
}

function asIs(text: string): string {
  return text;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#x27;")
    .replaceAll(/[^\0-\x7f]/gu, (character) => `&#${character.codePointAt(0)};`);
}

function withoutTags(text: string): string {
  // A tag ends at the next ">"; an unclosed tag is text. Each "<" is visited once, so this is
  // linear.
  let [plain, at] = ["", 0];
  for (const line = text.replaceAll("\n", " ");;) {
    const open = line.indexOf("<", at);
    const close = open < 0 ? -1 : line.indexOf(">", open);
    if (close < 0) return plain + line.slice(at);
    plain += line.slice(at, open) + (/^<br/i.test(line.slice(open, open + 3)) ? "\n" : "");
    at = close + 1;
  }
}
