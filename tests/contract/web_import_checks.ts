/** The import method `web-download`. */

import { assertEquals, assertMatch } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";
import { BINARY, type Conversation, type ImageJson } from "./conversation.ts";
import type { Facts } from "./target.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";
import { qcow2Header } from "../support/image_headers.ts";

const NEEDS = {
  needs: [
    "web-download",
    ({ importMethods }: Facts) => importMethods.includes("web-download"),
  ],
} as const;

/** Nothing listens on this port, so connections are refused. */
const NOWHERE = "http://127.0.0.1:1/image";

function order(cloud: Conversation, id: string, uri?: unknown, more: Record<string, unknown> = {}) {
  const method = { name: "web-download", ...(uri === undefined ? {} : { uri }) };
  return cloud.post(`/v2/images/${id}/import`, { method, ...more });
}

/** The image and its only task, after it ended. */
async function ended(
  cloud: Conversation,
  id: string,
): Promise<{ image: ImageJson; task: Record<string, unknown> }> {
  const deadline = Date.now() + TEST_TIME_LIMIT;
  for (;;) {
    const { json } = await cloud.get(`/v2/images/${id}/tasks`);
    const [task = {}] = json["tasks"] as Record<string, unknown>[];
    const { status } = task;
    if (status === "success" || status === "failure") {
      return { image: await cloud.show(id), task };
    }
    if (Date.now() > deadline) throw new Error(`task stays ${JSON.stringify(task)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const WEB_IMPORT_CHECKS: readonly Check[] = [
  check("web-download returns 202 and makes the image active", async (cloud) => {
    await using source = cloud.target.publish("what was published");
    const { id } = await cloud.image();
    const response = await order(cloud, id, source.url);
    assertEquals([response.status, response.text], [202, ""]);
    const { image, task } = await ended(cloud, id);
    assertEquals(task["status"], "success");
    assertEquals([image["status"], image["size"]], ["active", 18]);
    assertEquals(image["stores"], cloud.target.facts.stores[0]);
    assertMatch(String(image["os_hash_value"]), /^[0-9a-f]{128}$/);
    assertEquals((await cloud.download(id)).text, "what was published");
    assertFailure(await order(cloud, id, source.url), 409, "Image with status active cannot be");
  }, NEEDS),
  check("web-download writes the data to every named store", async (cloud) => {
    await using source = cloud.target.publish("data");
    const { id } = await cloud.image();
    const { stores } = cloud.target.facts;
    assertEquals((await order(cloud, id, source.url, { stores })).status, 202);
    assertEquals((await ended(cloud, id)).image["stores"], stores.join(","));
  }, NEEDS),
  check(
    "web-download of what cannot be had leaves a queued image and a failed task",
    async (cloud) => {
      const { id } = await cloud.image();
      assertEquals((await order(cloud, id, NOWHERE)).status, 202);
      const { image, task } = await ended(cloud, id);
      assertEquals([image["status"], image["size"]], ["queued", null]);
      assertEquals(image["os_glance_failed_import"], cloud.target.facts.stores[0]);
      const { status, message, result } = task;
      const expected = ["failure", "Task failed due to Internal Error", null];
      assertEquals([status, message, result], expected);
      await using source = cloud.target.publish("second try");
      assertEquals((await order(cloud, id, source.url)).status, 202);
      await cloud.until(id, (now) => now["status"] === "active");
      assertEquals((await cloud.download(id)).text, "second try");
    },
    NEEDS,
  ),
  check(
    "web-download of data that is refused leaves a queued image and a failed task",
    async (cloud) => {
      await using source = cloud.target.publish("raw data");
      const { id } = await cloud.image({ disk_format: "qcow2" });
      assertEquals((await order(cloud, id, source.url)).status, 202);
      const { image, task } = await ended(cloud, id);
      assertEquals([image["status"], image["size"], image["checksum"]], ["queued", null, null]);
      assertEquals(image["os_glance_failed_import"], cloud.target.facts.stores[0]);
      assertEquals([task["status"], task["result"]], ["failure", null]);
      assertEquals((await cloud.upload(id, qcow2Header())).status, 204);
    },
    { ...NEEDS, since: "2.17" },
  ),
  check("web-download requires an http or https URL", async (cloud) => {
    const { id } = await cloud.image();
    for (const [uri, shown] of [[undefined, "None"], ["", ""], ["file:///x", "file:///x"]]) {
      const text = `URI for web-download does not pass filtering: ${shown}`;
      assertFailure(await order(cloud, id, uri), 400, text);
    }
  }, NEEDS),
  check("web-download requires a queued image of the client with formats", async (cloud) => {
    await using source = cloud.target.publish("data");
    const { id } = await cloud.image();
    await cloud.send("alice", "PUT", `/v2/images/${id}/stage`, { body: "x", headers: BINARY });
    const text = "Image needs to be in 'queued' state to use 'web-download' method";
    assertFailure(await order(cloud, id, source.url), 409, text);
    const bare = await cloud.image({ disk_format: null });
    const formats = "'disk_format' needs to be set before import";
    assertFailure(await order(cloud, bare.id, source.url), 409, formats);
    const path = `/v2/images/${bare.id}/import`;
    const method = { name: "web-download", uri: source.url };
    assertFailure(
      await cloud.post(path, { method }, "bob"),
      404,
      `No image found with ID ${bare.id}`,
    );
  }, NEEDS),
];
