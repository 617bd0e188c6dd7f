/**
 * Parses the head of an HTTP/1.1 request (RFC 9112): request line, header fields, and framing of the body. Pure.
 * Ambiguous requests are refused: a proxy in front of the server may interpret them differently.
 */

/** A request that is malformed or not supported. The connection is closed after the response. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
  /** Status code of the response. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether connections use TLS. */
export type UrlScheme = "http" | "https";

/** How the end of a body is determined. */
export type Framing =
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" };

export interface RequestHead {
  readonly method: string;
  /** Absolute URL. Path and query are as sent, with bytes above 0x7F percent-encoded. */
  readonly url: string;
  readonly headers: Headers;
  readonly framing: Framing;
  /** Whether the connection can be used for another request. */
  readonly keepsAlive: boolean;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** HTTP/1.0 does not support chunked bodies. */
  readonly isHttp10: boolean;
}

/** Maximum bytes of a head. Keystone tokens can have several KiB. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** Maximum number of header fields. */
const MAX_FIELDS = 200;

/** Maximum bytes of a method that are checked before the head is complete. */
const MAX_METHOD = 64;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Visible characters except `#`, which a target cannot contain, and non-ASCII bytes. */
const TARGET = /^[\x21\x22\x24-\x7e\x80-\xff]+$/;

const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** LF without CR before it, or CR without LF after it. */
const LONE_LINE_END = /(?:^|[^\r])\n|\r(?!\n)/;

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/** `host[:port]` of RFC 9110, section 7.2, without user information. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]+)(?::\d*)?$/i;

const LATIN1 = new TextDecoder("latin1");

/**
 * Finds the index after the empty line that ends a head; -1 if the head is incomplete. Lines may end with LF, so that
 * such a head is refused and not awaited.
 *
 * @param from index to start at: earlier bytes were searched before
 */
export function headEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return -1;
}

/** Number of bytes of empty lines before a request line; some clients send one after a body. */
export function leadingBlank(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === 13 || bytes[at] === 10) at++;
  return at;
}

/** Whether a request can start with these bytes. A TLS handshake, for example, cannot. */
export function canBegin(bytes: Uint8Array): boolean {
  const [method = ""] = LATIN1.decode(bytes.subarray(0, MAX_METHOD)).split(" ");
  return method === "" ? bytes.byteLength === 0 : TOKEN.test(method);
}

/**
 * Parses a head, including its empty line.
 *
 * @param scheme that of its URL
 * @throws {ProtocolError} 400 if it is malformed or ambiguous, 431 if it has too many fields, and 417, 501 or 505
 * if it needs something that is not supported.
 */
export function parseHead(bytes: Uint8Array, scheme: UrlScheme = "http"): RequestHead {
  const text = LATIN1.decode(bytes);
  // Recipients may also accept a lone LF, or replace a lone CR (RFC 9112, section 2.2), and disagree.
  if (LONE_LINE_END.test(text)) {
    throw new ProtocolError(400, "Every line of the header fields must end with CR and LF.");
  }
  const [line = "", ...lines] = text.split("\r\n");
  const [method = "", target = "", version = "", ...rest] = line.split(" ");
  if (rest.length > 0 || !TOKEN.test(method) || !TARGET.test(target)) {
    throw malformed("the request line");
  }
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") {
    if (/^HTTP\/\d/.test(version)) {
      throw new ProtocolError(505, "This server supports only HTTP/1.1.");
    }
    throw malformed("the request line");
  }
  // Methods are case-sensitive, but a Request has these in upper case, or not at all (Fetch Standard, section 2.2.1).
  if (/^(CONNECT|TRACE|TRACK)$/i.test(method) || isAltered(method)) {
    throw new ProtocolError(501, "This method is not implemented.");
  }
  const headers = fieldsOf(lines.filter((field) => field !== ""));
  const isHttp10 = version === "HTTP/1.0";
  const connection = headers.get("connection")?.toLowerCase().split(/[\t ]*,[\t ]*/) ?? [];
  const framing = framingOf(headers, isHttp10);
  // Required with an absolute target, too, although it is not used then (RFC 9112, section 3.2).
  if (!isHttp10 && !headers.has("host")) throw malformed("the header Host");
  const url = urlOf(target, headers.get("host"), isHttp10, scheme);
  return {
    method,
    url,
    headers,
    framing,
    isHttp10,
    keepsAlive: !connection.includes("close") && (!isHttp10 || connection.includes("keep-alive")),
    expectsContinue: !isHttp10 && expectsContinue(headers.get("expect")),
  };
}

/** Whether a Request would have another method. */
function isAltered(method: string): boolean {
  return /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i.test(method) && method !== method.toUpperCase();
}

function fieldsOf(lines: readonly string[]): Headers {
  if (lines.length > MAX_FIELDS) throw new ProtocolError(431, "There are too many header fields.");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    // `append()` removes the space, too, but with a regular expression.
    const value = line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    // Obsolete line folding (RFC 9112, section 5.2) starts with a space and is refused here, too.
    if (colon < 0 || !TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      throw malformed("a header field");
    }
    if (/^host$/i.test(name) && headers.has("host")) throw malformed("the header Host");
    headers.append(name, value);
  }
  return headers;
}

function framingOf(headers: Headers, isHttp10: boolean): Framing {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== null) {
    // Both together allow request smuggling (RFC 9112, section 6.1).
    if (isHttp10 || length !== null) throw malformed("the length of the body");
    if (coding.toLowerCase() === "chunked") return { kind: "chunked" };
    throw new ProtocolError(501, "Only the transfer coding chunked is implemented.");
  }
  if (length === null) return { kind: "length", length: 0 };
  const [first = "", ...others] = length.split(/[\t ]*,[\t ]*/);
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first)) {
    throw malformed("the header Content-Length");
  }
  headers.set("content-length", first);
  return { kind: "length", length: Number(first) };
}

function expectsContinue(expectation: string | null): boolean {
  if (expectation === null) return false;
  if (expectation.toLowerCase() === "100-continue") return true;
  throw new ProtocolError(417, "This expectation cannot be met.");
}

function urlOf(
  target: string,
  host: string | null,
  isHttp10: boolean,
  scheme: UrlScheme,
): string {
  const [, authority, rest] = ABSOLUTE.exec(target) ?? [];
  // The authority of an absolute target overrides Host (RFC 9112, section 3.2.2).
  const name = authority ?? host ?? (isHttp10 ? "localhost" : "");
  if (!HOST.test(name)) throw malformed("the header Host");
  const path = rest ?? target;
  const origin = `${scheme}://${name}`;
  const root = path === "" || path.startsWith("?") || path === "*" ? "/" : "";
  if (root === "" && !path.startsWith("/")) throw malformed("the target of the request");
  const url = origin + root + percentEncoded(path);
  if (!URL.canParse(url)) throw malformed("the target of the request");
  return url;
}

function percentEncoded(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[^\x00-\x7f]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
}

function malformed(what: string): ProtocolError {
  return new ProtocolError(400, `The request cannot be understood: ${what} is malformed.`);
}
