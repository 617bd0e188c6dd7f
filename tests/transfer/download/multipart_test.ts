/** `multipart/byteranges`: the requested part is found after any preamble and with any chunking. */
import { assertEquals } from "@std/assert";
import type { BodyReader, Chunk } from "../../../lib/transfer/body_reader.ts";
import { findBodyPart } from "../../../lib/transfer/download/multipart.ts";
import { parseContentRange } from "../../../lib/http/byte_range.ts";
import { concat } from "../../../lib/concat.ts";
import { utf8 } from "../../support/bodies.ts";

const IMAGE = Uint8Array.from({ length: 100 }, (_, i) => i);

/** A reader of bytes in chunks of a size. */
function readerOf(bytes: Uint8Array<ArrayBuffer>, size: number): BodyReader {
  let offset = 0;
  return {
    read: () => {
      const chunk = bytes.slice(offset, offset + size);
      offset += chunk.byteLength;
      return Promise.resolve(chunk.byteLength === 0 ? null : chunk);
    },
    cancel: () => Promise.resolve(),
  };
}

function part(
  from: number,
  to: number,
  headers = "Content-Type: x/y\r\n",
): Uint8Array<ArrayBuffer> {
  const head = `\r\n--LIMIT\r\n${headers}content-range: bytes ${from}-${to}/100\r\n\r\n`;
  return concat([utf8(head), IMAGE.slice(from, to + 1)]);
}

const END = utf8("\r\n--LIMIT--\r\n");

async function read(bytes: Uint8Array<ArrayBuffer>, size: number, start: number) {
  const found = await findBodyPart(readerOf(bytes, size), "LIMIT", start, parseContentRange);
  if (found === null) return null;
  const chunks: Chunk[] = [];
  for (;;) {
    const chunk = await found.reader.read(new Uint8Array(10));
    if (chunk === null) break;
    chunks.push(chunk.slice());
  }
  return [found.range.start, found.range.end, [...concat(chunks)]];
}

for (const size of [1, 2, 7, 64, 1_000]) {
  Deno.test(`findBodyPart() finds the part with the requested byte in chunks of ${size} bytes`, async () => {
    const body = concat([part(0, 9), part(20, 29), part(40, 99, ""), END]);
    assertEquals(await read(body, size, 0), [0, 9, [...IMAGE.slice(0, 10)]]);
    assertEquals(await read(body, size, 25), [20, 29, [...IMAGE.slice(20, 30)]]);
    assertEquals(await read(body, size, 40), [40, 99, [...IMAGE.slice(40)]]);
    assertEquals(await read(body, size, 10), null);
    // The first boundary needs no line before it.
    assertEquals(await read(body.slice(2), size, 5), [0, 9, [...IMAGE.slice(0, 10)]]);
  });
}

Deno.test("findBodyPart() returns nothing when the body is not multipart", async () => {
  const bodies = [
    IMAGE,
    new Uint8Array(0),
    utf8("\r\n\r\n\r\n\r\n"),
    utf8("\r\n--OTHER\r\ncontent-range: bytes 0-9/100\r\n\r\n0123456789"),
    utf8("\r\n--LIMIT\r\ncontent-range: bytes 9-0/100\r\n\r\n0123456789"),
    utf8("\r\n--LIMIT\r\ncontent-type: x/y\r\n\r\n0123456789"),
    concat([utf8(`--LIMIT\r\nx: ${"y".repeat(10_000)}\r\n`), part(0, 9)]),
    concat([...Array.from({ length: 99 }, () => part(0, 0)), part(50, 59)]),
  ];
  for (const body of bodies) assertEquals(await read(body, 64, 50), null);
});
