/** Formats the head of an HTTP/1.1 response. */

/** Hop-by-hop fields (RFC 9110, section 7.6.1). They are generated here. */
const HOP_BY_HOP_FIELDS = ["connection", "keep-alive", "transfer-encoding", "upgrade"];

/** Reason phrases, which some clients show. `node:http` has them, too, but is slow to load. */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  300: "Multiple Choices",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

/** The value of Content-Length; null if it is missing or invalid. */
export function announcedLength(headers: Headers): number | null {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** The header field for the framing of a response without a body. */
export function framingWithoutBody({ headers, status }: Response, method: string): string {
  // RFC 9110, section 8.6: none for 204; for HEAD and 304 the length of the response to GET, if known.
  if (status === 204) return "";
  if (method === "HEAD" || status === 304) {
    const length = announcedLength(headers);
    return length === null ? "" : `content-length: ${length}\r\n`;
  }
  return "content-length: 0\r\n";
}

/** Status line and header fields with the empty line. `framing` is the header field for the framing. */
export function responseHead(
  { status, statusText, headers }: Response,
  framing: string,
  { keepsAlive, isHttp10 }: { readonly keepsAlive: boolean; readonly isHttp10: boolean },
): Uint8Array<ArrayBuffer> {
  let fields = "";
  let hasDate = false;
  // `for of` takes four times as long.
  headers.forEach((value, name) => {
    if (name === "content-length" || HOP_BY_HOP_FIELDS.includes(name)) return;
    if (name === "date") hasDate = true;
    fields += `${name}: ${value}\r\n`;
  });
  if (!hasDate) fields += `date: ${new Date().toUTCString()}\r\n`;
  if (!keepsAlive) fields += "connection: close\r\n";
  else if (isHttp10) fields += "connection: keep-alive\r\n";
  const reason = statusText || (REASONS[status] ?? "");
  return latin1(`HTTP/1.1 ${status} ${reason}\r\n${fields}${framing}\r\n`);
}

const ENCODER = new TextEncoder();

function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = ENCODER.encode(text);
  if (bytes.byteLength === text.length) return bytes;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
