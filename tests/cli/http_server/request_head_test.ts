import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  canBegin,
  headEnd,
  parseHead,
  ProtocolError,
  type RequestHead,
} from "../../../lib/cli/http_server/request_head.ts";

function parse(text: string): RequestHead {
  return parseHead(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

Deno.test("parseHead() returns method, target, fields and framing when the head is valid", async (t) => {
  const cases: readonly (readonly [text: string, expected: Partial<RequestHead>])[] = [
    ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", { method: "GET", url: "http://x/", keepsAlive: true }],
    ["GET /a HTTP/1.1\r\nHost: x:80\r\n\r\n", { url: "http://x:80/a" }],
    ["GET /a/../b?c=%2e HTTP/1.1\r\nHost: [::1]:9\r\n\r\n", {
      url: "http://[::1]:9/a/../b?c=%2e",
    }],
    ["GET http://y/b HTTP/1.1\r\nHost: x\r\n\r\n", { url: "http://y/b" }],
    ["GET http://y?q HTTP/1.1\r\nHost: x\r\n\r\n", { url: "http://y/?q" }],
    ["OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", { method: "OPTIONS", url: "http://x/*" }],
    ["GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", { url: "http://x/%c3%a4" }],
    ["GET / HTTP/1.0\r\n\r\n", { url: "http://localhost/", keepsAlive: false, isHttp10: true }],
    ["GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", { keepsAlive: true }],
    ["GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", { keepsAlive: false }],
    ["GET / HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n", { keepsAlive: false }],
    ["PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", {
      framing: { kind: "length", length: 5 },
    }],
    ["PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", {
      framing: { kind: "length", length: 5 },
    }],
    ["PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n", {
      framing: { kind: "chunked" },
    }],
    ["PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n", { expectsContinue: true }],
    ["PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", { expectsContinue: false }],
  ];
  for (const [text, expected] of cases) {
    await t.step(JSON.stringify(text), () => {
      const head = parse(text);
      for (const [name, value] of Object.entries(expected)) {
        assertEquals(head[name as keyof RequestHead], value, name);
      }
    });
  }
});

Deno.test("canBegin() accepts bytes when a request line can start with them, and rejects other protocols", () => {
  const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const line = "PUT /v2/images/\xff/file HTTP/1.1";
  for (let length = 0; length <= line.length; length++) {
    assert(canBegin(bytes(line.slice(0, length))), line.slice(0, length));
  }
  assert(canBegin(bytes("A".repeat(200))));
  for (const text of ["\x16\x03\x01\x02", "\x80\x2e\x01", "\x00", " GET", "{", "G\x01 /"]) {
    assert(!canBegin(bytes(text)), JSON.stringify(text));
  }
});

Deno.test("parseHead() keeps the bytes when a field value is not ASCII", () => {
  const { headers } = parse("GET / HTTP/1.1\r\nHost: x\r\nX-Name: \t\xc3\xa4 b \r\n\r\n");
  assertEquals(headers.get("x-name"), "\xc3\xa4 b");
});

Deno.test("parseHead() throws ProtocolError when a head is malformed or ambiguous", async (t) => {
  const get = (fields: string) => `GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;
  const cases: readonly (readonly [text: string, status: number])[] = [
    [get("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400],
    [get("Content-Length: 5\r\nContent-Length: 6"), 400],
    [get("Content-Length: 5, 6"), 400],
    [get("Content-Length: +5"), 400],
    [get("Content-Length: -1"), 400],
    [get("Content-Length: 0x5"), 400],
    [get("Content-Length: "), 400],
    [get("Content-Length: 9999999999999999"), 400],
    [get("Transfer-Encoding: gzip, chunked"), 501],
    [get("Transfer-Encoding: chunked, chunked"), 501],
    [get("Transfer-Encoding: xchunked"), 501],
    [get("Transfer-Encoding : chunked"), 400],
    [get("Transfer-Encoding\t: chunked"), 400],
    [get(" folded: yes"), 400],
    [get("a: b\r\n folded"), 400],
    [get("no colon"), 400],
    [get(": no name"), 400],
    [get("a: b\0c"), 400],
    [get("a: b\rc: d"), 400],
    [get("a: b\nc: d"), 400],
    [get("a: b\r\r\nc: d"), 400],
    [get("a: b\n\r\nc: d"), 400],
    [get("a: b\nContent-Length: 5"), 400],
    ["GET / HTTP/1.1\nHost: x\n\n", 400],
    ["GET / HTTP/1.1\nHost: x\r\n\r\n", 400],
    ["GET / HTTP/1.1\rHost: x\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x\r\n\n", 400],
    [get("Transfer-Encoding: "), 501],
    [get("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 501],
    [get("Host: y"), 400],
    [get("Expect: 200-ok"), 417],
    ["GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET http://y/ HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: \r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x/v2/images/ID/file?\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: user@x\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nHost: x:99999\r\n\r\n", 400],
    ["GET http://user@y/ HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET ftp://y/ HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET /\r\nHost: x\r\n\r\n", 400],
    ["G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["GET / http/1.1\r\nHost: x\r\n\r\n", 400],
    ["PRI * HTTP/2.0\r\n\r\n", 505],
    ["CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501],
    ["trace / HTTP/1.1\r\nHost: x\r\n\r\n", 501],
    ["get / HTTP/1.1\r\nHost: x\r\n\r\n", 501],
    ["Put / HTTP/1.1\r\nHost: x\r\n\r\n", 501],
    ["head / HTTP/1.1\r\nHost: x\r\n\r\n", 501],
    ["\x16\x03\x01\x02\x00\x01\n\n", 400],
    [get(Array.from({ length: 200 }, (_, i) => `a${i}: b`).join("\r\n")), 431],
  ];
  for (const [text, status] of cases) {
    await t.step(JSON.stringify(text.slice(0, 80)), () => {
      assertEquals(assertThrows(() => parse(text), ProtocolError).status, status);
    });
  }
});

Deno.test("headEnd() finds the empty line when the search starts at any byte before it", () => {
  const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\nbody\n\n");
  for (let from = 0; from < 25; from++) assertEquals(headEnd(bytes, from), 27);
  assertEquals(headEnd(bytes.subarray(0, 26), 0), -1);
  assertEquals(headEnd(new TextEncoder().encode("a\nb\n\nc"), 0), 5);
});
