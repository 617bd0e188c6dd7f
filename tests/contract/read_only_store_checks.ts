/** Imports into a read-only store: the failure, the remaining data, and the recorded outcome. */

import { assertEquals } from "@std/assert";
import { assertFailure, type Check, check } from "./check.ts";
import { BINARY, type Conversation } from "./conversation.ts";
import type { Facts } from "./target.ts";
import { TEST_TIME_LIMIT } from "../support/time_limit.ts";

const NEEDS = {
  needs: ["a read-only store", ({ readOnlyStore }: Facts) => readOnlyStore !== null],
} as const;

/** The outcome of an import, from the image and its newest task. */
interface End {
  readonly status: unknown;
  readonly size: unknown;
  readonly virtual_size: unknown;
  readonly checksum: unknown;
  readonly stores: unknown;
  readonly failed: unknown;
  readonly importing: unknown;
  readonly task: unknown;
}

const CHECKSUM = "8d777f385d3dfec8815d20f7496026dc";

/** Imports the four bytes `data` and waits for the end. */
async function imported(
  cloud: Conversation,
  id: string,
  order: Record<string, unknown>,
  who: "alice" | "admin" = "alice",
): Promise<End> {
  const response = await cloud.post(`/v2/images/${id}/import`, order, who);
  assertEquals([response.status, response.text], [202, ""]);
  const deadline = Date.now() + TEST_TIME_LIMIT;
  for (;;) {
    const { json } = await cloud.get(`/v2/images/${id}/tasks`, "admin");
    const task = (json["tasks"] as { status: string }[])[0]?.status;
    const image = await cloud.show(id);
    const isOver = task === "success" || task === "failure";
    if ((isOver && !image["os_glance_import_task"]) || Date.now() > deadline) {
      return {
        status: image["status"],
        size: image["size"],
        virtual_size: image["virtual_size"],
        checksum: image["checksum"],
        stores: image["stores"],
        failed: image["os_glance_failed_import"],
        importing: image["os_glance_importing_to_stores"],
        task,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function staged(cloud: Conversation): Promise<string> {
  const { id } = await cloud.image();
  const path = `/v2/images/${id}/stage`;
  const { status } = await cloud.send("alice", "PUT", path, { body: "data", headers: BINARY });
  assertEquals(status, 204);
  return id;
}

const EMPTY = { size: null, virtual_size: null, checksum: null, stores: undefined };
const WHOLE = { size: 4, virtual_size: 4, checksum: CHECKSUM };

function names({ target: { facts } }: Conversation): { web: string; fast: string } {
  return { web: facts.readOnlyStore ?? "", fast: facts.stores[0] ?? "" };
}

export const READ_ONLY_STORE_CHECKS: readonly Check[] = [
  check("an import into a read-only store fails", async (cloud) => {
    const { web } = names(cloud);
    const id = await staged(cloud);
    assertEquals(await imported(cloud, id, { method: { name: "glance-direct" }, stores: [web] }), {
      ...{ ...EMPTY, size: 4, status: "importing" },
      ...{ failed: web, importing: "", task: "failure" },
    });
    assertEquals((await cloud.download(id)).status, 204);
    assertEquals((await cloud.delete(`/v2/images/${id}`)).status, 204);
  }, NEEDS),
  check("an import removes written data if a later store is read-only", async (cloud) => {
    const { web, fast } = names(cloud);
    const id = await staged(cloud);
    const order = { method: { name: "glance-direct" }, stores: [fast, web] };
    assertEquals(await imported(cloud, id, order), {
      ...{ ...EMPTY, virtual_size: 4, status: "importing" },
      ...{ failed: web, importing: "", task: "failure" },
    });
    assertEquals((await cloud.download(id)).status, 204);
  }, NEEDS),
  check("an import ends at a read-only store", async (cloud) => {
    const { web, fast } = names(cloud);
    const id = await staged(cloud);
    const order = { method: { name: "glance-direct" }, stores: [web, fast] };
    assertEquals(await imported(cloud, id, order), {
      ...{ ...EMPTY, size: 4, status: "importing" },
      ...{ failed: web, importing: fast, task: "failure" },
    });
  }, NEEDS),
  check("an import skips a read-only store if not all stores must succeed", async (cloud) => {
    const { web, fast } = names(cloud);
    for (const stores of [[web, fast], [fast, web]]) {
      const id = await staged(cloud);
      const method = { name: "glance-direct" };
      const order = { method, stores, all_stores_must_succeed: false };
      assertEquals(await imported(cloud, id, order), {
        ...{ ...WHOLE, stores: fast, status: "active" },
        ...{ failed: web, importing: "", task: "success" },
      });
      assertEquals((await cloud.download(id)).text, "data");
    }
  }, NEEDS),
  check("an import leaves a queued image if every store fails", async (cloud) => {
    const { web } = names(cloud);
    const id = await staged(cloud);
    const method = { name: "glance-direct" };
    const order = { method, stores: [web], all_stores_must_succeed: false };
    const end = { ...EMPTY, status: "queued", failed: web, importing: "", task: "failure" };
    assertEquals(await imported(cloud, id, order), end);
    assertEquals((await cloud.upload(id, "again")).status, 204);
  }, NEEDS),
  check("an import into no store leaves a queued image", async (cloud) => {
    const id = await staged(cloud);
    const order = { method: { name: "glance-direct" }, stores: [] };
    const end = { ...EMPTY, status: "queued", failed: "", importing: "", task: "failure" };
    assertEquals(await imported(cloud, id, order), end);
  }, NEEDS),
  check("web-download into a read-only store leaves a queued image", async (cloud) => {
    const { web } = names(cloud);
    await using publication = cloud.target.publish("data");
    const { id } = await cloud.image();
    const order = { method: { name: "web-download", uri: publication.url }, stores: [web] };
    const end = { ...EMPTY, status: "queued", failed: web, importing: "", task: "failure" };
    assertEquals(await imported(cloud, id, order), end);
  }, NEEDS),
  check("copy-image into a read-only store fails and leaves the image active", async (cloud) => {
    const { web, fast } = names(cloud);
    const [, second = ""] = cloud.target.facts.stores;
    for (const stores of [[web], [second, web]]) {
      const { id } = await cloud.imageWith("data");
      const order = { method: { name: "copy-image" }, stores };
      assertEquals(await imported(cloud, id, order, "admin"), {
        ...{ ...WHOLE, stores: fast, status: "active" },
        ...{ failed: web, importing: "", task: "failure" },
      });
    }
  }, NEEDS),
  check("copy-image skips a read-only store if not all stores must succeed", async (cloud) => {
    const { web, fast } = names(cloud);
    const [, second = ""] = cloud.target.facts.stores;
    const { id } = await cloud.imageWith("data");
    const method = { name: "copy-image" };
    const order = { method, stores: [web, second], all_stores_must_succeed: false };
    assertEquals(await imported(cloud, id, order, "admin"), {
      ...{ ...WHOLE, stores: `${fast},${second}`, status: "active" },
      ...{ failed: web, importing: "", task: "success" },
    });
  }, NEEDS),
  check("stores of an import must be a list", async (cloud) => {
    const id = await staged(cloud);
    const order = { method: { name: "glance-direct" }, stores: "fast" };
    const response = await cloud.post(`/v2/images/${id}/import`, order);
    assertFailure(response, 409, "Store for identifier f not found");
  }, NEEDS),
];
