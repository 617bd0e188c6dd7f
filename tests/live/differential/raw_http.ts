/**
 * HTTP/1.1 as bytes, to send requests that `fetch` would normalize (dots or backslashes in paths)
 * or reject (a body with GET).
 */
import { concat } from "../../../lib/concat.ts";

/** A request. Only `Host`, `Connection`, and the framing of the body are added. */
export interface RawRequest {
  readonly method: string;
  /** Path and query as sent; characters beyond ASCII are encoded as UTF-8. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly isChunked: boolean;
}

/** A response with its complete body. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** True if the connection closed before the body was complete. */
  readonly isCut: boolean;
}

/** Timeout for a response, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 60_000;

const CRLF = "\r\n";
const encoder = new TextEncoder();

/**
 * Sends a request on a new connection. The status is 0 if the server closes the connection without
 * a response.
 *
 * @throws {Error} if the timeout expires, or the response is not HTTP
 */
export async function exchange(origin: string, request: RawRequest): Promise<RawResponse> {
  const { hostname, port, host } = new URL(origin);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection.close();
  }, RESPONSE_TIMEOUT_MS);
  try {
    // A server may respond and close before it reads the whole request.
    const sending = write(connection, encode(host, request)).catch(() => {});
    const bytes = await readAll(connection);
    await sending;
    if (isLate) throw new Error(`Cannot wait longer for ${request.method} ${request.path}`);
    if (bytes.length === 0) return { status: 0, headers: new Headers(), body: bytes, isCut: true };
    return parse(request.method, bytes);
  } finally {
    clearTimeout(timer);
    if (!isLate) connection.close();
  }
}

function encode(host: string, request: RawRequest): Uint8Array<ArrayBuffer> {
  const { method, path, headers, body, isChunked } = request;
  const framing = body === null
    ? []
    : isChunked
    ? [["Transfer-Encoding", "chunked"]]
    : [["Content-Length", String(body.length)]];
  const lines = [["Host", host], ["Connection", "close"], ...framing, ...headers];
  const head = `${method} ${path} HTTP/1.1${CRLF}${
    lines.map(([name, value]) => `${name}: ${value}${CRLF}`).join("")
  }${CRLF}`;
  return concat([encoder.encode(head), ...body === null ? [] : isChunked ? chunked(body) : [body]]);
}

/** Two chunks, to test the decoder with more than one. */
function chunked(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const middle = Math.ceil(body.length / 2);
  const parts = [body.subarray(0, middle), body.subarray(middle)].filter((part) => part.length > 0);
  const frames = parts.flatMap((part) => [
    encoder.encode(part.length.toString(16) + CRLF),
    part,
    encoder.encode(CRLF),
  ]);
  return [...frames, encoder.encode(`0${CRLF}${CRLF}`)];
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads until the connection is closed or reset. */
async function readAll(connection: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      chunks.push(buffer.slice(0, count));
    }
  } catch {
    // After a reset, the received bytes are the response.
  }
  return concat(chunks);
}

function parse(method: string, bytes: Uint8Array<ArrayBuffer>): RawResponse {
  const [head, rest] = splitHead(bytes);
  const [statusLine = "", ...lines] = head.split(CRLF);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`Cannot read a response: ${statusLine.slice(0, 80)}`);
  if (status < 200) return parse(method, rest);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  const { body, isCut } = hasBody ? unframe(headers, rest) : { body: rest, isCut: false };
  return { status, headers, body, isCut };
}

function splitHead(bytes: Uint8Array<ArrayBuffer>): [string, Uint8Array<ArrayBuffer>] {
  for (let end = bytes.indexOf(0x0d); end >= 0; end = bytes.indexOf(0x0d, end + 1)) {
    if (bytes[end + 1] !== 0x0a || bytes[end + 2] !== 0x0d || bytes[end + 3] !== 0x0a) continue;
    // The Encoding Standard's label latin1 means windows-1252, so bytes are converted one by one.
    const head = Array.from(bytes.subarray(0, end), (byte) => String.fromCharCode(byte)).join("");
    return [head, bytes.subarray(end + 4)];
  }
  throw new Error(`Cannot read a response: its head has no end (${bytes.length} bytes)`);
}

function unframe(
  headers: Headers,
  rest: Uint8Array<ArrayBuffer>,
): { body: Uint8Array<ArrayBuffer>; isCut: boolean } {
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return unchunk(rest);
  const length = headers.get("content-length");
  return { body: rest, isCut: length !== null && Number(length) !== rest.length };
}

function unchunk(bytes: Uint8Array<ArrayBuffer>) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0;;) {
    const end = bytes.indexOf(0x0a, at);
    const size = end < 0 ? NaN : parseInt(new TextDecoder().decode(bytes.subarray(at, end)), 16);
    if (Number.isNaN(size)) return { body: concat(chunks), isCut: true };
    if (size === 0) return { body: concat(chunks), isCut: false };
    chunks.push(bytes.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + CRLF.length;
  }
}
