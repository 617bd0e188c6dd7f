/** OperationCases of the operations for discovery, tasks, and the cache. */
import { assert, assertEquals } from "@std/assert";
import {
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  NotAuthorized,
  NotFound,
} from "../../../mod.ts";
import { NotImplemented } from "../../../lib/errors.ts";
import {
  asUnauthenticated,
  imageOf,
  imported,
  NO_ID,
  nothing,
  openOperation,
  type OperationCases,
  type OperationHarness,
  some,
} from "./case.ts";
import type { OperationName } from "../../../lib/api/mod.ts";

export type CloudRowNames = Extract<
  OperationName,
  `${"info" | "schemas" | "versions" | "cache"}.${string}` | `tasks.${string}` | "healthcheck"
>;

/** URL of the server with a centralized cache. */
export const NODE_URL = "http://127.0.0.1:60999";

const SOURCE = {
  import_from: "http://127.0.0.1/disk.raw",
  import_from_format: "raw",
  image_properties: { disk_format: "raw", container_format: "bare" },
};

export const CLOUD_CASES: OperationCases<CloudRowNames> = {
  "info.import": {
    good: () => ({
      as: "alice",
      args: [],
      gives: ({ value }) => assert(value.includes("glance-direct")),
    }),
    bad: asUnauthenticated([]),
    error: NotAuthorized,
  },
  "info.stores": {
    good: () => ({
      as: "alice",
      args: [],
      gives: (stores) => assertEquals(stores.map(({ id }) => id).sort(), ["fast", "slow", "web"]),
    }),
    bad: asUnauthenticated([]),
    error: NotAuthorized,
  },
  "info.storesDetail": {
    good: () => ({
      as: "admin",
      args: [],
      gives: (stores) => {
        assertEquals(stores.map(({ type }) => type).sort(), ["file", "file", "http"]);
      },
    }),
    bad: () => ({ as: "alice", args: [] }),
    error: NotAuthorized,
  },
  "info.usage": {
    good: () => ({ as: "alice", args: [], gives: (usage) => assertEquals(usage, {}) }),
    bad: asUnauthenticated([]),
    error: NotAuthorized,
  },
  "schemas.get": {
    good: () => ({
      as: "alice",
      args: ["image"],
      gives: ({ properties }) => assert("disk_format" in properties),
    }),
    bad: () => ({ as: "alice", args: ["colour" as never] }),
    error: NotFound,
  },
  "schemas.getMetadef": {
    good: () => ({
      as: "alice",
      args: ["resource_type"],
      gives: ({ properties }) => assert("prefix" in properties),
    }),
    bad: () => ({ as: "alice", args: ["colour" as never] }),
    error: NotFound,
  },
  "tasks.list": {
    good: async (harness) => {
      await imported(harness);
      return { as: "admin", args: [[["limit", "1"]]], gives: ({ tasks }) => some(tasks) };
    },
    bad: () => ({ as: "admin", args: [[["status", "lost"]]] }),
    error: Invalid,
  },
  "tasks.get": {
    good: async (harness) => {
      const id = await taskOf(harness);
      return { as: "admin", args: [id], gives: (task) => assertEquals(task.id, id) };
    },
    bad: () => ({ as: "admin", args: [NO_ID] }),
    error: NotFound,
  },
  "tasks.create": {
    good: () => ({
      as: "admin",
      args: [{ type: "import", input: SOURCE }],
      gives: ({ type, status }) => assertEquals([type, status], ["import", "pending"]),
    }),
    bad: () => ({ as: "alice", args: [{ type: "import", input: SOURCE }] }),
    error: NotAuthorized,
  },
  "tasks.delete": {
    good: null,
    bad: async (harness) => ({ as: "admin", args: [await taskOf(harness)] }),
    error: NotImplemented,
  },
  "versions.list": openOperation([], some),
  "versions.root": openOperation([], some),
  "healthcheck": openOperation([], (health) => assertEquals(health, "OK")),
  "cache.list": {
    good: () => ({
      as: "admin",
      args: [],
      gives: (state) => {
        assert(Array.isArray(state.cached_images) && Array.isArray(state.queued_images));
      },
    }),
    bad: () => ({ as: "alice", args: [] }),
    error: NotAuthorized,
  },
  "cache.queue": {
    good: async (harness) => ({
      as: "admin",
      args: [await imageOf(harness, {}, 4)],
      gives: nothing,
    }),
    bad: async (harness) => ({ as: "admin", args: [await imageOf(harness)] }),
    error: Invalid,
  },
  "cache.delete": {
    good: async (harness) => ({
      as: "admin",
      args: [await imageOf(harness, {}, 4)],
      gives: nothing,
    }),
    bad: () => ({ as: "admin", args: [NO_ID] }),
    error: ImageNotFound,
  },
  "cache.clear": {
    good: () => ({ as: "admin", args: ["queue"], gives: nothing }),
    bad: () => ({ as: "alice", args: [] }),
    error: NotAuthorized,
  },
  "cache.clean": {
    good: () => ({ as: "admin", args: [], gives: nothing }),
    bad: () => ({ as: "alice", args: [] }),
    error: NotAuthorized,
  },
  "cache.prune": {
    good: () => ({
      as: "admin",
      args: [],
      gives: (pruned) => {
        assertEquals(Object.values(pruned).map((figure) => typeof figure), ["number", "number"]);
      },
    }),
    bad: () => ({ as: "alice", args: [] }),
    error: NotAuthorized,
  },
  "cache.nodes": {
    good: async (harness) => {
      const id = await imageOf(harness, {}, 4);
      await harness.raw.admin.json("PUT", `cache/${id}`);
      return { as: "admin", args: [id], gives: (nodes) => assertEquals(nodes, [NODE_URL]) };
    },
    bad: async (harness) => ({ as: "alice", args: [await imageOf(harness, {}, 4)] }),
    error: ImageNotAuthorized,
  },
};

/** The task of an import. */
async function taskOf(harness: OperationHarness): Promise<string> {
  const { tasks } = await harness.raw.alice.json("GET", `images/${await imported(harness)}/tasks`);
  return (tasks as readonly { readonly id: string }[])[0]?.id ?? "";
}
