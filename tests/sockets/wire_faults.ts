/**
 * Violations of HTTP/1.1 by a server, for any response: bytes before it, invalid fields, and the framing of
 * its body.
 */
import type { RawConnection } from "./raw_server.ts";

/** A correct response, with fields that do not frame the body. */
export interface PlainResponse {
  readonly status: string;
  readonly fields: readonly string[];
  readonly body: Uint8Array;
}

/** Sends a response; true if the connection stays open for another. */
export type WireFault = (connection: RawConnection, response: PlainResponse) => Promise<boolean>;

/** Adds fields, valid or not, to a response that is otherwise correct. */
const fields = (...odd: readonly string[]): WireFault => async (connection, response) => {
  const length = `content-length: ${response.body.byteLength}`;
  await connection.start(response.status, ...odd, ...response.fields, length);
  await connection.write(response.body);
  return true;
};

/** Sends text before a correct response. */
const before = (text: string): WireFault => async (connection, response) => {
  await connection.text(text);
  return await fields()(connection, response);
};

/** Sends a response in one chunk: its size with `extension`, and `end` after it. */
const chunked =
  (extension: string, end: string): WireFault => async (connection, { status, fields, body }) => {
    await connection.start(status, ...fields, "transfer-encoding: chunked");
    await connection.text(`${body.byteLength.toString(16)}${extension}\r\n`);
    await connection.write(body);
    await connection.text(`\r\n${end}`);
    return true;
  };

/** Frames a body with an invalid field, and closes the connection. */
const framed =
  (field: string, start = ""): WireFault => async (connection, { status, fields, body }) => {
    await connection.start(status, ...fields, field);
    await connection.text(start);
    await connection.write(body);
    return await connection.end();
  };

/** Begins with another status line. */
const statusLine = (line: string): WireFault => async (connection, { fields, body }) => {
  await connection.text(
    [line, ...fields, `content-length: ${body.byteLength}`, "", ""].join("\r\n"),
  );
  await connection.write(body);
  return await connection.end();
};

/** The faults, by name. */
export const WIRE_FAULTS: Readonly<Record<string, WireFault>> = {
  foldedField: fields("x-a: b\r\n  folded"),
  nulInField: fields("x-a: b\0c"),
  returnInField: fields("x-a: b\rcontent-length: 7"),
  spaceInName: fields("x a : b"),
  manyFields: fields(...Array.from({ length: 10_000 }, () => "x-a: b")),
  hugeField: fields(`x-a: ${"b".repeat(2_000_000)}`),
  earlyHints: before("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
  interimFlood: before("HTTP/1.1 102 Processing\r\n\r\n".repeat(5_000)),
  extension: chunked(';a=b;c="d"', "0;z\r\n\r\n"),
  hugeExtension: chunked(`;a=${"b".repeat(1_000_000)}`, "0\r\n\r\n"),
  trailers: chunked("", "0\r\ncontent-length: 7\r\nx-a: b\r\n\r\n"),
  trailerFlood: chunked("", `0\r\n${"x-a: b\r\n".repeat(50_000)}\r\n`),
  chunkOverflow: framed("transfer-encoding: chunked", "ffffffffffffffffff\r\n"),
  chunkWithoutEnd: framed("transfer-encoding: chunked", "fffffffffffffff0\r\n"),
  negativeChunk: framed("transfer-encoding: chunked", "-5\r\n"),
  negativeLength: framed("content-length: -1"),
  signedLength: framed("content-length: +7"),
  hexLength: framed("content-length: 0x10"),
  hugeLength: framed("content-length: 99999999999999999999999"),
  noHead: (connection, { body }) => connection.write(body).then(() => connection.end()),
  foreignVersion: statusLine("HTTP/2.0 200 OK"),
  lowStatus: statusLine("HTTP/1.1 099 Low"),
  highStatus: statusLine("HTTP/1.1 999 High"),
  switched: statusLine("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade"),
  calledBrotli: fields("content-encoding: br"),
  calledDeflate: fields("content-encoding: deflate"),
};
