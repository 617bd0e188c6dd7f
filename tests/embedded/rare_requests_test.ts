/** Rare requests to the embedded Glance, which random requests to a real Glance have found. */
import { assertEquals, assertMatch } from "@std/assert";
import { createEmbeddedGlance } from "../../lib/embedded/mod.ts";
import { create, patch, send, show, upload } from "./glance.ts";

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

Deno.test("PATCH changes nothing when a location cannot be read, or has no size", async () => {
  const sizes: Record<string, string> = { "/image": "12", "/empty": "0" };
  const fetch = (input: unknown) => {
    const size = sizes[new URL(String(input)).pathname];
    if (size === undefined) return Promise.reject(new TypeError("connection refused"));
    return Promise.resolve(new Response(null, { headers: { "content-length": size } }));
  };
  const glance = createEmbeddedGlance({ showLocations: true, fetch });
  const id = await create(glance);
  const location = (path: string, metadata = {}) => ({ url: `http://web${path}`, metadata });
  const replaced = { op: "replace", path: "/locations", value: [location("/none")] };
  const added = (path: string, metadata = {}) => ({
    op: "add",
    path: "/locations/-",
    value: location(path, metadata),
  });
  for (const change of [replaced, added("/none"), added("/empty")]) {
    assertEquals(await patch(glance, id, [change]), 400);
    const { image } = await show(glance, id);
    assertEquals([image["status"], image["locations"], image["size"]], ["queued", [], null]);
  }
  assertEquals(await patch(glance, id, [added("/image")]), 200);
  assertEquals(await patch(glance, id, [added("/none")]), 400);
  assertEquals(await patch(glance, id, [added("/image")]), 400);
  assertEquals(await patch(glance, id, [added("/image", { rack: "7" })]), 200);
  const { image } = await show(glance, id);
  assertEquals([image["status"], image["size"]], ["active", 12]);
  assertEquals(image["locations"], [
    location("/image", { store: "local" }),
    location("/image", { rack: "7", store: "local" }),
  ]);
});

Deno.test("PATCH stores a custom property named stores, which the list of stores hides", async () => {
  const glance = createEmbeddedGlance();
  const id = await create(glance);
  assertEquals(await patch(glance, id, [{ op: "add", path: "/stores", value: "fast" }]), 200);
  assertEquals((await show(glance, id)).image["stores"], "fast");
  await upload(glance, id, "data");
  assertEquals((await show(glance, id)).image["stores"], "local");
});
