/** The service, method by method: its requests, their tokens, and its results. */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  GlanceImageService,
  ImageConflict,
  type ImageMeta,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  InvalidConfigurationValue,
  NotFound,
} from "../../mod.ts";
import { CALLER, ID, record } from "../support/image.ts";
import { empty, refused, silence } from "../support/scripted_fetch.ts";
import { type ClientHarness, failureOf, harnessOf } from "../support/client_harness.ts";

async function bodyOf({ script }: ClientHarness, i: number): Promise<unknown> {
  return await new Response(script.requests[i]?.body ?? null).json();
}

Deno.test("show() returns an image in camelCase", async () => {
  const harness = harnessOf([
    record({ min_disk: 2, os_type: "linux", created_at: "2026-01-02T03:04:05Z" }),
  ]);
  const image = await harness.service.show(CALLER, ID);
  assertEquals([image.id, image.minDisk, image.properties["os_type"]], [ID, 2, "linux"]);
  assertEquals(image.createdAt?.getTime(), Date.UTC(2026, 0, 2, 3, 4, 5));
  assertEquals(harness.script.requested, ["GET /v2/images/42"]);
});

Deno.test("show() names the image that does not exist or is forbidden", async () => {
  const missing = await assertRejects(
    () => harnessOf([404]).service.show(CALLER, ID),
    ImageNotFound,
  );
  assertEquals([missing.imageId, missing.status, missing.server], [ID, 404, "http://a"]);
  await assertRejects(() => harnessOf([403]).service.show(CALLER, ID), ImageNotAuthorized);
});

Deno.test("download() names its own action when the image does not exist", async () => {
  await assertRejects(
    () => harnessOf([404]).service.download(CALLER, ID),
    ImageNotFound,
    'Cannot download image "42": the server responded with 404',
  );
});

Deno.test("create() sends Glance's form with an id, and returns the image", async () => {
  const created = Response.json({ id: ID, status: "queued", name: "disk" }, { status: 201 });
  const harness = harnessOf([created]);
  const meta: ImageMeta = {
    name: "disk",
    diskFormat: "raw",
    containerFormat: "bare",
    minRam: 5,
    tags: ["a"],
    properties: { os_type: "linux" },
  };
  const image = await harness.service.create(CALLER, meta);
  assertEquals([image.name, image.status], ["disk", "queued"]);
  const { id, ...sent } = await bodyOf(harness, 0) as Record<string, unknown>;
  assertEquals(typeof id, "string");
  assertEquals(sent, {
    name: "disk",
    disk_format: "raw",
    container_format: "bare",
    min_ram: 5,
    tags: ["a"],
    os_type: "linux",
  });
});

Deno.test("create() throws Glance's error about the record, and deletes nothing", async () => {
  for (
    const [status, name] of [[400, "Invalid"], [403, "NotAuthorized"], [
      413,
      "ImageLimitExceeded",
    ]] as const
  ) {
    const harness = harnessOf([status]);
    const error = await failureOf(harness.service.create(CALLER, {}, new Uint8Array(1)));
    assertEquals([(error as Error).name, harness.script.requested], [name, ["POST /v2/images"]]);
  }
});

Deno.test("delete() returns true, or throws", async () => {
  assertEquals(await harnessOf([empty()]).service.delete(CALLER, ID), true);
  const remove = (status: number) => () => harnessOf([status]).service.delete(CALLER, ID);
  await assertRejects(remove(404), ImageNotFound);
  await assertRejects(remove(403), ImageNotAuthorized);
  await assertRejects(remove(409), ImageConflict);
});

Deno.test("delete() succeeds if its response was lost and the image is deleted", async () => {
  const harness = harnessOf([refused(), 404]);
  assertEquals(await harness.clock.run(harness.service.delete(CALLER, ID)), true);
});

Deno.test("update() keeps custom properties if purgeProps is false", async () => {
  const harness = harnessOf([record({ os_type: "linux", a: "1" }), record({ name: "new" })]);
  const change = { name: "new", properties: { a: "2" } };
  await harness.service.update(CALLER, ID, change, null, { purgeProps: false });
  assertEquals(await bodyOf(harness, 1), [
    { op: "add", path: "/name", value: "new" },
    { op: "replace", path: "/a", value: "2" },
  ]);
});

Deno.test("update() never sends an id, and rejects a different one", async () => {
  const harness = harnessOf([record({ name: "old" }), record(), record()]);
  await harness.service.update(CALLER, ID, { id: ID, name: "new" });
  assertEquals(await bodyOf(harness, 1), [{ op: "replace", path: "/name", value: "new" }]);
  const other = { id: "other", name: "new" };
  await assertRejects(
    () => harness.service.update(CALLER, ID, other),
    Invalid,
    '"id" is read-only',
  );
});

Deno.test("listMembers() and getStores() return Glance's lists", async () => {
  const members = [{ member_id: "p1", image_id: ID, status: "accepted" }];
  const stores = [{ id: "ceph", default: "true" }];
  const { service } = harnessOf([Response.json({ members }), Response.json({ stores })]);
  assertEquals(await service.listMembers(CALLER, ID), members as never);
  assertEquals(await service.getStores(CALLER), stores);
  await assertRejects(() => harnessOf([404]).service.getStores(CALLER), NotFound);
});

Deno.test("GlanceImageService rejects an id that changes the path before any request", async () => {
  const methods = [
    "show",
    "delete",
    "download",
    "listMembers",
    "getLocation",
    "update",
    "addLocation",
  ] as const;
  for (const method of methods) {
    const { service, script } = harnessOf([]);
    const rest = { update: [{ name: "x" }], addLocation: ["file:///x"] };
    const args = method in rest ? rest[method as "update"] : [];
    const call = service[method].bind(service) as (...args: unknown[]) => Promise<unknown>;
    await assertRejects(() => call(CALLER, "../tasks", ...args), Invalid, "another path");
    assertEquals(script.requests.length, 0);
  }
});

Deno.test("GlanceImageService throws the reason of a signal on abort", async () => {
  const calls: readonly ((service: GlanceImageService, signal: AbortSignal) => Promise<unknown>)[] =
    [
      (service, signal) => service.detail(CALLER, {}, { signal }),
      (service, signal) => service.show(CALLER, ID, { signal }),
      (service, signal) => service.update(CALLER, ID, {}, null, { signal }),
      (service, signal) => service.delete(CALLER, ID, { signal }),
      (service, signal) => service.download(CALLER, ID, { signal }),
      (service, signal) => service.listMembers(CALLER, ID, { signal }),
      (service, signal) => service.getStores(CALLER, { signal }),
      (service, signal) => service.getLocation(CALLER, ID, { signal }),
      (service, signal) => service.addLocation(CALLER, ID, "file:///x", {}, { signal }),
    ];
  for (const call of calls) {
    const { service, clock } = harnessOf([silence]);
    const controller = new AbortController();
    const reason = new Error("enough");
    clock.sleep(10).then(() => controller.abort(reason));
    const error = await clock.run(failureOf(call(service, controller.signal)));
    assertStrictEquals(error, reason);
    assertEquals([clock.now(), clock.pending], [10, 0]);
  }
});

Deno.test("getDefaultImageService() finds its servers in the catalog of each context", async () => {
  const service = new GlanceImageService();
  assertEquals(service.client.options.apiServers, null);
  await assertRejects(() => service.show({}, ID), InvalidConfigurationValue, "service catalog");
});
