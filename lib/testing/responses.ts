/**
 * The response of a simulated server, as data: a pure function of the request, the fault, and the state of the
 * cluster.
 */
import { createHash } from "node:crypto";
import { concat } from "../concat.ts";
import type { BodyScript } from "./body_script.ts";
import type { Fault } from "./faults.ts";
import { seededBytes } from "./seed.ts";

/** A request that the cluster has received. */
export interface ReceivedRequest {
  /** Origin of its URL, also if that is not a server of the cluster. */
  readonly server: string;
  /** Path of its URL. */
  readonly path: string;
  /** Its `Range` header. */
  readonly range: string | null;
  /** Its `X-Auth-Token` header. */
  readonly token: string | null;
  /** When it was sent, in milliseconds of the cluster's clock. */
  readonly at: number;
  /** Number of bytes of the response body that its client has read so far. */
  readonly sentBytes: number;
}

/** The state of the cluster when a request arrives. */
export interface ServedImage {
  readonly id: string;
  readonly image: Uint8Array<ArrayBuffer>;
  readonly token: string;
  readonly supportsRanges: boolean;
  readonly hasLength: boolean;
}

/** Status, headers, and body of a response. */
export interface SimulatedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyScript | null;
}

/** Bytes of a response to a request for data, with the headers that describe them. */
interface ServedBytes {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Block size in bytes of a simulated cache. */
const BLOCK = 512;

/** Milliseconds between the chunks of a trickling server: below any stall timeout. */
const TRICKLE = 400;

/** The response to a request, with the fault applied. */
export function responseTo(
  { path, range, token }: ReceivedRequest,
  fault: Fault | undefined,
  served: ServedImage,
): SimulatedResponse {
  switch (fault?.kind) {
    case "status":
      return failure(fault.status, fault.retryAfter);
    case "denied":
      return failure(fault.status);
    case "foreignRedirect":
      return { status: 302, headers: { location: "http://evil.example/x" }, body: null };
  }
  if (token !== served.token) return failure(401);
  if (!path.endsWith("/file")) return json(200, recordOf(served));
  if (range !== null && !served.supportsRanges) return failure(400);
  const { status, headers, bytes } = bytesFor(range, served.image, fault);
  return {
    status,
    headers: {
      "content-md5": digest("md5", served.image),
      ...headers,
      ...served.hasLength && { "content-length": String(bytes.byteLength) },
      ...fault?.kind === "gzip" && { "content-encoding": "gzip" },
    },
    body: scriptOf(bytes, fault),
  };
}

function failure(status: number, retryAfter?: string): SimulatedResponse {
  const headers = retryAfter === undefined ? undefined : { "retry-after": retryAfter };
  return json(status, { message: `simulated ${status}` }, headers);
}

function json(
  status: number,
  value: unknown,
  headers?: Readonly<Record<string, string>>,
): SimulatedResponse {
  const body = scriptOf(new TextEncoder().encode(JSON.stringify(value)), undefined);
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

function recordOf({ id, image }: ServedImage): Record<string, unknown> {
  return {
    id,
    status: "active",
    size: image.byteLength,
    checksum: digest("md5", image),
    os_hash_algo: "sha512",
    os_hash_value: digest("sha512", image),
  };
}

function digest(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/** The response to a range request, or to one for all bytes. */
function bytesFor(
  range: string | null,
  image: Uint8Array<ArrayBuffer>,
  fault: Fault | undefined,
): ServedBytes {
  if (range === null) return { status: 200, headers: {}, bytes: image };
  const [start, end] = boundsOf(range, image);
  const part = (from: number, to: number): ServedBytes => ({
    status: 206,
    headers: rangeHeader(from, to, image.byteLength),
    bytes: image.subarray(from, to + 1),
  });
  const correct = part(start, end);
  switch (fault?.kind) {
    case "noContentRange":
      return { ...correct, headers: {} };
    case "wrongStart":
      return { ...correct, headers: rangeHeader(Math.max(0, start - 1), end, image.byteLength) };
    case "wrongEnd":
      return { ...correct, headers: rangeHeader(start, end - 1, image.byteLength) };
    case "wrongTotal":
      return { ...correct, headers: rangeHeader(start, end, image.byteLength + 5) };
    case "wholeAs206":
      return { ...correct, bytes: image };
    case "labeledWhole":
      return part(0, image.byteLength - 1);
    case "startsEarlier":
      return part(start - start % BLOCK, end);
    case "endsEarlier":
      return part(start, start + Math.floor(fault.at * (end - start)));
    case "partAs200":
      return { ...correct, status: 200 };
    case "unlabeledRest":
      return { ...correct, status: 200, headers: {} };
    case "multipart":
      return asMultipart(correct);
    default:
      return correct;
  }
}

function asMultipart({ status, headers, bytes }: ServedBytes): ServedBytes {
  const encoder = new TextEncoder();
  const head = encoder.encode(`--LIMIT\r\nContent-Range: ${headers["content-range"]}\r\n\r\n`);
  const type = { "content-type": "multipart/byteranges; boundary=LIMIT" };
  const all = concat([head, bytes, encoder.encode("\r\n--LIMIT--\r\n")]);
  return { status, headers: type, bytes: all };
}

/** The bytes that a `Range` header requests, both ends inclusive. */
function boundsOf(range: string, image: Uint8Array): [start: number, end: number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range);
  const last = image.byteLength - 1;
  return [Number(match?.[1]), match?.[2] ? Math.min(Number(match[2]), last) : last];
}

function rangeHeader(from: number, to: number, size: number): Record<string, string> {
  return { "content-range": `bytes ${from}-${to}/${size}` };
}

/** How these bytes are sent. A fault with a position ends or changes them there. */
function scriptOf(bytes: Uint8Array<ArrayBuffer>, fault: Fault | undefined): BodyScript {
  const script: BodyScript = { bytes, interval: 1, end: "close" };
  switch (fault?.kind) {
    case "trickle":
      return { ...script, interval: TRICKLE };
    case "extraBytes":
      return { ...script, bytes: concat([bytes, seededBytes(7, 33)]) };
    case "flippedBit":
      return { ...script, bytes: flipped(bytes, Math.floor(fault.at * bytes.byteLength)) };
    case "cut":
      return { ...script, bytes: upTo(fault.at, bytes), end: "reset" };
    case "cleanEnd":
      return { ...script, bytes: upTo(fault.at, bytes) };
    case "stall":
      return { ...script, bytes: upTo(fault.at, bytes), end: "stall" };
    default:
      return script;
  }
}

function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const byte = bytes[at];
  // There is no bit to flip in an empty image.
  return byte === undefined ? bytes : bytes.with(at, byte ^ 1);
}

function upTo(at: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.subarray(0, Math.floor(at * bytes.byteLength));
}
