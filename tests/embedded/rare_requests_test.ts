/** Rare requests to the embedded Glance, which random requests to a real Glance have found. */
import { assertEquals, assertMatch } from "@std/assert";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { create, send, show, upload } from "./glance.ts";

Deno.test("fetch() shows a location at its position after PATCH, and last later", async () => {
  const fetch = () => Promise.resolve(new Response(null, { headers: { "content-length": "4" } }));
  const glance = createEmbeddedGlance({ fetch, showLocations: true, showDirectUrl: true });
  const id = await create(glance);
  await upload(glance, id, "data");
  const value = { url: "http://web/image", metadata: {} };
  const response = await send(
    glance,
    "PATCH",
    `/v2/images/${id}`,
    JSON.stringify([{ op: "add", path: "/locations/0", value }]),
    { "content-type": "application/openstack-images-v2.1-json-patch" },
  );
  const patched = await response.json();
  assertEquals([patched.locations[0].url, patched.direct_url], [value.url, value.url]);
  const { image } = await show(glance, id);
  assertEquals(image["locations"], patched.locations.toReversed());
});

Deno.test("fetch() responds with 501 on paths without Allow when the method is unknown, and else 404", async () => {
  const glance = createEmbeddedGlance();
  for (
    const path of ["/v2/info/usage", `/v2/images/${await create(glance)}/tasks`, "/v2/nothing"]
  ) {
    for (const [method, status] of [["BREW", 501], ["POST", 404], ["PUT", 404]] as const) {
      const response = await send(glance, method, path, method === "PUT" ? "{" : undefined, {
        "content-length": method === "PUT" ? "1" : "0",
      });
      await response.body?.cancel();
      assertEquals(response.status, status, `${method} ${path}`);
    }
  }
});

Deno.test("fetch() handles OPTIONS of /versions with the versions, and of other paths without a body", async () => {
  const glance = createEmbeddedGlance();
  for (const [path, count] of [["/versions", 1], ["/versions/", 1], ["/v2/%ff", 0]] as const) {
    const response = await send(glance, "OPTIONS", path);
    assertEquals([response.status, (await response.text()).split('"versions"').length - 1], [
      200,
      count,
    ]);
  }
});

Deno.test("fetch() names the read-only property when a new image has locations, too", async () => {
  const response = await send(
    createEmbeddedGlance(),
    "POST",
    "/v2/images",
    '{"checksum": "x", "locations": []}',
  );
  assertMatch(await response.text(), /Attribute 'checksum' is read-only/);
});

Deno.test("fetch() names the image as the request does when its members cannot change", async () => {
  const glance = createEmbeddedGlance();
  const id = (await create(glance, { visibility: "private" })).toUpperCase();
  const response = await send(glance, "PUT", `/v2/images/${id}/members/a`, '{"status": "pending"}');
  assertMatch(await response.text(), new RegExp(`update members for image ${id}`));
});
