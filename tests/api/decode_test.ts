/** Decoding of response bodies, and of invalid ones. */
import { assertEquals, assertRejects } from "@std/assert";
import { GlanceClientWrapper, GlanceImageService } from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";

Deno.test("receiveList() rejects a list with an entry that is not an object", async () => {
  for (const images of [[null], [{ id: "1" }, 7], ["x"], [[]]]) {
    const client = new GlanceClientWrapper({
      netloc: "glance.test",
      fetch: () => Promise.resolve(Response.json({ images, members: images })),
    });
    const service = new GlanceImageService(client);
    await assertRejects(() => service.detail({}), UnexpectedResponse, "the response of");
    await assertRejects(() => service.listMembers({}, "1"), UnexpectedResponse, "the response of");
  }
});

Deno.test("show() and detail() reject an image with a property of a wrong type", async () => {
  const odd: Readonly<Record<string, readonly unknown[]>> = {
    size: ["5", 1.5, -1, {}],
    created_at: [5, true, {}, ["2026-01-01T00:00:00Z"]],
    updated_at: [1e300],
    deleted_at: [{}],
    stores: [5, ["a"], {}],
    name: [5],
    os_hash_value: [[]],
  };
  for (const [name, values] of Object.entries(odd)) {
    for (const value of values) {
      const image = { id: "1", status: "active", [name]: value };
      const client = new GlanceClientWrapper({
        netloc: "glance.test",
        fetch: (url) =>
          Promise.resolve(Response.json(url.endsWith("/1") ? image : { images: [image] })),
      });
      const service = new GlanceImageService(client);
      await assertRejects(() => service.show({}, "1"), UnexpectedResponse, `"${name}"`);
      await assertRejects(() => service.detail({}), UnexpectedResponse, `"${name}"`);
    }
  }
});

Deno.test("call() accepts a fetch that keeps a response and returns copies", async () => {
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

Deno.test("call() releases the bytes of a document", async () => {
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
