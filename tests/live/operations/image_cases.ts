/** OperationCases of the operations for images, data, members, and tags. */
import { assertEquals, assertObjectMatch, assertStringIncludes } from "@std/assert";
import {
  Conflict,
  ImageConflict,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
} from "../../../mod.ts";
import { imageOf, imported, NO_ID, nothing, offered, type OperationCases } from "./case.ts";
import type { OperationName } from "../../../lib/api/mod.ts";

const TEXT = "the bytes of a disk";

/** The operations that the other files do not try. */
export type ImageRowNames = Exclude<
  OperationName,
  | `${"info" | "schemas" | "versions" | "cache" | "metadefs"}.${string}`
  | `tasks.${string}`
  | "healthcheck"
>;

const FORMATS = { disk_format: "raw", container_format: "bare" };
const LOCATION = "http://127.0.0.1/disk.raw";

export const IMAGE_CASES: OperationCases<ImageRowNames> = {
  "list": {
    good: async (harness) => {
      const id = await imageOf(harness, { name: "listed" });
      return {
        as: "alice",
        args: [[["name", "listed"], ["limit", "1"]]],
        gives: ({ images }) => assertEquals(images.map((image) => image.id), [id]),
      };
    },
    bad: () => ({ as: "alice", args: [[["marker", NO_ID]]] }),
    error: Invalid,
  },
  "get": {
    good: async (harness) => {
      const id = await imageOf(harness);
      return { as: "alice", args: [id], gives: (image) => assertEquals(image.id, id) };
    },
    bad: () => ({ as: "alice", args: [NO_ID] }),
    error: ImageNotFound,
  },
  "create": {
    good: () => ({
      as: "alice",
      args: [{ name: "new", color: "red" }],
      gives: (image) => assertObjectMatch(image, { name: "new", color: "red", status: "queued" }),
    }),
    bad: async (harness) => ({ as: "alice", args: [{ id: await imageOf(harness) }] }),
    error: Conflict,
  },
  "update": {
    good: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness), [{ op: "replace", path: "/name", value: "other" }]],
      gives: ({ name }) => assertEquals(name, "other"),
    }),
    bad: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness), [{ op: "remove", path: "/color" }]],
    }),
    error: ImageConflict,
  },
  "delete": {
    good: async (harness) => {
      const id = await imageOf(harness);
      const gone = async () => assertEquals(await harness.raw.alice.record(id), null);
      return { as: "alice", args: [id], gives: gone };
    },
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness, { protected: true })] }),
    error: ImageNotAuthorized,
  },
  "data": {
    good: async (harness) => {
      const id = await harness.raw.alice.create({}, new TextEncoder().encode(TEXT));
      return {
        as: "alice",
        args: [id, { range: { start: 4, end: 8 } }],
        gives: async (response) => {
          assertEquals([response.status, await response.text()], [206, "bytes"]);
        },
      };
    },
    bad: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness, {}, 4), { range: { start: 4 } }],
    }),
    error: Invalid,
  },
  "upload": {
    good: async (harness) => {
      const id = await imageOf(harness);
      const filled = async () =>
        assertEquals((await harness.raw.alice.record(id))?.["size"], TEXT.length);
      return {
        as: "alice",
        args: [id, TEXT, { size: TEXT.length, storeId: "slow" }],
        gives: filled,
      };
    },
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness, {}, 4), TEXT] }),
    error: ImageConflict,
  },
  "stage": {
    good: async (harness) => {
      const id = await imageOf(harness);
      const staged = async () =>
        assertEquals((await harness.raw.alice.record(id))?.["status"], "uploading");
      return { as: "alice", args: [id, TEXT], gives: staged };
    },
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness, {}, 4), TEXT] }),
    error: ImageConflict,
  },
  "import": {
    good: async (harness) => {
      const id = await imageOf(harness);
      await harness.raw.alice.upload(id, new TextEncoder().encode(TEXT), "stage");
      return {
        as: "alice",
        args: [id, { method: { name: "glance-direct" }, stores: ["slow"] }],
        gives: nothing,
      };
    },
    bad: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness), { method: { name: "glance-direct" } }],
    }),
    error: ImageConflict,
  },
  "deactivate": {
    good: async (harness) => ({
      as: "admin",
      args: [await imageOf(harness, {}, 4)],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "admin", args: [await imageOf(harness)] }),
    error: ImageNotAuthorized,
  },
  "reactivate": {
    good: async (harness) => {
      const id = await imageOf(harness, {}, 4);
      await harness.raw.admin.json("POST", `images/${id}/actions/deactivate`);
      const active = async () =>
        assertEquals((await harness.raw.alice.record(id))?.["status"], "active");
      return { as: "admin", args: [id], gives: active };
    },
    bad: async (harness) => ({ as: "admin", args: [await imageOf(harness)] }),
    error: ImageNotAuthorized,
  },
  "addImageLocation": {
    good: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness, FORMATS), LOCATION],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness, {}, 4), LOCATION] }),
    error: ImageConflict,
  },
  "getImageLocations": {
    good: async (harness) => ({
      as: "admin",
      args: [await imageOf(harness, {}, 4)],
      gives: ([location]) => assertStringIncludes(location?.url ?? "", "://"),
    }),
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness, {}, 4)] }),
    error: ImageNotAuthorized,
  },
  "tasks": {
    good: async (harness) => ({
      as: "alice",
      args: [await imported(harness)],
      gives: ([task]) => assertObjectMatch(task ?? {}, { type: "api_image_import" }),
    }),
    bad: () => ({ as: "alice", args: [NO_ID] }),
    error: ImageNotFound,
  },
  "deleteFromStore": {
    good: async (harness) => {
      const id = await imported(harness, ["fast", "slow"]);
      const left = async () =>
        assertEquals((await harness.raw.alice.record(id))?.["stores"], "fast");
      return { as: "alice", args: ["slow", id], gives: left };
    },
    bad: async (harness) => ({ as: "alice", args: ["fast", await imageOf(harness, {}, 4)] }),
    error: ImageNotAuthorized,
  },
  "members.list": {
    good: async (harness) => ({
      as: "alice",
      args: [await offered(harness)],
      gives: (members) => assertEquals(members.map(({ status }) => status), ["pending"]),
    }),
    bad: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness, { visibility: "private" })],
    }),
    error: ImageNotAuthorized,
  },
  "members.get": {
    good: async (harness) => ({
      as: "alice",
      args: [await offered(harness), harness.projectOfBob],
      gives: ({ member_id }) => assertEquals(member_id, harness.projectOfBob),
    }),
    bad: async (harness) => ({ as: "alice", args: [await offered(harness), "nobody"] }),
    error: ImageNotFound,
  },
  "members.create": {
    good: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness, { visibility: "shared" }), harness.projectOfBob],
      gives: ({ status }) => assertEquals(status, "pending"),
    }),
    bad: async (harness) => ({ as: "alice", args: [await offered(harness), harness.projectOfBob] }),
    error: ImageConflict,
  },
  "members.update": {
    good: async (harness) => ({
      as: "bob",
      args: [await offered(harness), harness.projectOfBob, "accepted"],
      gives: ({ status }) => assertEquals(status, "accepted"),
    }),
    bad: async (harness) => ({
      as: "alice",
      args: [await offered(harness), harness.projectOfBob, "accepted"],
    }),
    error: ImageNotAuthorized,
  },
  "members.delete": {
    good: async (harness) => ({
      as: "alice",
      args: [await offered(harness), harness.projectOfBob],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "alice", args: [await offered(harness), "nobody"] }),
    error: ImageNotFound,
  },
  "tags.update": {
    good: async (harness) => {
      const id = await imageOf(harness);
      const tagged = async () =>
        assertEquals((await harness.raw.alice.record(id))?.["tags"], ["a b"]);
      return { as: "alice", args: [id, "a b"], gives: tagged };
    },
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness), "x".repeat(256)] }),
    error: Invalid,
  },
  "tags.delete": {
    good: async (harness) => ({
      as: "alice",
      args: [await imageOf(harness, { tags: ["x"] }), "x"],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness), "x"] }),
    error: ImageNotFound,
  },
};
