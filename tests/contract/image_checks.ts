/** Showing and deleting images, and the permissions for it. */

import { assertEquals } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";

export const IMAGE_CHECKS: readonly Check[] = [
  check("GET of an unknown image returns 404", async (cloud) => {
    const id = crypto.randomUUID();
    assertFailure(await cloud.get(`/v2/images/${id}`), 404, `No image found with ID ${id}`);
  }),
  check("GET of an id that is not a UUID returns 404", async (cloud) => {
    assertFailure(await cloud.get("/v2/images/nope"), 404, "No image found with ID nope");
  }),
  check("GET of a path below an image with a trailing slash returns 404", async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.get(`/v2/images/${id}/`), 404);
  }),
  check("an image returns 404 for another project", async (cloud) => {
    const { id } = await cloud.image({ visibility: "private" });
    const text = `No image found with ID ${id}`;
    assertFailure(await cloud.get(`/v2/images/${id}`, "bob"), 404, text);
    assertFailure(await cloud.download(id, {}, "bob"), 404, text);
    assertFailure(await cloud.upload(id, "x", {}, "bob"), 404, text);
    assertFailure(await cloud.patch(id, [{ op: "add", path: "/a", value: "b" }], "bob"), 404, text);
    assertFailure(await cloud.delete(`/v2/images/${id}`, "bob"), 404);
  }),
  check("an administrator sees every image", async (cloud) => {
    const { id } = await cloud.image({ visibility: "private" });
    assertEquals((await cloud.show(id, "admin")).id, id);
  }),
  check("a community image is visible to all projects by id", async (cloud) => {
    const { id } = await cloud.image({ visibility: "community" });
    assertEquals((await cloud.show(id, "bob")).id, id);
  }),
  check("an image that is visible to another project cannot be changed by it", async (cloud) => {
    const { id } = await cloud.image({ visibility: "community" });
    const patch = [{ op: "add", path: "/a", value: "b" }];
    assertFailure(await cloud.patch(id, patch, "bob"), 403, "You do not own this image");
    assertFailure(await cloud.delete(`/v2/images/${id}`, "bob"), 403, "You do not own this image");
    assertFailure(
      await cloud.upload(id, "x", {}, "bob"),
      403,
      `Not allowed to upload image data for image ${id}`,
    );
    assertFailure(
      await cloud.send("bob", "PUT", `/v2/images/${id}/tags/t`),
      403,
      `Not allowed to update tags for image ${id}.`,
    );
    assertFailure(
      await cloud.send("bob", "DELETE", `/v2/images/${id}/tags/t`),
      403,
      `Not allowed to delete tags for image ${id}.`,
    );
    assertFailure(await cloud.send("bob", "POST", `/v2/images/${id}/actions/deactivate`), 403);
    assertEquals((await cloud.show(id))["status"], "queued");
  }),
  check(
    "an image without an owner is visible to all projects, and none can change it",
    async (cloud) => {
      const { id } = await cloud.image({ owner: null }, "admin");
      assertEquals((await cloud.show(id, "bob"))["owner"], null);
      assertFailure(await cloud.delete(`/v2/images/${id}`, "bob"), 403);
    },
  ),
  check("DELETE returns 204 and removes the image", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.delete(`/v2/images/${id}`);
    assertEquals([response.status, response.text], [204, ""]);
    assertFailure(await cloud.get(`/v2/images/${id}`), 404);
    assertFailure(await cloud.get(`/v2/images/${id}`, "admin"), 404);
  }),
  check("DELETE of a deleted image returns 404", async (cloud) => {
    const { id } = await cloud.image();
    await cloud.delete(`/v2/images/${id}`);
    const text = `Failed to find image ${id} to delete`;
    assertFailure(await cloud.delete(`/v2/images/${id}`), 404, text);
  }),
  check("DELETE of a protected image returns 403, even for administrators", async (cloud) => {
    const { id } = await cloud.image({ protected: true });
    const text = `Image ${id} is protected and cannot be deleted.`;
    assertFailure(await cloud.delete(`/v2/images/${id}`), 403, text);
    assertFailure(await cloud.delete(`/v2/images/${id}`, "admin"), 403, text);
  }),
  check("DELETE removes the data of an active image", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    assertEquals((await cloud.delete(`/v2/images/${id}`)).status, 204);
    assertFailure(await cloud.download(id), 404);
  }),
  check("an administrator deletes the image of another project", async (cloud) => {
    const { id } = await cloud.image();
    assertEquals((await cloud.delete(`/v2/images/${id}`, "admin")).status, 204);
  }),
  check("DELETE with a body returns 400", async (cloud) => {
    const { id } = await cloud.image();
    // In the same process, a request has no Content-Length by default.
    const headers = { "content-length": "1" };
    const response = await cloud.send("alice", "DELETE", `/v2/images/${id}`, {
      body: "x",
      headers,
    });
    assertFailure(response, 400, "A body is not expected with this request.");
  }),
  check("deactivate and reactivate return 204, also when repeated", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    for (const [action, status] of [["deactivate", "deactivated"], ["reactivate", "active"]]) {
      const path = `/v2/images/${id}/actions/${action}`;
      assertEquals((await cloud.send("alice", "POST", path)).status, 204);
      assertEquals((await cloud.send("alice", "POST", path)).status, 204);
      assertEquals((await cloud.show(id))["status"], status);
    }
  }),
  check("an image without data cannot be deactivated or reactivated", async (cloud) => {
    const { id } = await cloud.image();
    for (const action of ["deactivate", "reactivate"]) {
      const response = await cloud.send("alice", "POST", `/v2/images/${id}/actions/${action}`);
      assertFailure(response, 403, `Not allowed to ${action} image in status 'queued'`);
    }
  }),
  check("deactivating an unknown image returns 404", async (cloud) => {
    const response = await cloud.send("alice", "POST", "/v2/images/nope/actions/deactivate");
    assertFailure(response, 404, "No image found with ID nope");
  }),
  check("an action with a body returns 400", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const path = `/v2/images/${id}/actions/deactivate`;
    assertFailure(await cloud.send("alice", "POST", path, { body: "x" }), 400, "A body is not");
  }),
  check("data of a deactivated image is readable for administrators only", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    await cloud.send("alice", "POST", `/v2/images/${id}/actions/deactivate`);
    assertFailure(await cloud.download(id), 403, "The requested image has been deactivated.");
    assertEquals((await cloud.download(id, {}, "admin")).text, "data");
  }),
  check("locations of a deactivated image are visible to administrators only", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const stores = (await cloud.show(id))["stores"];
    await cloud.send("alice", "POST", `/v2/images/${id}/actions/deactivate`);
    const image = await cloud.show(id);
    assertEquals([image["stores"], image["direct_url"]], [undefined, undefined]);
    assertEquals((await cloud.show(id, "admin"))["stores"], stores);
  }),
];
