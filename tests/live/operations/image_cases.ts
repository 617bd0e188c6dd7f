/** Trials of the operations for images, data, members, and tags. */
import { assertEquals, assertObjectMatch, assertStringIncludes } from "@std/assert";
import {
  Conflict,
  ImageConflict,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  type OperationName,
} from "../../mod.ts";
import { imageOf, imported, NO_ID, nothing, offered, type Trials } from "./row_trials.ts";

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

export const IMAGE_TRIALS: Trials<ImageRowNames> = {
  "list": {
    good: async (stage) => {
      const id = await imageOf(stage, { name: "listed" });
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
    good: async (stage) => {
      const id = await imageOf(stage);
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
    bad: async (stage) => ({ as: "alice", args: [{ id: await imageOf(stage) }] }),
    error: Conflict,
  },
  "update": {
    good: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage), [{ op: "replace", path: "/name", value: "other" }]],
      gives: ({ name }) => assertEquals(name, "other"),
    }),
    bad: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage), [{ op: "remove", path: "/color" }]],
    }),
    error: ImageConflict,
  },
  "delete": {
    good: async (stage) => {
      const id = await imageOf(stage);
      const gone = async () => assertEquals(await stage.raw.alice.record(id), null);
      return { as: "alice", args: [id], gives: gone };
    },
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage, { protected: true })] }),
    error: ImageNotAuthorized,
  },
  "data": {
    good: async (stage) => {
      const id = await stage.raw.alice.create({}, new TextEncoder().encode(TEXT));
      return {
        as: "alice",
        args: [id, { range: { start: 4, end: 8 } }],
        gives: async (answer) => {
          assertEquals([answer.status, await answer.text()], [206, "bytes"]);
        },
      };
    },
    bad: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage, {}, 4), { range: { start: 4 } }],
    }),
    error: Invalid,
  },
  "upload": {
    good: async (stage) => {
      const id = await imageOf(stage);
      const filled = async () =>
        assertEquals((await stage.raw.alice.record(id))?.["size"], TEXT.length);
      return {
        as: "alice",
        args: [id, TEXT, { size: TEXT.length, storeId: "slow" }],
        gives: filled,
      };
    },
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage, {}, 4), TEXT] }),
    error: ImageConflict,
  },
  "stage": {
    good: async (stage) => {
      const id = await imageOf(stage);
      const staged = async () =>
        assertEquals((await stage.raw.alice.record(id))?.["status"], "uploading");
      return { as: "alice", args: [id, TEXT], gives: staged };
    },
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage, {}, 4), TEXT] }),
    error: ImageConflict,
  },
  "import": {
    good: async (stage) => {
      const id = await imageOf(stage);
      await stage.raw.alice.upload(id, new TextEncoder().encode(TEXT), "stage");
      return {
        as: "alice",
        args: [id, { method: { name: "glance-direct" }, stores: ["slow"] }],
        gives: nothing,
      };
    },
    bad: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage), { method: { name: "glance-direct" } }],
    }),
    error: ImageConflict,
  },
  "deactivate": {
    good: async (stage) => ({ as: "admin", args: [await imageOf(stage, {}, 4)], gives: nothing }),
    bad: async (stage) => ({ as: "admin", args: [await imageOf(stage)] }),
    error: ImageNotAuthorized,
  },
  "reactivate": {
    good: async (stage) => {
      const id = await imageOf(stage, {}, 4);
      await stage.raw.admin.json("POST", `images/${id}/actions/deactivate`);
      const active = async () =>
        assertEquals((await stage.raw.alice.record(id))?.["status"], "active");
      return { as: "admin", args: [id], gives: active };
    },
    bad: async (stage) => ({ as: "admin", args: [await imageOf(stage)] }),
    error: ImageNotAuthorized,
  },
  "addImageLocation": {
    good: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage, FORMATS), LOCATION],
      gives: nothing,
    }),
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage, {}, 4), LOCATION] }),
    error: ImageConflict,
  },
  "getImageLocations": {
    good: async (stage) => ({
      as: "admin",
      args: [await imageOf(stage, {}, 4)],
      gives: ([location]) => assertStringIncludes(location?.url ?? "", "://"),
    }),
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage, {}, 4)] }),
    error: ImageNotAuthorized,
  },
  "tasks": {
    good: async (stage) => ({
      as: "alice",
      args: [await imported(stage)],
      gives: ([task]) => assertObjectMatch(task ?? {}, { type: "api_image_import" }),
    }),
    bad: () => ({ as: "alice", args: [NO_ID] }),
    error: ImageNotFound,
  },
  "deleteFromStore": {
    good: async (stage) => {
      const id = await imported(stage, ["fast", "slow"]);
      const left = async () => assertEquals((await stage.raw.alice.record(id))?.["stores"], "fast");
      return { as: "alice", args: ["slow", id], gives: left };
    },
    bad: async (stage) => ({ as: "alice", args: ["fast", await imageOf(stage, {}, 4)] }),
    error: ImageNotAuthorized,
  },
  "members.list": {
    good: async (stage) => ({
      as: "alice",
      args: [await offered(stage)],
      gives: (members) => assertEquals(members.map(({ status }) => status), ["pending"]),
    }),
    bad: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage, { visibility: "private" })],
    }),
    error: ImageNotAuthorized,
  },
  "members.get": {
    good: async (stage) => ({
      as: "alice",
      args: [await offered(stage), stage.projectOfBob],
      gives: ({ member_id }) => assertEquals(member_id, stage.projectOfBob),
    }),
    bad: async (stage) => ({ as: "alice", args: [await offered(stage), "nobody"] }),
    error: ImageNotFound,
  },
  "members.create": {
    good: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage, { visibility: "shared" }), stage.projectOfBob],
      gives: ({ status }) => assertEquals(status, "pending"),
    }),
    bad: async (stage) => ({ as: "alice", args: [await offered(stage), stage.projectOfBob] }),
    error: ImageConflict,
  },
  "members.update": {
    good: async (stage) => ({
      as: "bob",
      args: [await offered(stage), stage.projectOfBob, "accepted"],
      gives: ({ status }) => assertEquals(status, "accepted"),
    }),
    bad: async (stage) => ({
      as: "alice",
      args: [await offered(stage), stage.projectOfBob, "accepted"],
    }),
    error: ImageNotAuthorized,
  },
  "members.delete": {
    good: async (stage) => ({
      as: "alice",
      args: [await offered(stage), stage.projectOfBob],
      gives: nothing,
    }),
    bad: async (stage) => ({ as: "alice", args: [await offered(stage), "nobody"] }),
    error: ImageNotFound,
  },
  "tags.update": {
    good: async (stage) => {
      const id = await imageOf(stage);
      const tagged = async () =>
        assertEquals((await stage.raw.alice.record(id))?.["tags"], ["a b"]);
      return { as: "alice", args: [id, "a b"], gives: tagged };
    },
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage), "x".repeat(256)] }),
    error: Invalid,
  },
  "tags.delete": {
    good: async (stage) => ({
      as: "alice",
      args: [await imageOf(stage, { tags: ["x"] }), "x"],
      gives: nothing,
    }),
    bad: async (stage) => ({ as: "alice", args: [await imageOf(stage), "x"] }),
    error: ImageNotFound,
  },
};
