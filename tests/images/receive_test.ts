/** What is made of the body of an answer, and what is left of it. */
import { assertEquals, assertRejects } from "@std/assert";
import { GlanceClientWrapper, GlanceImageService, UnexpectedResponse } from "../../mod.ts";

Deno.test("A list with something in it that is no object is no answer", async () => {
  for (const images of [[null], [{ id: "1" }, 7], ["x"], [[]]]) {
    const client = new GlanceClientWrapper({
      netloc: "glance.test",
      fetch: () => Promise.resolve(Response.json({ images, members: images })),
    });
    const service = new GlanceImageService(client);
    await assertRejects(() => service.detail({}), UnexpectedResponse, "the answer of");
    await assertRejects(() => service.listMembers({}, "1"), UnexpectedResponse, "the answer of");
  }
});

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
