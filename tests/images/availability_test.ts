/** Whether a caller may see what Glance has shown. */
import { assertEquals, assertRejects } from "@std/assert";
import { availabilityOf, isAcceptedMember } from "../../lib/images/availability.ts";
import { ImageNotFound, type RequestContext } from "../../mod.ts";
import { harnessOf } from "../support/client_harness.ts";
import { fromGlance, type GlanceImage } from "../../lib/api/mod.ts";

/** User and image -> whether the image is visible. */
const TABLE: readonly (readonly [
  context: RequestContext,
  image: Partial<GlanceImage>,
  availability: string,
])[] = [
  [{ authToken: "t" }, { visibility: "private" }, "available"],
  [{ isAdmin: true }, { visibility: "private", owner_id: "p2" }, "available"],
  [{}, { visibility: "public" }, "available"],
  [{ authToken: "" }, { visibility: "private" }, "unavailable"],
  [{}, { visibility: "private" }, "unavailable"],
  [{}, {}, "unavailable"],
  [{}, { visibility: "shared" }, "members"],
  [{}, { visibility: "community" }, "unavailable"],
  [{ projectId: "p1" }, { owner_id: "p1" }, "available"],
  [{ projectId: "p1" }, { owner_id: "p2" }, "unavailable"],
  [{ projectId: "p1" }, { project_id: "p1" }, "available"],
  [{ projectId: "p1" }, { project_id: "p2" }, "unavailable"],
  [{ projectId: "p1" }, { owner_id: "p1", project_id: "p2" }, "available"],
  [{ projectId: "p1" }, { owner_id: "p2", project_id: "p1" }, "unavailable"],
  [{ projectId: "p1", userId: "u1" }, { owner_id: "p2", user_id: "u1" }, "unavailable"],
  [{ projectId: "p1", userId: "u1" }, { user_id: "u1" }, "available"],
  [{ userId: "u1" }, { user_id: "u1" }, "available"],
  [{ userId: "u1" }, { user_id: "u2" }, "unavailable"],
  [{ userId: "u1" }, { user_id: "u2", visibility: "shared" }, "members"],
  [{ userId: "u1" }, { owner_id: "p1", visibility: "shared" }, "members"],
  [{ projectId: "p1" }, { owner_id: "p2", visibility: "shared" }, "unavailable"],
  [{ projectId: "1" }, { owner_id: 1 }, "available"],
  [{ userId: "undefined" }, {}, "unavailable"],
];

for (const [context, image, availability] of TABLE) {
  Deno.test(`isAvailable() finds ${JSON.stringify(image)} ${availability} for ${JSON.stringify(context)}`, () => {
    const shown = fromGlance({ id: "42", status: "active", ...image });
    assertEquals(availabilityOf(context, shown), availability as "members");
  });
}

Deno.test("isAvailable() shows a shared image to accepted members only", () => {
  const members = (["pending", "accepted", "rejected"] as const).map((status, i) => ({
    member_id: `p${i}`,
    image_id: "42",
    status,
    created_at: "",
    updated_at: "",
  }));
  const accepted = ["p0", "p1", "p2", "p3"].filter((projectId) =>
    isAcceptedMember({ projectId }, members)
  );
  assertEquals(accepted, ["p1"]);
  assertEquals(isAcceptedMember({}, members), false);
  assertEquals(isAcceptedMember({ projectId: "p1" }, []), false);
});

Deno.test("show() requests the members only if they decide", async () => {
  const shared = () => Response.json({ id: "42", status: "active", visibility: "shared" });
  const member = { member_id: "p1", status: "accepted" };
  const seen = harnessOf([shared, Response.json({ members: [member] })]);
  assertEquals((await seen.service.show({ projectId: "p1" }, "42")).id, "42");
  const hidden = harnessOf([shared, Response.json({ members: [] })]);
  const show = () => hidden.service.show({ projectId: "p1" }, "42");
  const error = await assertRejects(show, ImageNotFound, "nor shared with it");
  assertEquals([error.imageId, error.status], ["42", 404]);
  const trusted = harnessOf([shared]);
  await trusted.service.show({ authToken: "t", projectId: "p1" }, "42");
  assertEquals(trusted.script.requests.length, 1);
});

Deno.test("isAvailable() is true for every image without identities and Keystone", async () => {
  const image = () => Response.json({ id: "42", status: "active", visibility: "private" });
  const { service } = harnessOf([image, image], { authStrategy: "noauth" });
  assertEquals((await service.show({}, "42")).id, "42");
  await assertRejects(() => service.show({ projectId: "p1" }, "42"), ImageNotFound);
});
