/** Over sockets, a gateway responds to requests that no `fetch` sends as its server does. */
import { assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../lib/cli/server/serve.ts";
import { createEmbeddedGlance, memoryStorage } from "../../lib/embedded/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { create } from "../embedded/glance.ts";

const ANY = { host: "127.0.0.1", port: 0 };

/** Requests -> the status and the media type of Glance's response. */
const REQUESTS: Readonly<Record<string, readonly [head: string, expected: RegExp]>> = {
  "an error without Accept": ["GET /v2/images/none", /^404 text\/plain/],
  "PATCH without Content-Type": [
    "PATCH /v2/images/ID\r\ncontent-length: 2",
    /^415 .*media type text\/plain is not supported/s,
  ],
  "GET of definitions with a body": [
    "GET /v2/metadefs/namespaces\r\ncontent-type: application/json\r\ncontent-length: 2",
    /^200 application\/json/,
  ],
  "GET of tasks with a body": [
    "GET /v2/tasks\r\ncontent-type: application/json\r\ncontent-length: 2",
    /^200 application\/json/,
  ],
  "a tag with a backslash": ["PUT /v2/images/ID/tags/a%5Cb\r\ncontent-length: 0", /^204 /],
  "a tag with a control character": ["PUT /v2/images/ID/tags/a%01\r\ncontent-length: 0", /^204 /],
  "a tag of dots and letters": ["PUT /v2/images/ID/tags/..a\r\ncontent-length: 0", /^204 /],
  "a health check as JSON": [
    "GET /healthcheck\r\naccept: application/json",
    /^200 application\/json/,
  ],
  "an unknown minor version": ["GET /v2.99/images", /^300 application\/json/],
  "a path below /versions": ["GET /versions/x", /^200 application\/json/],
  "slashes before the version": ["GET //v2/images", /^200 application\/json/],
  "slashes after the version": ["GET /v2//images", /^200 application\/json/],
  "an unknown path": ["GET /v2/nothing\r\naccept: application/json", /^404 application\/json/],
  "a method that a path does not take": ["PUT /v2/images\r\ncontent-length: 0", /^405 text\/plain/],
};

for (const [what, [head, expected]] of Object.entries(REQUESTS)) {
  Deno.test(`createImageRouter() responds to ${what} over a socket as its server does`, async () => {
    const glance = createEmbeddedGlance({ storage: memoryStorage() });
    const id = await create(glance);
    const server = serve(glance.fetch, ANY);
    const router = createImageRouter({ apiServers: [server.url], authStrategy: "noauth" });
    const gateway = serve(async (request) => await router.fetch(request), ANY);
    try {
      const [line = "", ...fields] = head.replace("ID", id).split("\r\n");
      const request = [`${line} HTTP/1.1`, "host: localhost", "connection: close", ...fields];
      const text = `${request.join("\r\n")}\r\n\r\n${/length: 2/.test(head) ? "[]" : ""}`;
      const theirs = await responseTo(server.url, text);
      assertMatch(theirs, expected);
      assertEquals(await responseTo(gateway.url, text), theirs);
    } finally {
      await gateway.stop();
      await server.stop();
    }
  });
}

/** Status, media type and body of the response to a request. */
async function responseTo(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  using socket = await Deno.connect({ hostname, port: Number(port) });
  await socket.write(new TextEncoder().encode(request));
  const [head = "", ...body] = (await new Response(socket.readable).text()).split("\r\n\r\n");
  const status = head.slice(9, 12);
  const type = /^content-type: (.*)$/im.exec(head)?.[1]?.trim();
  return `${status} ${type} ${body.join("\r\n\r\n")}`;
}
