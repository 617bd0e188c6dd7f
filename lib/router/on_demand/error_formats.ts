/**
 * Error responses of the gateway itself, in Glance's layout: HTML or JSON, whichever the client prefers, else
 * plain text.
 */
import { bestOffer } from "../../embedded/http/negotiation.ts";
import type { HttpError } from "../error_response.ts";
import type { RequestRecorder } from "../observe/access_log.ts";

/** Title and default explanation by status. */
const STATUS_TEXTS: Readonly<Record<number, readonly [title: string, explanation: string]>> = {
  400: ["Bad Request", "The server could not understand the request."],
  403: ["Forbidden", "Access was denied to this resource."],
  404: ["Not Found", "The resource could not be found."],
  405: ["Method Not Allowed", ""],
  408: ["Request Timeout", "The request was not received in time."],
  412: ["Precondition Failed", "A condition of the request is not met."],
  413: ["Request Entity Too Large", "The body of the request is too large."],
  415: ["Unsupported Media Type", ""],
  416: ["Request Range Not Satisfiable", "The Range requested is not available."],
  429: ["Too Many Requests", "The image service is receiving too many requests."],
  500: ["Internal Server Error", "The gateway encountered an internal error."],
  501: ["Not Implemented", ""],
  502: ["Bad Gateway", "No image server returned a usable response."],
  503: ["Service Unavailable", "No image server is reachable."],
  504: ["Gateway Timeout", "No image server responded in time."],
};

/** The explanation of a 415. The gateway sends a 415 only for image data. */
const UNSUPPORTED_DATA =
  "The request media type application/octet-stream is not supported by this server.";

/** Creates the response for an error, in a format that the request accepts. `recorder` counts its bytes. */
export function httpErrorResponse(
  request: Request,
  error: HttpError,
  recorder?: Pick<RequestRecorder, "count">,
): Response {
  const { status } = error;
  const [title, usual] = STATUS_TEXTS[status] ?? ["Error", ""];
  const code = `${status} ${title}`;
  const offer = bestOffer(request.headers.get("accept"), ["text/html", "application/json"]);
  const type = offer ?? "text/plain";
  const headers = new Headers(error.headers);
  headers.set("content-type", type === "application/json" ? type : `${type}; charset=UTF-8`);
  const escape = type === "text/html" ? escapeHtml : (text: string) => text;
  const text = bodyOf(type, code, title, textOf(request, error, usual, escape));
  const body = new TextEncoder().encode(text);
  // Set for HEAD, too: its response has no body from which a runtime could compute it.
  headers.set("content-length", String(body.byteLength));
  if (request.method === "HEAD") return new Response(null, { status, headers });
  recorder?.count(body.byteLength, "gateway");
  return new Response(body, { status, headers });
}

/** The line breaks are those of WebOb, also in JSON. */
function textOf(
  { method }: Request,
  { status, explanation, detail }: HttpError,
  usual: string,
  escape: (text: string) => string,
): string {
  if (status === 405) {
    return `The method ${method} is not allowed for this resource. <br /><br />\n`;
  }
  if (status === 415) return `${UNSUPPORTED_DATA}\n<br /><br />\n${detail}`;
  return status === 501
    ? `\nThe request method ${method} is not implemented for this server. <br /><br />\n`
    : `${escape(explanation ?? usual)}<br /><br />\n${detail}\n\n`;
}

function bodyOf(type: string, code: string, title: string, text: string): string {
  if (type === "application/json") return JSON.stringify({ message: text, code, title });
  if (type === "text/plain") {
    return `${code}\n\n${text.replaceAll("\n", " ").replaceAll("<br />", "\n")}`;
  }
  return `<html>\n <head>\n  <title>${code}</title>\n </head>\n <body>\n  <h1>${code}</h1>\n  ${text}\n </body>\n</html>`;
}

/** An explanation may be that of a server. */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
