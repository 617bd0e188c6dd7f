/** What is made of the body of an answer, and what is left of it. */
import { assertEquals } from "@std/assert";
import { GlanceClientWrapper } from "../../mod.ts";

Deno.test("A fetch may keep an answer and hand out copies of it", async () => {
  const bytes = new TextEncoder().encode('{"images":[]}');
  const kept = new Response(bytes);
  const client = new GlanceClientWrapper({
    netloc: "glance.test",
    fetch: () => Promise.resolve(kept.clone()),
  });
  for (let i = 0; i < 3; i++) assertEquals(await client.call({}, "list"), { images: [] });
  assertEquals(await kept.json(), { images: [] });
  assertEquals(bytes.byteLength, 13);
});

Deno.test("The bytes of a document from the network are given up as soon as they are text", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ images: [] }),
  );
  const buffers: ArrayBuffer[] = [];
  const client = new GlanceClientWrapper({
    netloc: `127.0.0.1:${server.addr.port}`,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const read = response.arrayBuffer.bind(response);
      response.arrayBuffer = async () => {
        const buffer = await read();
        buffers.push(buffer);
        return buffer;
      };
      return response;
    },
  });
  assertEquals(await client.call({}, "list"), { images: [] });
  assertEquals(buffers.map(({ detached }) => detached), [true]);
});
