import { assert, assertEquals } from "@std/assert";
import { IncomingRequest } from "../../../lib/cli/http_server/incoming_request.ts";
import { parseHead } from "../../../lib/cli/http_server/request_head.ts";

function incoming(text: string, body: string | null = null) {
  const head = parseHead(new TextEncoder().encode(`${text}\r\n\r\n`));
  const { signal } = new AbortController();
  const stream = body === null ? null : new Response(body).body;
  return { request: new IncomingRequest(head, stream, signal), signal };
}

Deno.test("IncomingRequest has the head of the request when it has no body", () => {
  const { request, signal } = incoming("GET /a/../b?c HTTP/1.1\r\nhost: x:1\r\naccept: a/b");
  assert(request instanceof Request);
  assertEquals([request.method, request.url], ["GET", "http://x:1/a/../b?c"]);
  assertEquals(request.headers.get("accept"), "a/b");
  assert(request.signal === signal);
  assertEquals(request.body, null);
  const copy = request.clone();
  assertEquals([copy.url, copy.headers.get("accept")], [request.url, "a/b"]);
});

Deno.test("IncomingRequest reads the body with its content type when it has one", async () => {
  const { request } = incoming("PUT /a HTTP/1.1\r\nhost: x\r\ncontent-type: text/x", "data");
  const copy = request.clone();
  const blob = await request.blob();
  assertEquals([request.method, blob.type, await blob.text()], ["PUT", "text/x", "data"]);
  assertEquals(await copy.text(), "data");
});
