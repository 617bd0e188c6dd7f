/** Members and tags of an image. */

import { assertEquals } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";

/** Creates an image that is shared with bob. */
async function offered(cloud: Conversation): Promise<{ id: string; bob: string; path: string }> {
  const { id } = await cloud.image();
  const bob = cloud.target.projects.bob;
  const response = await cloud.post(`/v2/images/${id}/members`, { member: bob });
  assertEquals(response.status, 200, response.text);
  return { id, bob, path: `/v2/images/${id}/members` };
}

const BAD_MEMBERS: readonly (readonly [what: string, body: unknown, text: string])[] = [
  ["no member", {}, "Member to be added not specified"],
  ["an empty member", { member: "" }, "Member can't be empty"],
  ["a member of null", { member: null }, "Member can't be empty"],
  ["a list", [], 'Expected a member in the form: {"member": "image_id"}'],
];

const badMembers: Check[] = BAD_MEMBERS.map(([what, body, text]) =>
  check(`POST of ${what} returns 400`, async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.post(`/v2/images/${id}/members`, body), 400, text);
  })
);

const BAD_STATUSES: readonly (readonly [what: string, body: unknown, text: string])[] = [
  ["no status", {}, "Status not specified"],
  ["a list", [], 'Expected a status in the form: {"status": "status"}'],
  ["an unknown status", { status: "maybe" }, 'Status must be "pending", "accepted" or "rejected"'],
];

const badStatuses: Check[] = BAD_STATUSES.map(([what, body, text]) =>
  check(`PUT of a member with ${what} returns 400`, async (cloud) => {
    const { bob, path } = await offered(cloud);
    assertFailure(await cloud.put(`${path}/${bob}`, body, "bob"), 400, text);
  })
);

export const MEMBER_CHECKS: readonly Check[] = [
  check("POST of a member returns 200 with a pending member", async (cloud) => {
    const { id } = await cloud.image();
    const member = cloud.target.projects.bob;
    const { status, json } = await cloud.post(`/v2/images/${id}/members`, { member });
    assertEquals(status, 200);
    const { created_at, updated_at, ...rest } = json;
    assertTime(created_at);
    assertTime(updated_at);
    assertEquals(rest, {
      member_id: member,
      image_id: id,
      status: "pending",
      schema: "/v2/schemas/member",
    });
  }),
  check(
    "POST of a member to another project's image returns 403 for any member",
    async (cloud) => {
      const { id } = await cloud.image({ visibility: "community" });
      for (const member of [cloud.target.projects.bob, ["a", "a"]]) {
        const { status } = await cloud.post(`/v2/images/${id}/members`, { member }, "bob");
        assertEquals(status, 403);
      }
    },
  ),
  check("a member sees itself, the owner sees all members", async (cloud) => {
    const { bob, path } = await offered(cloud);
    await cloud.post(path, { member: "other" });
    const listed = async (who: "alice" | "bob") => {
      const { json } = await cloud.get(path, who);
      assertEquals(json["schema"], "/v2/schemas/members");
      return (json["members"] as { member_id: string }[]).map(({ member_id }) => member_id);
    };
    assertEquals((await listed("alice")).toSorted(), [bob, "other"].toSorted());
    assertEquals(await listed("bob"), [bob]);
    assertEquals((await cloud.get(`${path}/${bob}`)).json["member_id"], bob);
    assertEquals((await cloud.get(`${path}/${bob}`, "bob")).json["member_id"], bob);
    assertFailure(await cloud.get(`${path}/other`, "bob"), 404, "other not found in the member");
  }),
  check("an image without members lists none", async (cloud) => {
    const { id } = await cloud.image();
    const { json } = await cloud.get(`/v2/images/${id}/members`);
    assertEquals(json, { members: [], schema: "/v2/schemas/members" });
  }),
  check("a shared image is visible to a new member by id", async (cloud) => {
    const { id } = await offered(cloud);
    assertEquals((await cloud.show(id, "bob")).id, id);
  }),
  check("POST of an existing member returns 409", async (cloud) => {
    const { id, bob, path } = await offered(cloud);
    const text = `Member ${bob} is duplicated for image ${id}`;
    assertFailure(await cloud.post(path, { member: bob }), 409, text);
  }),
  check("POST of a member by another project than the owner returns 403", async (cloud) => {
    const { id, path } = await offered(cloud);
    const text = `Not allowed to create members for image ${id}.`;
    assertFailure(await cloud.post(path, { member: "x" }, "bob"), 403, text);
  }),
  check("one member more than the quota returns 413", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/members`;
    const { memberQuota } = cloud.target.facts;
    for (let i = 0; i < memberQuota; i++) {
      assertEquals((await cloud.post(path, { member: `m${i}` })).status, 200);
    }
    const text = `Attempted: ${memberQuota + 1}, Maximum: ${memberQuota}`;
    assertFailure(await cloud.post(path, { member: "one-more" }), 413, text);
  }, { needs: ["a small member quota", ({ memberQuota }) => memberQuota <= 16] }),
  check("a member sets its own status", async (cloud) => {
    const { bob, path } = await offered(cloud);
    for (const status of ["accepted", "rejected", "pending"]) {
      const response = await cloud.put(`${path}/${bob}`, { status }, "bob");
      assertEquals([response.status, response.json["status"]], [200, status]);
    }
  }),
  check("the owner cannot set the status of a member, an administrator can", async (cloud) => {
    const { id, bob, path } = await offered(cloud);
    const accepted = { status: "accepted" };
    const text = `Not allowed to update members for image ${id}.`;
    assertFailure(await cloud.put(`${path}/${bob}`, accepted), 403, text);
    assertEquals((await cloud.put(`${path}/${bob}`, accepted, "admin")).status, 200);
  }),
  check("PUT of an unknown member returns 404", async (cloud) => {
    const { path } = await offered(cloud);
    const response = await cloud.put(`${path}/nobody`, { status: "accepted" }, "bob");
    assertFailure(response, 404, "nobody not found in the member list");
  }),
  check("DELETE of a member returns 204 and hides the image from it", async (cloud) => {
    const { id, bob, path } = await offered(cloud);
    assertEquals((await cloud.delete(`${path}/${bob}`)).status, 204);
    assertFailure(await cloud.get(`/v2/images/${id}`, "bob"), 404);
    assertFailure(await cloud.delete(`${path}/${bob}`), 404, "not found in the member list");
  }),
  check("a removed member can be added again, as pending", async (cloud) => {
    const { bob, path } = await offered(cloud);
    await cloud.put(`${path}/${bob}`, { status: "accepted" }, "bob");
    await cloud.delete(`${path}/${bob}`);
    assertEquals((await cloud.post(path, { member: bob })).json["status"], "pending");
  }),
  check("a member cannot remove itself", async (cloud) => {
    const { id, bob, path } = await offered(cloud);
    const text = `Not allowed to delete members for image ${id}.`;
    assertFailure(await cloud.delete(`${path}/${bob}`, "bob"), 403, text);
  }),
  check("a member may read but not change the image", async (cloud) => {
    const { id } = await offered(cloud);
    const patch = [{ op: "add", path: "/a", value: "b" }];
    assertFailure(await cloud.patch(id, patch, "bob"), 403);
    assertFailure(await cloud.delete(`/v2/images/${id}`, "bob"), 403);
    assertFailure(await cloud.upload(id, "x", {}, "bob"), 403);
  }),
  check("members of an invisible image return 404", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/members`;
    const text = `Image ${id} not found.`;
    assertFailure(await cloud.get(path, "bob"), 404, text);
    assertFailure(await cloud.post(path, { member: "x" }, "bob"), 404, text);
    assertFailure(await cloud.get(`${path}/x`, "bob"), 404, text);
    assertFailure(await cloud.put(`${path}/x`, { status: "accepted" }, "bob"), 404, text);
    assertFailure(await cloud.delete(`${path}/x`, "bob"), 404, text);
  }),
  check("only shared images have members", async (cloud) => {
    const { id } = await cloud.image({ visibility: "private" });
    const path = `/v2/images/${id}/members`;
    const text = "Only shared images have members.";
    assertFailure(await cloud.get(path), 403, text);
    assertFailure(await cloud.get(`${path}/x`), 404, text);
    assertFailure(await cloud.post(path, { member: "x" }), 403);
    assertFailure(await cloud.put(`${path}/x`, { status: "accepted" }), 403);
    assertFailure(await cloud.delete(`${path}/x`), 403);
  }),
  ...badMembers,
  ...badStatuses,
  check("PUT and DELETE of a tag return 204, and a second PUT does, too", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/tags/one`;
    assertEquals((await cloud.send("alice", "PUT", path)).status, 204);
    assertEquals((await cloud.send("alice", "PUT", path)).status, 204);
    assertEquals((await cloud.show(id))["tags"], ["one"]);
    assertEquals((await cloud.delete(path)).status, 204);
    assertEquals((await cloud.show(id))["tags"], []);
  }),
  check("a tag may contain percent-encoded spaces and punctuation", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/tags/a%20b%3Fc%23d%25`;
    assertEquals((await cloud.send("alice", "PUT", path)).status, 204);
    assertEquals((await cloud.show(id))["tags"], ["a b?c#d%"]);
    assertEquals((await cloud.delete(path)).status, 204);
  }),
  check("a tag in a path cannot contain a slash", async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.send("alice", "PUT", `/v2/images/${id}/tags/a%2Fb`), 404);
  }),
  check("a tag of 256 characters returns 400", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.send("alice", "PUT", `/v2/images/${id}/tags/${"x".repeat(256)}`);
    assertFailure(response, 400, "is too long");
  }),
  check("DELETE of an unknown tag returns 404", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/tags/none`;
    assertFailure(await cloud.delete(path), 404, "The resource could not be found.");
  }),
  check("a tag of an unknown image returns 404", async (cloud) => {
    const response = await cloud.send("alice", "PUT", "/v2/images/nope/tags/t");
    assertFailure(response, 404, "Image nope not found.");
    assertFailure(await cloud.delete("/v2/images/nope/tags/t"), 404, "Image nope not found.");
  }),
  check("PUT of a tag with a body returns 400", async (cloud) => {
    const { id } = await cloud.image();
    const path = `/v2/images/${id}/tags/t`;
    assertFailure(await cloud.send("alice", "PUT", path, { body: "x" }), 400, "A body is not");
  }),
  check("one tag more than the quota returns 413", async (cloud) => {
    const tags = Array.from({ length: 128 }, (_, i) => `t${i}`);
    const { id } = await cloud.image({ tags });
    const response = await cloud.send("alice", "PUT", `/v2/images/${id}/tags/one-more`);
    assertFailure(response, 413, "Attempted: 129, Maximum: 128");
  }),
];
