/** Scenarios 2, 13 to 19, 76 and 79: lists. */
import { assertEquals, assertRejects } from "@std/assert";
import { Invalid, NotAuthorized } from "../../mod.ts";
import { CONTEXT, fullRecord, idOf, ScenarioGlance } from "./scenario_glance.ts";

function withImages(count: number): { glance: ScenarioGlance; ids: string[] } {
  const glance = new ScenarioGlance();
  const ids = Array.from({ length: count }, (_, i) => glance.add({ name: `TestImage ${i}` }));
  return { glance, ids };
}

Deno.test("listMembers() lists the members of an image with one request (scenario 02)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ members: [{ member_id: "db0f4c91", status: "accepted" }] });
  const [member, ...others] = await glance.service().listMembers(CONTEXT, id);
  assertEquals(
    [member?.image_id, member?.member_id, member?.status, others],
    [id, "db0f4c91", "accepted", []],
  );
  assertEquals(glance.requested, [`GET /v2/images/${id}/members`]);
});

Deno.test("detail() lists a private image with a token (scenario 13)", async () => {
  const glance = new ScenarioGlance();
  glance.add({ name: "test image", visibility: "private", owner_id: "proj1" });
  const images = await glance.service().detail({ ...CONTEXT, projectId: "proj1" });
  assertEquals(images.map(({ name, visibility }) => [name, visibility]), [[
    "test image",
    "private",
  ]]);
});

Deno.test("detail() requests only a page when it has no parameters (scenario 14)", async () => {
  const glance = new ScenarioGlance();
  assertEquals(await glance.service().detail(CONTEXT), []);
  assertEquals(glance.requested, ["GET /v2/images"]);
  // Cinder leaves the page size to its client; this test sets it.
  assertEquals([...glance.requests[0]?.url.searchParams ?? []], [["limit", "200"]]);
});

for (
  const [number, title, parameters, first, end] of [
    ["15", "lists the images after the marker", { marker: idOf(1) }, 2, 10],
    ["16", "lists images up to the limit", { limit: 5 }, 0, 5],
    ["17", "lists every image when there is no limit", {}, 0, 10],
    [
      "18",
      "lists the images after the marker up to the limit",
      { marker: idOf(3), limit: 5 },
      4,
      9,
    ],
  ] as const
) {
  Deno.test(`detail() ${title}, in order (scenario ${number})`, async () => {
    const { glance, ids } = withImages(10);
    const images = await glance.service().detail(CONTEXT, parameters);
    const expected = ids.map((id, i) => fullRecord({ id, name: `TestImage ${i}` }));
    assertEquals(images.map((image) => ({ ...image })), expected.slice(first, end));
  });
}

Deno.test("detail() throws Invalid when the marker is unknown (scenario 19)", async () => {
  const { glance } = withImages(10);
  await assertRejects(
    () => glance.service().detail(CONTEXT, { marker: idOf(10) }),
    Invalid,
    idOf(10),
  );
});

Deno.test("detail() retries a failing second page (scenario 76)", async () => {
  const { glance, ids } = withImages(4);
  const service = glance.service();
  const images = service.list(CONTEXT, { pageSize: 2 });
  const seen = [(await images.next()).value?.id];
  glance.respondTo("GET /v2/images", 503);
  for await (const { id } of images) seen.push(id);
  assertEquals(seen, ids);
  const markers = glance.requests.map(({ url }) => url.searchParams.get("marker"));
  // A full page has a next link, also if it is the last one.
  assertEquals(markers, [null, ids[1], ids[1], ids[3]]);
});

Deno.test("detail() translates an error of the second page (scenario 76)", async () => {
  const { glance } = withImages(4);
  const images = glance.service().list(CONTEXT, { pageSize: 2 });
  await images.next();
  glance.respondTo("GET /v2/images", 403);
  await images.next();
  await assertRejects(() => images.next(), NotAuthorized, "list images");
});

Deno.test("getStores() returns the stores that Glance lists (scenario 79)", async () => {
  const glance = new ScenarioGlance();
  const stores = [{ id: "ceph", default: "true" }, { id: "http", "read-only": "true" }];
  glance.respondTo("GET /v2/info/stores", () => Response.json({ stores }));
  assertEquals(await glance.service().getStores(CONTEXT) as unknown, stores);
});
