/** The embedded Glance on a real socket: the contract, and clients that disconnect. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { createEmbeddedGlance, memoryStorage } from "../../lib/embedded/mod.ts";
import { IMAGE_API_CHECKS, reasonToSkip } from "../contract/image_api.ts";
import { serve } from "../../lib/cli/server/serve.ts";
import { create, show } from "./glance.ts";
import { embeddedTarget } from "./target.ts";

Deno.test("createEmbeddedGlance() passes the contract through a socket", async (test) => {
  const target = embeddedTarget();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => target.fetch(request),
  );
  const served = { ...target, endpoint: `http://127.0.0.1:${server.addr.port}`, fetch };
  for (const check of IMAGE_API_CHECKS) {
    if (reasonToSkip(check, served) !== null) continue;
    await test.step(check.name, () => check.run(served));
  }
});

Deno.test("createEmbeddedGlance() leaves the image queued, and reports no error, when the client disconnects during an upload", async () => {
  const responded = Promise.withResolvers<Response>();
  const errors: unknown[] = [];
  const glance = createEmbeddedGlance({
    storage: memoryStorage(),
    onError: (error) => void errors.push(error),
  });
  const id = await create(glance);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const response = await glance.fetch(request);
      responded.resolve(response.clone());
      return response;
    },
  );
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const head = `PUT /v2/images/${id}/file HTTP/1.1\r\nhost: glance\r\n` +
    "content-type: application/octet-stream\r\ncontent-length: 100\r\n\r\n";
  await socket.write(new TextEncoder().encode(`${head}only a part`));
  socket.close();
  const response = await responded.promise;
  assertEquals([response.status, errors], [400, []]);
  assertStringIncludes(await response.text(), "Client disconnected before sending all data");
  const { image } = await show(glance, id);
  assertEquals([image["status"], image["size"]], ["queued", null]);
});

Deno.test("createEmbeddedGlance() leaves the image queued when the client stalls during an upload", async () => {
  const glance = createEmbeddedGlance({ storage: memoryStorage() });
  for (const framing of ["content-length: 100", "transfer-encoding: chunked"]) {
    const server = serve(glance.fetch, { host: "127.0.0.1", port: 0 }, { upload: 50 });
    const id = await create(glance);
    const { hostname, port } = new URL(server.url);
    using socket = await Deno.connect({ hostname, port: Number(port) });
    const head = `PUT /v2/images/${id}/file HTTP/1.1\r\nhost: glance\r\n` +
      `content-type: application/octet-stream\r\n${framing}\r\n\r\n`;
    await socket.write(new TextEncoder().encode(`${head}5\r\nhello\r\n`));
    // The server closes the connection when it aborts the upload.
    await new Response(socket.readable).text();
    await server.stop();
    const { image } = await show(glance, id);
    assertEquals([framing, image["status"], image["size"]], [framing, "queued", null]);
  }
});
