/**
 * A client of the gateway on a raw socket, with or without faults. It reads responses as strictly as RFC 9112
 * requires: a body is complete only if its framing is.
 */
import { between, pick } from "../support/seed.ts";
import { IMAGE_ID, IMAGE_SIZE } from "./faulty_server.ts";

/** The outcome of a request. */
export type ReceivedResponse =
  | { readonly kind: "complete"; readonly status: number; readonly body: Uint8Array }
  | { readonly kind: "cut"; readonly status: number | null }
  | { readonly kind: "left" };

/** A request, and how its client behaves. */
export interface ClientPlan {
  readonly name: string;
  /** The bytes to send, in pieces. */
  readonly pieces: readonly Uint8Array[];
  readonly method: string;
  /** The expected bytes if the response is 200 or 206, as `[start, stop)` of the image; null for others. */
  readonly requestedBytes: readonly [number, number] | null;
  /** Disconnects after this many bytes of the response; `Infinity` waits for the end. */
  readonly leavesAfter: number;
  /** Ends its sending side after the pieces. */
  readonly halfCloses: boolean;
}

const FILE = `/v2/images/${IMAGE_ID}/file`;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A plan for a client; three of four send valid requests for the data. */
export function planClient(random: () => number): ClientPlan {
  const polite = (
    name: string,
    head: string,
    requestedBytes: ClientPlan["requestedBytes"],
  ): ClientPlan => ({
    name,
    pieces: [text(head)],
    method: head.split(" ")[0] ?? "",
    requestedBytes,
    leavesAfter: random() < 0.15 ? between(random, 0, IMAGE_SIZE) : Infinity,
    halfCloses: false,
  });
  const get = (...fields: string[]) =>
    ["GET " + FILE + " HTTP/1.1", "host: gateway", "x-auth-token: t", ...fields, "", ""].join(
      "\r\n",
    );
  if (random() < 0.75) {
    if (random() < 0.6) return polite("whole", get(), [0, IMAGE_SIZE]);
    const start = between(random, 0, IMAGE_SIZE - 1);
    const end = between(random, start, IMAGE_SIZE - 1);
    return polite("range", get(`range: bytes=${start}-${end}`), [start, end + 1]);
  }
  const rude: readonly (readonly [string, readonly string[]])[] = [
    ["head", [`HEAD ${FILE} HTTP/1.1\r\nhost: g\r\nx-auth-token: t\r\n\r\n`]],
    ["half a head", [`GET ${FILE} HTTP/1.1\r\nhost: g\r\nx-au`]],
    ["no HTTP", ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\r\n\r\n"]],
    ["long path", [`GET /v2/images/${"a".repeat(60_000)} HTTP/1.1\r\nhost: g\r\n\r\n`]],
    ["many fields", [`GET ${FILE} HTTP/1.1\r\nhost: g\r\n${"x: y\r\n".repeat(2_000)}\r\n`]],
    ["path in Host", ["GET /healthcheck HTTP/1.1\r\nhost: x/v2/images/y/file?\r\n\r\n"]],
    ["two hosts", [`GET ${FILE} HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n`]],
    ["endless JSON", [
      "POST /v2/images HTTP/1.1\r\nhost: g\r\nx-auth-token: t\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
      ...Array.from({ length: 40 }, () => `10000\r\n${" ".repeat(65_536)}\r\n`),
    ]],
    ["broken chunk", [
      `PUT ${FILE} HTTP/1.1\r\nhost: g\r\nx-auth-token: t\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`,
    ]],
    ["short upload", [
      `PUT ${FILE} HTTP/1.1\r\nhost: g\r\nx-auth-token: t\r\ncontent-type: application/octet-stream\r\ncontent-length: 99\r\n\r\nhello`,
    ]],
    ["two lengths", [
      `GET ${FILE} HTTP/1.1\r\nhost: g\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab`,
    ]],
    ["length and chunks", [
      "POST /v2/images HTTP/1.1\r\nhost: g\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ]],
    ["traversal", [
      "GET /v2/images/..%2f..%2fadmin/file HTTP/1.1\r\nhost: g\r\nx-auth-token: t\r\n\r\n",
    ]],
  ];
  const [name, pieces] = pick(random, rude);
  return {
    name,
    pieces: pieces.map(text),
    method: pieces[0]?.split(" ")[0] ?? "",
    requestedBytes: null,
    leavesAfter: Infinity,
    halfCloses: true,
  };
}

/** Executes a plan with the gateway at a port. */
export async function callGateway(port: number, plan: ClientPlan): Promise<ReceivedResponse> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const sending = sendAll(conn, plan);
  const { bytes, end } = await receive(conn, plan);
  await sending;
  if (end === "left") return { kind: "left" };
  return parseResponse(bytes, plan.method, end === "closed");
}

async function sendAll(conn: Deno.TcpConn, { pieces, halfCloses }: ClientPlan): Promise<void> {
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.byteLength;) at += await conn.write(piece.subarray(at));
    }
    if (halfCloses) await conn.closeWrite();
  } catch {
    // The gateway has closed the connection; its earlier response is still read.
  }
}

interface Received {
  readonly bytes: Uint8Array;
  readonly end: "framed" | "closed" | "cut" | "left";
}

async function receive(conn: Deno.Conn, plan: ClientPlan): Promise<Received> {
  let bytes = new Uint8Array();
  const buffer = new Uint8Array(65_536);
  for (;;) {
    if (bytes.byteLength >= plan.leavesAfter) return { bytes, end: "left" };
    const count = await conn.read(buffer).catch(() => -1);
    if (count === -1) return { bytes, end: "cut" };
    if (count === null) return { bytes, end: "closed" };
    const grown = new Uint8Array(bytes.byteLength + count);
    grown.set(bytes);
    grown.set(buffer.subarray(0, count), bytes.byteLength);
    bytes = grown;
    if (parseResponse(bytes, plan.method, false).kind === "complete") {
      return { bytes, end: "framed" };
    }
  }
}

/** Reads a response; `isClosed`: the gateway closed the connection in an orderly way. */
export function parseResponse(
  bytes: Uint8Array,
  method: string,
  isClosed: boolean,
): ReceivedResponse {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 16_384));
  const end = head.indexOf("\r\n\r\n");
  if (end < 0) return { kind: "cut", status: null };
  const [first = "", ...lines] = head.slice(0, end).split("\r\n");
  const status = Number(first.split(" ")[1]);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return parseResponse(rest, method, isClosed);
  const field = (name: string) =>
    lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
  const complete = (body: Uint8Array): ReceivedResponse => ({ kind: "complete", status, body });
  if (method === "HEAD" || status === 204 || status === 304) return complete(new Uint8Array());
  if (field("transfer-encoding")?.toLowerCase() === "chunked") {
    const body = unchunk(rest);
    return body === null ? { kind: "cut", status } : complete(body);
  }
  const length = field("content-length");
  if (length === undefined) return isClosed ? complete(rest) : { kind: "cut", status };
  if (rest.byteLength < Number(length)) return { kind: "cut", status };
  return complete(rest.subarray(0, Number(length)));
}

/** The content of a chunked body; null if its last chunk has not arrived. */
function unchunk(bytes: Uint8Array): Uint8Array | null {
  const content = new Uint8Array(bytes.byteLength);
  let filled = 0;
  for (let at = 0;;) {
    const lineEnd = bytes.indexOf(10, at);
    if (lineEnd < 0) return null;
    const size = parseInt(new TextDecoder().decode(bytes.subarray(at, lineEnd)), 16);
    at = lineEnd + 1;
    if (bytes.byteLength < at + size + 2) return null;
    if (size === 0) return content.subarray(0, filled);
    content.set(bytes.subarray(at, at + size), filled);
    filled += size;
    at += size + 2;
  }
}
