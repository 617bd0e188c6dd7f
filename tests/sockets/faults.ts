/**
 * Faults of an image server on a socket: the bytes that it sends, and how it ends the connection.
 */
import type { RawConnection } from "./raw_server.ts";

/** A request for data, before its response. */
export interface DataRequest {
  readonly connection: RawConnection;
  /** Sends bytes of the body, and counts them. */
  send(bytes: Uint8Array): Promise<void>;
  readonly image: Uint8Array;
  /** First requested byte. */
  readonly start: number;
  /** Offset after the last requested byte. */
  readonly stop: number;
  /** Whether a range was requested. */
  readonly isRange: boolean;
  /** Root of a server that is not configured. */
  readonly foreign: string;
  /** Makes the token invalid, and another one valid. */
  expireToken(): void;
}

/** Responds to a request for data; true if the connection stays open for another. */
export type Fault = (request: DataRequest) => Promise<boolean>;

/** A correct response. */
export const healthy: Fault = async (request) => {
  await start(request, lengthOf(request));
  await request.send(requestedBytes(request));
  return true;
};

/** Breaks the connection after a part of the body. */
export const reset = (at: number): Fault => async (request) => {
  await start(request, lengthOf(request));
  await request.send(portion(request, at));
  return await request.connection.reset();
};

/** Ends before all bytes of `Content-Length` are sent. */
export const truncate = (at: number): Fault => async (request) => {
  await start(request, lengthOf(request));
  await request.send(portion(request, at));
  return await request.connection.end();
};

/** Ends in the middle of a chunk. */
export const truncateChunk = (at: number): Fault => async (request) => {
  const { connection } = request;
  await start(request, "transfer-encoding: chunked");
  await connection.text(`${requestedBytes(request).byteLength.toString(16)}\r\n`);
  await request.send(portion(request, at));
  return await connection.end();
};

/** Ends after a complete chunk, without the last one. */
export const withholdLastChunk = (at: number): Fault => async (request) => {
  await start(request, "transfer-encoding: chunked");
  await chunk(request, portion(request, at));
  return await request.connection.end();
};

/** Ends after the last chunk, without the empty line that must follow. */
export const withholdLastLine: Fault = async (request) => {
  await start(request, "transfer-encoding: chunked");
  await chunk(request, requestedBytes(request));
  await request.connection.text("0\r\n");
  return await request.connection.end();
};

/** Ends a body without a length by closing the connection, at its end (1) or before. */
export const delimitByClose = (at: number): Fault => async (request) => {
  await start(request, "connection: close");
  await request.send(portion(request, at));
  return await request.connection.end();
};

/** Stops sending in the middle of the body. */
export const stall = (at: number): Fault => async (request) => {
  await start(request, lengthOf(request));
  await request.send(portion(request, at));
  return await request.connection.waitForClose();
};

/** Sends the first bytes with pauses, and then the rest. */
export const sendSlowly = (pauses: number, ms: number): Fault => async (request) => {
  await start(request, lengthOf(request));
  for (let sent = 0; sent < pauses; sent++) {
    await request.send(requestedBytes(request).subarray(sent, sent + 1));
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  await request.send(requestedBytes(request).subarray(pauses));
  return true;
};

/** Sends more than `Content-Length` announces: bytes that look like the next response. */
export const sendExtraBytes: Fault = async (request) => {
  await healthy(request);
  await request.connection.json("200 OK", { id: "smuggled" });
  return true;
};

/** Sends more bytes than the image has, without announcing them. */
export const exceedLength: Fault = async (request) => {
  await start(request, "connection: close");
  await request.send(requestedBytes(request));
  await request.send(new Uint8Array(1_000));
  return await request.connection.end();
};

/** Announces two lengths. */
export const announceTwoLengths: Fault = async (request) => {
  await start(request, lengthOf(request), "content-length: 7");
  await request.send(requestedBytes(request));
  return await request.connection.end();
};

/** Announces a length, and sends chunks. */
export const lengthAndChunks: Fault = async (request) => {
  await start(request, lengthOf(request), "transfer-encoding: chunked");
  await chunk(request, requestedBytes(request));
  await request.connection.text("0\r\n\r\n");
  return await request.connection.end();
};

/** Announces and sends another length than the image has. */
export const announceOtherLength: Fault = async (request) => {
  const bytes = requestedBytes(request).subarray(9);
  await start(request, `content-length: ${bytes.byteLength}`);
  await request.send(bytes);
  return true;
};

/** Labels the bytes as gzip, which they are not. */
export const labelAsGzip: Fault = async (request) => {
  await start(request, lengthOf(request), "content-encoding: gzip");
  await request.send(requestedBytes(request));
  return true;
};

/** Flips one bit. */
export const flipBit: Fault = async (request) => {
  const bytes = requestedBytes(request).slice();
  bytes[bytes.byteLength >> 1] = (bytes[bytes.byteLength >> 1] ?? 0) ^ 1;
  await start(request, lengthOf(request));
  await request.send(bytes);
  return true;
};

/** Labels the bytes with a shifted `Content-Range`. */
export const shiftContentRange =
  (moved: { readonly start?: number; readonly end?: number; readonly total?: number }): Fault =>
  async (request) => {
    const { connection, start: first, stop, image } = request;
    const from = first + (moved.start ?? 0);
    const to = stop - 1 + (moved.end ?? 0);
    const total = image.byteLength + (moved.total ?? 0);
    const bytes = image.subarray(from, to + 1);
    const range = `content-range: bytes ${from}-${to}/${total}`;
    await connection.start("206 Partial Content", range, `content-length: ${bytes.byteLength}`);
    await request.send(bytes);
    return true;
  };

/** Starts at a block boundary before the requested byte, with the correct `Content-Range`. */
export const startAtBlock = (block: number): Fault => async (request) => {
  const from = Math.floor(request.start / block) * block;
  return await labeled(request, from, request.stop);
};

/** Sends fewer bytes than requested, with the correct `Content-Range`. */
export const sendLess = (at: number): Fault => async (request) => {
  const length = Math.max(1, Math.floor(at * (request.stop - request.start)));
  return await labeled(request, request.start, request.start + length);
};

/** Sends the one block of a cache that contains the requested byte. */
export const sendBlock = (block: number): Fault => async (request) => {
  const from = Math.floor(request.start / block) * block;
  return await labeled(request, from, Math.min(from + block, request.image.byteLength));
};

/** The whole image as 206, with the Content-Range of the whole image. */
export const wholeAs206Labeled: Fault = async (request) => {
  return await labeled(request, 0, request.image.byteLength);
};

/** Sends the requested part with status 200. */
export const restAs200 = (isLabeled: boolean): Fault => async (request) => {
  const { connection, start: first, stop, image } = request;
  const range = `content-range: bytes ${first}-${stop - 1}/${image.byteLength}`;
  await connection.start("200 OK", lengthOf(request), ...isLabeled ? [range] : []);
  await request.send(requestedBytes(request));
  return true;
};

/** The same without a length, so that it looks like the whole image. */
export const restAs200InChunks: Fault = async (request) => {
  await request.connection.start("200 OK", "transfer-encoding: chunked");
  await chunk(request, requestedBytes(request));
  await request.connection.text("0\r\n\r\n");
  return true;
};

/** Sends one range as `multipart/byteranges`. */
export const multipart: Fault = async (request) => {
  const { connection, start: first, stop, image } = request;
  const head = `\r\n--LIMIT\r\ncontent-type: application/octet-stream\r\n` +
    `Content-Range: bytes ${first}-${stop - 1}/${image.byteLength}\r\n\r\n`;
  const end = "\r\n--LIMIT--\r\n";
  const length = head.length + (stop - first) + end.length;
  const type = "content-type: multipart/byteranges; boundary=LIMIT";
  await connection.start("206 Partial Content", type, `content-length: ${length}`);
  await connection.text(head);
  await request.send(requestedBytes(request));
  await connection.text(end);
  return true;
};

/** Labels a plain part as `multipart/byteranges`. */
export const mislabelAsMultipart: Fault = async (request) => {
  const type = "content-type: multipart/byteranges; boundary=LIMIT";
  await request.connection.start("206 Partial Content", type, lengthOf(request));
  await request.send(requestedBytes(request));
  return true;
};

/** A part without `Content-Range`. */
export const omitContentRange: Fault = async (request) => {
  await request.connection.start("206 Partial Content", lengthOf(request));
  await request.send(requestedBytes(request));
  return true;
};

/** Announces a part, and sends the whole image: Glance with a store that cannot seek. */
export const wholeAs206: Fault = async (request) => {
  await start(request, `content-length: ${request.image.byteLength}`);
  await request.send(request.image);
  return true;
};

/** The same, chunked: no length reveals it. */
export const wholeAs206InChunks: Fault = async (request) => {
  await start(request, "transfer-encoding: chunked");
  await chunk(request, request.image);
  await request.connection.text("0\r\n\r\n");
  return true;
};

/** Ignores the range and sends the whole image with 200. */
export const wholeAs200: Fault = async (request) => {
  await request.connection.start("200 OK", `content-length: ${request.image.byteLength}`);
  await request.send(request.image);
  return true;
};

/** Responds with a status and no data. */
export const refuse =
  (status: string, ...fields: readonly string[]): Fault => async ({ connection }) =>
    await connection.json(status, { message: "no" }, ...fields);

/** No longer accepts the token. */
export const rejectToken: Fault = async (request) => {
  request.expireToken();
  return await refuse("401 Unauthorized")(request);
};

/** Redirects the client to another origin, where it must not send its token. */
export const redirectElsewhere: Fault = async (request) =>
  await refuse("302 Found", `location: ${request.foreign}/taken`)(request);

/** Never responds. */
export const neverRespond: Fault = async ({ connection }) => await connection.waitForClose();

/** Never ends its head. */
export const stallHead: Fault = async ({ connection }) => {
  await connection.text("HTTP/1.1 200 OK\r\nContent-Le");
  return await connection.waitForClose();
};

/** Sends bytes that are not HTTP. */
export const sendGarbage: Fault = async ({ connection }) => {
  await connection.text("* OK IMAP4rev1 ready\r\n\r\n");
  return await connection.end();
};

/** Closes the connection instead of a response. */
export const closeWithoutResponse: Fault = async ({ connection }) => await connection.end();

function requestedBytes({ image, start, stop }: DataRequest): Uint8Array {
  return image.subarray(start, stop);
}

/** The first of the requested bytes; `at` is a fraction. */
function portion(request: DataRequest, at: number): Uint8Array {
  const bytes = requestedBytes(request);
  return bytes.subarray(0, Math.floor(at * bytes.byteLength));
}

function lengthOf(request: DataRequest): string {
  return `content-length: ${requestedBytes(request).byteLength}`;
}

/** Sends bytes from `bodyStart` to before `endExclusive`, with the correct `Content-Range`. */
async function labeled(request: DataRequest, from: number, stop: number): Promise<boolean> {
  const { connection, image } = request;
  const range = `content-range: bytes ${from}-${stop - 1}/${image.byteLength}`;
  await connection.start("206 Partial Content", range, `content-length: ${stop - from}`);
  await request.send(image.subarray(from, stop));
  return true;
}

async function start(request: DataRequest, ...fields: readonly string[]): Promise<void> {
  const { connection, isRange, start: first, stop, image } = request;
  const range = `content-range: bytes ${first}-${stop - 1}/${image.byteLength}`;
  if (isRange) await connection.start("206 Partial Content", range, ...fields);
  else await connection.start("200 OK", ...fields);
}

async function chunk(request: DataRequest, bytes: Uint8Array): Promise<void> {
  const { connection } = request;
  await connection.text(`${bytes.byteLength.toString(16)}\r\n`);
  await request.send(bytes);
  await connection.text("\r\n");
}
