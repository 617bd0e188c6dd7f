/** Staging, importing, copying between stores, and the resulting tasks. */

import { assertEquals, assertMatch } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";
import { BINARY, type Conversation, type ImageJson } from "./conversation.ts";
import type { Facts } from "./target.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";
import { qcow2Header } from "../support/image_headers.ts";

const DIRECT = { method: { name: "glance-direct" } };
const COPY = { method: { name: "copy-image" } };
const TWO_STORES = {
  needs: ["two stores", ({ stores }: Facts) => stores.length > 1],
} as const;

function stage(
  cloud: Conversation,
  id: string,
  body: BodyInit = "staged",
  who: "alice" | "bob" = "alice",
) {
  return cloud.send(who, "PUT", `/v2/images/${id}/stage`, { body, headers: BINARY });
}

function order(cloud: Conversation, id: string, json: unknown, who: "alice" | "admin" = "alice") {
  return cloud.post(`/v2/images/${id}/import`, json, who);
}

/** Polls until `isDone` is true, because imports continue after the response. */
async function eventually<T>(send: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + TEST_TIME_LIMIT;
  for (;;) {
    const value = await send();
    if (isDone(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The image after `count` successful imports. */
async function imported(cloud: Conversation, id: string, count = 1): Promise<ImageJson> {
  const path = `/v2/images/${id}/tasks`;
  const tasks = async () => (await cloud.get(path, "admin")).json["tasks"] as Task[];
  const done = await eventually(tasks, (all) => all.filter(isDone).length >= count);
  assertEquals(done.filter(isDone).length, count, JSON.stringify(done));
  return await cloud.show(id);
}

interface Task {
  readonly status: string;
}

const isDone = ({ status }: Task) => status === "success";

const BAD_ORDERS: readonly (readonly [what: string, body: unknown, text: string])[] = [
  ["without a method", {}, "Import request requires a 'method' field."],
  ["without a method name", { method: {} }, "Import request requires a 'name' field."],
  ["of an unknown method", { method: { name: "nope" } }, "Unknown import method name 'nope'."],
  ["with text for all_stores", { ...DIRECT, all_stores: "x" }, "'all_stores' must be boolean"],
  [
    "with a number for all_stores_must_succeed",
    { ...DIRECT, all_stores_must_succeed: 1 },
    "'all_stores_must_succeed' must be boolean",
  ],
];

const badOrders: Check[] = BAD_ORDERS.map(([what, body, text]) =>
  check(`POST of an import ${what} returns 400`, async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await order(cloud, id, body), 400, text);
  })
);

export const IMPORT_CHECKS: readonly Check[] = [
  check("GET /v2/info/import lists the import methods", async (cloud) => {
    const { json } = await cloud.get("/v2/info/import");
    assertEquals(json, {
      "import-methods": {
        description: "Import methods available.",
        type: "array",
        value: cloud.target.facts.importMethods,
      },
    });
  }),
  check(
    "PUT of staged data returns 204; the image is uploading, its data not there",
    async (cloud) => {
      const { id } = await cloud.image();
      assertEquals((await stage(cloud, id)).status, 204);
      const image = await cloud.show(id);
      assertEquals([image["status"], image["size"], image["checksum"]], ["uploading", 6, null]);
      assertEquals((await cloud.download(id)).status, 204);
    },
  ),
  check("staged data may be sent before the formats are set", async (cloud) => {
    const { id } = await cloud.image({ disk_format: null, container_format: null });
    assertEquals((await stage(cloud, id)).status, 204);
    const text = "'container_format' needs to be set before import";
    assertFailure(await order(cloud, id, DIRECT), 409, text);
  }),
  check("PUT of staged data twice returns 409", async (cloud) => {
    const { id } = await cloud.image();
    await stage(cloud, id);
    const text = "Image status transition from uploading to uploading is not allowed";
    assertFailure(await stage(cloud, id), 409, text);
    const upload = "Image status transition from uploading to saving is not allowed";
    assertFailure(await cloud.upload(id, "x"), 409, upload);
  }),
  check("PUT of staged data of another content type returns 415", async (cloud) => {
    const { id } = await cloud.image();
    const response = await cloud.send("alice", "PUT", `/v2/images/${id}/stage`, {
      body: "x",
      headers: { "content-type": "text/plain" },
    });
    assertFailure(response, 415, "text/plain");
  }),
  check("PUT of staged data by another project returns 403 or 404", async (cloud) => {
    const { id } = await cloud.image({ visibility: "community" });
    assertFailure(await stage(cloud, id, "x", "bob"), 403, "You do not own this image");
    const hidden = await cloud.image();
    assertFailure(await stage(cloud, hidden.id, "x", "bob"), 404);
  }),
  check("a staged image can be deleted", async (cloud) => {
    const { id } = await cloud.image();
    await stage(cloud, id);
    assertEquals((await cloud.delete(`/v2/images/${id}`)).status, 204);
  }),
  check("glance-direct returns 202 and makes the image active", async (cloud) => {
    const { id } = await cloud.image();
    await stage(cloud, id);
    const response = await order(cloud, id, DIRECT);
    assertEquals([response.status, response.text], [202, ""]);
    const image = await imported(cloud, id);
    assertEquals([image["size"], image["virtual_size"]], [6, 6]);
    assertEquals(image["checksum"], "d9bd6a906c1874ff572d37eab305c2fc");
    assertEquals(image["os_hash_algo"], "sha512");
    assertEquals(image["os_glance_failed_import"], "");
    assertEquals(image["stores"], cloud.target.facts.stores[0]);
    assertEquals((await cloud.download(id)).text, "staged");
  }),
  check("glance-direct of data that is refused stores none, and its task fails", async (cloud) => {
    const unsafe = qcow2Header({ backingFile: "/etc/passwd" });
    for (const [disk_format, body] of [["qcow2", "raw data"], ["qcow2", unsafe], ["raw", unsafe]]) {
      const { id } = await cloud.image({ disk_format });
      assertEquals((await stage(cloud, id, body as BodyInit)).status, 204);
      assertEquals((await order(cloud, id, DIRECT)).status, 202);
      const tasks = async () => (await cloud.get(`/v2/images/${id}/tasks`)).json["tasks"] as Task[];
      const done = await eventually(tasks, ([task]) => task?.status === "failure");
      assertEquals(done.map(({ status }) => status), ["failure"]);
      const image = await cloud.show(id);
      // As after every failure of this method, the image stays so.
      assertEquals([image["status"], image["checksum"]], ["importing", null]);
      assertEquals(image["os_glance_failed_import"], cloud.target.facts.stores[0]);
    }
  }, { since: "2.17" }),
  check(
    "glance-direct of data that is refused leaves a queued image if stores may fail",
    async (cloud) => {
      const { id } = await cloud.image({ disk_format: "qcow2" });
      await stage(cloud, id, "raw data");
      const direct = { ...DIRECT, all_stores_must_succeed: false };
      assertEquals((await order(cloud, id, direct)).status, 202);
      const image = await cloud.until(id, (now) => now["status"] === "queued");
      assertEquals([image["size"], image["checksum"]], [null, null]);
      assertEquals((await cloud.upload(id, qcow2Header())).status, 204);
    },
    { since: "2.17" },
  ),
  check("an import creates a task of the image", async (cloud) => {
    const { id } = await cloud.image();
    const none = await cloud.get(`/v2/images/${id}/tasks`);
    assertEquals(none.json, { tasks: [] });
    await stage(cloud, id);
    const requestId = (await order(cloud, id, DIRECT)).headers.get("x-openstack-request-id");
    await imported(cloud, id);
    const { json } = await cloud.get(`/v2/images/${id}/tasks`);
    const [task = {}] = json["tasks"] as Record<string, unknown>[];
    const { id: taskId, user_id: _u, created_at, updated_at, expires_at, ...rest } = task;
    for (const time of [created_at, updated_at, expires_at]) {
      assertMatch(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    }
    assertEquals(rest, {
      type: "api_image_import",
      status: "success",
      owner: cloud.target.projects.alice,
      image_id: id,
      request_id: requestId,
      input: { image_id: id, import_req: DIRECT, backend: [cloud.target.facts.stores[0]] },
      result: { image_id: id },
      message: "Copied 0 MiB",
      deleted: false,
      deleted_at: null,
    });
    const shown = await cloud.get(`/v2/tasks/${taskId}`, "admin");
    assertEquals([shown.status, shown.json["self"]], [200, `/v2/tasks/${taskId}`]);
    const listed = (await cloud.get("/v2/tasks?limit=1000", "admin")).json["tasks"] as ImageJson[];
    assertEquals(listed.filter((entry) => entry.id === taskId).map(Object.keys).flat().toSorted(), [
      "created_at",
      "expires_at",
      "id",
      "owner",
      "schema",
      "self",
      "status",
      "type",
      "updated_at",
    ]);
  }),
  check("tasks that other projects started are visible to administrators only", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    await order(cloud, id, { ...COPY, all_stores: true }, "admin");
    await imported(cloud, id);
    assertEquals((await cloud.get(`/v2/images/${id}/tasks`)).json, { tasks: [] });
  }, TWO_STORES),
  check("tasks of an invisible image return 404", async (cloud) => {
    const { id } = await cloud.image();
    assertFailure(await cloud.get(`/v2/images/${id}/tasks`, "bob"), 404);
  }),
  check("an import without staged data returns 409", async (cloud) => {
    const { id } = await cloud.image();
    const text = "Image needs to be staged before 'glance-direct' method can be used";
    assertFailure(await order(cloud, id, DIRECT), 409, text);
  }),
  check("an import to an active image returns 409", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const text = "Image with status active cannot be target for import";
    assertFailure(await order(cloud, id, DIRECT), 409, text);
  }),
  check("an import to an unknown store returns 409 and can be tried again", async (cloud) => {
    const { id } = await cloud.image();
    await stage(cloud, id);
    const response = await order(cloud, id, { ...DIRECT, stores: ["nope"] });
    assertFailure(response, 409, "Store for identifier nope not found");
    assertEquals((await order(cloud, id, DIRECT)).status, 202);
    await imported(cloud, id);
  }),
  check("an import of an unknown image returns 404", async (cloud) => {
    assertFailure(await order(cloud, "nope", DIRECT), 404, "No image found with ID nope");
  }),
  ...badOrders,
  check("an import writes the data to all named stores", async (cloud) => {
    const { id } = await cloud.image();
    const stores = cloud.target.facts.stores.slice(0, 2);
    await stage(cloud, id);
    assertEquals((await order(cloud, id, { ...DIRECT, stores })).status, 202);
    assertEquals((await imported(cloud, id))["stores"], stores.join(","));
  }, TWO_STORES),
  check("copy-image is allowed for administrators only", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const response = await order(cloud, id, { ...COPY, all_stores: true });
    assertFailure(response, 403, "You are not authorized to complete copy_image action.");
  }, TWO_STORES),
  check("copy-image copies an active image to another store", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const [first = "", second = ""] = cloud.target.facts.stores;
    assertEquals((await order(cloud, id, { ...COPY, stores: [second] }, "admin")).status, 202);
    assertEquals((await imported(cloud, id))["stores"], `${first},${second}`);
    assertEquals((await cloud.delete(`/v2/stores/${first}/${id}`)).status, 204);
    assertEquals((await cloud.show(id))["stores"], second);
    assertEquals((await cloud.download(id)).text, "data");
  }, TWO_STORES),
  check(
    "copy-image to a store that has the image returns 400, with all_stores 202",
    async (cloud) => {
      const { id } = await cloud.imageWith("data");
      const [first = ""] = cloud.target.facts.stores;
      const text = `Image is already present at store '${first}'`;
      assertFailure(await order(cloud, id, COPY, "admin"), 400, text);
      assertFailure(await order(cloud, id, { ...COPY, stores: [first] }, "admin"), 400, text);
      const all = { ...COPY, all_stores: true };
      assertEquals((await order(cloud, id, all, "admin")).status, 202);
      assertEquals((await imported(cloud, id))["stores"], cloud.target.facts.stores.join(","));
      // Glance releases its lock shortly after the task ends.
      const again = await eventually(() => order(cloud, id, all, "admin"), (a) => a.status !== 409);
      assertEquals(again.status, 202);
    },
    TWO_STORES,
  ),
  check("copy-image of an image without data returns 409", async (cloud) => {
    const { id } = await cloud.image();
    const text = "Only images with status active can be targeted for copying";
    assertFailure(await order(cloud, id, COPY, "admin"), 409, text);
  }, TWO_STORES),
  check("an import selects its stores in one way only", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const [, second = ""] = cloud.target.facts.stores;
    const both = await order(cloud, id, { ...COPY, stores: [second], all_stores: true }, "admin");
    assertFailure(both, 400, "All_stores parameter can't be used with");
    const header = { "x-image-meta-store": second };
    const path = `/v2/images/${id}/import`;
    const twice = await cloud.post(path, { ...COPY, stores: [second] }, "admin", header);
    assertFailure(twice, 400, "can't be both specified");
  }, TWO_STORES),
  check("data in the only store cannot be deleted", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const [store] = cloud.target.facts.stores;
    const text = "Cannot delete image data from the only store containing it.";
    assertFailure(await cloud.delete(`/v2/stores/${store}/${id}`), 403, text);
  }),
  check("data of a queued image cannot be deleted from a store", async (cloud) => {
    const { id } = await cloud.image();
    const [store] = cloud.target.facts.stores;
    assertFailure(await cloud.delete(`/v2/stores/${store}/${id}`), 409, "status is not 'active'");
  }),
  check("data of an unknown store or image cannot be deleted", async (cloud) => {
    const { id } = await cloud.imageWith("data");
    const unknown = "The selected store nope is not available on this node.";
    assertFailure(await cloud.delete(`/v2/stores/nope/${id}`), 409, unknown);
    const [store] = cloud.target.facts.stores;
    const path = `/v2/stores/${store}/nope`;
    assertFailure(await cloud.delete(path), 404, "Failed to find image nope");
  }),
  check("the task API is available to administrators only", async (cloud) => {
    const text = "You are not authorized to complete tasks_api_access action.";
    for (const [method, path] of [["GET", ""], ["POST", ""], ["GET", "/x"], ["DELETE", "/x"]]) {
      const extras = method === "POST" ? { json: {} } : {};
      const response = await cloud.send("alice", String(method), `/v2/tasks${path}`, extras);
      assertFailure(response, 403, text);
    }
  }),
  check("an unknown task returns 404, and tasks cannot be deleted", async (cloud) => {
    assertFailure(await cloud.get("/v2/tasks/nope", "admin"), 404, "Could not find task nope");
    const response = await cloud.delete("/v2/tasks/nope", "admin");
    assertFailure(response, 405, "This operation is currently not permitted on Glance Tasks.");
    assertEquals(response.headers.get("allow"), "GET");
  }),
];
