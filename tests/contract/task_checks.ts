/** The deprecated task API: imports by URL, and the list of tasks. */

import { assertEquals } from "@std/assert";
import { assertFailure, assertTime, type Check, check } from "./check.ts";
import type { Conversation } from "./conversation.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";

type Json = Record<string, unknown>;

const FORMATS = { disk_format: "raw", container_format: "bare" };

/** Nothing listens on this port, so connections are refused. */
const NOWHERE = "http://127.0.0.1:1/image";

function order(url: unknown, image_properties: Json): Json {
  return {
    type: "import",
    input: { import_from: url, import_from_format: "raw", image_properties },
  };
}

/** Creates a task of this check. */
async function ordered(cloud: Conversation, body: Json): Promise<Json> {
  const headers = { "x-openstack-request-id": `req-${cloud.mark}` };
  const response = await cloud.post("/v2/tasks", body, "admin", headers);
  assertEquals(response.status, 201, response.text);
  return response.json;
}

/** The task after it ended. */
async function ended(cloud: Conversation, id: unknown): Promise<Json> {
  const deadline = Date.now() + TEST_TIME_LIMIT;
  for (;;) {
    const { json } = await cloud.get(`/v2/tasks/${id}`, "admin");
    if (json["status"] === "success" || json["status"] === "failure") return json;
    if (Date.now() > deadline) throw new Error(`task stays ${JSON.stringify(json)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ids of this check's tasks that match the query. */
async function listed(cloud: Conversation, query: string): Promise<unknown[]> {
  const response = await cloud.get(`/v2/tasks?request_id=req-${cloud.mark}&${query}`, "admin");
  assertEquals(response.status, 200, response.text);
  return (response.json["tasks"] as Json[]).map(({ id }) => id);
}

const BAD_ORDERS: readonly (readonly [what: string, body: Json, text: string])[] = [
  ["without a type", { input: {} }, "Task 'type' is required"],
  ["without an input", { type: "import" }, "Task 'input' is required"],
  ["of an unknown type", { type: "odd", input: {} }, "'odd' is not one of ['import', 'api_image"],
  ["with a text for an input", { type: "import", input: "x" }, "'x' is not of type 'null', 'obje"],
  ["with what no task has", { type: "import", input: {}, a: 1 }, "('a' was unexpected)"],
  ["without a source", { type: "import", input: {} }, "Invalid location: None"],
  ["without any input", { type: "import", input: null }, "Invalid location: None"],
  ["from a file", order("file:///etc/passwd", FORMATS), "File based imports are not allowed."],
  ["from another scheme", order("ftp://127.0.0.1/x", FORMATS), "The given uri is not valid."],
  ["from no host", order("http://", FORMATS), "URI for legacy import task does not pass filtering"],
];

const badOrders: Check[] = BAD_ORDERS.map(([what, body, text]) =>
  check(`POST of a task ${what} returns 400`, async (cloud) => {
    assertFailure(await cloud.post("/v2/tasks", body, "admin"), 400, text);
  })
);

/** Tasks that are accepted but fail. */
const FAILURES: readonly (readonly [what: string, body: Json, message: string])[] = [
  ["whose source cannot be reached", order(NOWHERE, FORMATS), "Task failed due to Internal Error"],
  [
    "without a format",
    { type: "import", input: { import_from: NOWHERE } },
    "Input does not contain 'import_from_format' field",
  ],
  [
    "without properties",
    { type: "import", input: { import_from: NOWHERE, import_from_format: "raw" } },
    "Input does not contain 'image_properties' field",
  ],
  [
    "of another API",
    { type: "api_image_import", input: {} },
    "Input to api_image_import task is empty.",
  ],
];

const failures: Check[] = FAILURES.map(([what, body, message]) =>
  check(`a task ${what} fails with a message`, async (cloud) => {
    const { id } = await ordered(cloud, body);
    const task = await ended(cloud, id);
    assertEquals([task["status"], task["message"], task["result"]], ["failure", message, null]);
    assertTime(task["expires_at"]);
  })
);

const BAD_QUERIES: readonly (readonly [query: string, text: string])[] = [
  ["limit=-1", "limit param must be positive"],
  ["limit=x", "limit param must be an integer"],
  ["status=odd", "Invalid status value: odd"],
  ["type=api_image_import", "Invalid type value: api_image_import"],
  ["sort_dir=up", "Invalid sort direction: up"],
  ["sort_key=odd", "Sort key supplied was not valid."],
  ["marker=odd", "Invalid marker format"],
  [
    "marker=11111111-1111-1111-1111-111111111111",
    "Task with the given id 11111111-1111-1111-1111-111111111111 was not found",
  ],
];

const badQueries: Check[] = BAD_QUERIES.map(([query, text]) =>
  check(`GET of tasks with ${query} returns 400`, async (cloud) => {
    assertFailure(await cloud.get(`/v2/tasks?${query}`, "admin"), 400, text);
  })
);

export const TASK_CHECKS: readonly Check[] = [
  check("POST of an import task returns 201 with a pending task", async (cloud) => {
    const { input, type } = order(NOWHERE, { name: cloud.mark, ...FORMATS });
    const headers = { "x-openstack-request-id": `req-${cloud.mark}` };
    const response = await cloud.post("/v2/tasks", { type, input }, "admin", headers);
    assertEquals(response.status, 201);
    const { id, created_at, updated_at, user_id, ...task } = response.json;
    assertTime(created_at);
    assertTime(updated_at);
    assertEquals(typeof user_id, "string");
    const self = `/v2/tasks/${id}`;
    assertEquals(response.headers.get("location"), cloud.target.endpoint + self);
    assertEquals(task, {
      type,
      input,
      status: "pending",
      owner: cloud.target.projects.admin,
      message: "",
      result: null,
      request_id: `req-${cloud.mark}`,
      self,
      schema: "/v2/schemas/task",
    });
    await ended(cloud, id);
  }),
  check("an import task creates an image from a URL", async (cloud) => {
    await using source = cloud.target.publish("what was published");
    const { id } = await ordered(cloud, order(source.url, { name: cloud.mark, ...FORMATS }));
    const { status, message, result } = await ended(cloud, id);
    assertEquals([status, message], ["success", ""]);
    const imageId = String((result as Json)["image_id"]);
    cloud.removeAtEnd(imageId);
    const image = await cloud.show(imageId, "admin");
    assertEquals([image["name"], image["status"], image["size"]], [cloud.mark, "active", 18]);
    assertEquals((await cloud.download(imageId, {}, "admin")).text, "what was published");
    assertEquals((await cloud.get(`/v2/images/${imageId}/tasks`, "admin")).json, { tasks: [] });
  }),
  check("a task that fails leaves no image", async (cloud) => {
    const { id } = await ordered(cloud, order(NOWHERE, { name: cloud.mark, ...FORMATS }));
    assertEquals((await ended(cloud, id))["status"], "failure");
    const { json } = await cloud.get(`/v2/images?name=${cloud.mark}`, "admin");
    assertEquals(json["images"], []);
  }),
  check("an import task of data that is refused fails and leaves no image", async (cloud) => {
    await using source = cloud.target.publish("raw data");
    const properties = { name: cloud.mark, ...FORMATS, disk_format: "qcow2" };
    const { id } = await ordered(cloud, order(source.url, properties));
    assertEquals((await ended(cloud, id))["status"], "failure");
    const { json } = await cloud.get(`/v2/images?name=${cloud.mark}`, "admin");
    assertEquals(json["images"], []);
  }, { since: "2.17" }),
  ...badOrders,
  ...failures,
  check("a list of tasks omits the details of each task", async (cloud) => {
    const { id } = await ordered(cloud, order(NOWHERE, FORMATS));
    const task = await ended(cloud, id);
    const path = `/v2/tasks?request_id=req-${cloud.mark}`;
    const { tasks, ...rest } = (await cloud.get(path, "admin")).json;
    const { input: _i, result: _r, message: _m, request_id: _q, user_id: _u, ...stub } = task;
    assertEquals(tasks, [stub]);
    assertEquals(rest, { first: path, schema: "/v2/schemas/tasks" });
  }),
  check("tasks are listed by status and type, in pages", async (cloud) => {
    const failing = { type: "import", input: { import_from: NOWHERE } };
    const made = [];
    for (const body of [failing, failing, { type: "api_image_import", input: {} }]) {
      const { id } = await ordered(cloud, body);
      made.push(await ended(cloud, id));
    }
    const [a = "", b = "", other = ""] = made.map(({ id }) => String(id));
    // Tasks of the same second are ordered by id, in either direction.
    const sorted = made.map(({ created_at, id }) => `${created_at} ${id}`).toSorted()
      .map((key) => key.split(" ")[1]);
    assertEquals(await listed(cloud, "sort_key=id&sort_dir=asc"), sorted);
    assertEquals(await listed(cloud, "sort_key=id"), sorted.toReversed());
    assertEquals(await listed(cloud, "status=failure"), sorted.toReversed());
    assertEquals(await listed(cloud, "status=success"), []);
    assertEquals((await listed(cloud, "type=import")).toSorted(), [a, b].toSorted());
    assertEquals((await listed(cloud, "sort_key=type&sort_dir=asc"))[0], other);
    assertEquals(await listed(cloud, "limit=0"), []);
    const path = `/v2/tasks?request_id=req-${cloud.mark}&sort_key=id&sort_dir=asc&limit=2`;
    const { first, next } = (await cloud.get(path, "admin")).json;
    assertEquals([first, next], [path, `${path}&marker=${sorted[1]}`]);
    const last = (await cloud.get(String(next), "admin")).json;
    assertEquals((last["tasks"] as Json[]).map(({ id }) => id), sorted.slice(2));
    assertEquals(last["next"], undefined);
  }),
  ...badQueries,
];
