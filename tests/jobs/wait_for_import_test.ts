/** Waiting until Glance has imported an image. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type Image,
  ImageNotFound,
  type ImportProgress,
  type ImportWaitOptions,
  waitForImport,
} from "../../mod.ts";
import { ImageImportFailed, ImageStalled, UnexpectedStatus } from "../../lib/errors.ts";
import { failureOf } from "../support/client_harness.ts";
import { ID, type ImageScript, type ImageState, scriptOf, TASK } from "./image_script.ts";

const CALLER = { authToken: "token" };

function wait({ service, clock }: ImageScript, options: ImportWaitOptions = {}): Promise<Image> {
  return clock.run(waitForImport(service, CALLER, ID, options));
}

/** Properties of an image whose import is under way. */
const LOCKED = { os_glance_import_task: TASK };

function stores(importing: string, failed = ""): Record<string, string> {
  return { os_glance_importing_to_stores: importing, os_glance_failed_import: failed };
}

function task(status: string, message = "", rest: Readonly<Record<string, unknown>> = {}) {
  return { id: TASK, type: "api_image_import", status, message, ...rest };
}

Deno.test("waitForImport() reports pending stores and messages of the task", async () => {
  const importing = { status: "importing", ...LOCKED };
  const at = scriptOf([
    { image: { status: "uploading", ...LOCKED }, tasks: [task("pending")] },
    {
      image: { ...importing, ...stores("fast,slow") },
      tasks: [task("processing", "Copied 1 MiB")],
    },
    {
      image: { ...importing, ...stores("fast,slow") },
      tasks: [task("processing", "Copied 9 MiB")],
    },
    {
      image: { ...importing, ...stores("slow"), stores: "fast" },
      tasks: [task("processing", "Copied 2 MiB")],
    },
    {
      image: { status: "active", ...LOCKED, ...stores(""), stores: "fast,slow" },
      tasks: [task("success", "Copied 9 MiB")],
    },
    {
      image: { status: "active", ...stores(""), stores: "fast,slow" },
      tasks: [task("success", "Copied 9 MiB")],
    },
  ]);
  const reported: ImportProgress[] = [];
  const image = await wait(at, { onProgress: (progress) => reported.push(progress) });
  assertEquals([image.status, image.stores], ["active", ["fast", "slow"]]);
  assertEquals(
    reported.map(({ importing, taskStatus, message }) => [importing.join(), taskStatus, message]),
    [
      ["", "pending", null],
      ["fast,slow", "processing", "Copied 1 MiB"],
      ["fast,slow", "processing", "Copied 9 MiB"],
      ["slow", "processing", "Copied 2 MiB"],
      ["", "success", "Copied 9 MiB"],
      ["", "success", "Copied 9 MiB"],
    ],
  );
});

Deno.test("waitForImport() waits for a running copy, although the image is active", async () => {
  const at = scriptOf([
    { image: { status: "active", ...LOCKED, stores: "fast" } },
    { image: { status: "active", ...LOCKED, ...stores("slow"), stores: "fast" } },
    { image: { status: "active", ...stores(""), stores: "fast,slow" } },
  ]);
  assertEquals((await wait(at)).stores, ["fast", "slow"]);
});

Deno.test("waitForImport() names the failed stores and the message of the task, after the task has one", async () => {
  const at = scriptOf([
    {
      image: { status: "importing", ...LOCKED, ...stores("fast,slow") },
      tasks: [task("processing")],
    },
    {
      image: { status: "queued", ...stores("", "slow") },
      tasks: [task("processing", "Copied 1 MiB")],
    },
    {
      image: { status: "queued", ...stores("", "slow") },
      tasks: [task("failure", "disk full at https://me:pw@store/x?key=1\n(retry)")],
    },
  ]);
  const error = await assertRejects(() => wait(at), ImageImportFailed);
  assertEquals([error.stores, error.imageId], [["slow"], ID]);
  assertEquals(
    error.message,
    `Cannot import image "${ID}": it is queued, failed for "slow", "disk full at https://store/x (retry)"; import it again, or upload its data`,
  );
});

/** Clouds that show no tasks: older ones, and those that keep them for administrators. */
for (const status of [403, 404, 405]) {
  Deno.test(`waitForImport() uses the image alone if the response for the tasks is ${status}`, async () => {
    const states: ImageState[] = [
      { image: { status: "importing", ...LOCKED }, tasks: status },
      { image: { status: "active", ...LOCKED }, tasks: status },
      { image: { status: "active" }, tasks: status },
    ];
    const at = scriptOf(states);
    assertEquals((await wait(at)).status, "active");
    assertEquals(at.requested.filter((line) => line.endsWith("/tasks")).length, 1);
    const failing = scriptOf([...states.slice(0, 1), { image: { status: "queued" } }]);
    const error = await assertRejects(() => wait(failing), ImageImportFailed);
    assertEquals([error.stores, error.taskMessage], [[], null]);
  });
}

Deno.test("waitForImport() uses status and stores if the cloud shows no lock", async () => {
  const at = scriptOf([
    { image: { status: "importing" }, tasks: 404 },
    { image: { status: "active", ...stores("slow") }, tasks: 404 },
    { image: { status: "active", ...stores("") }, tasks: 404 },
  ]);
  await wait(at);
  assertEquals(at.polls.length, 3);
});

Deno.test("waitForImport() ignores failed stores of an earlier import", async () => {
  const image = { status: "active", ...stores("", "old"), stores: "fast,slow" };
  const input = { backend: ["slow"] };
  assertEquals((await wait(scriptOf([{ image, tasks: [task("success", "", { input })] }]))).id, ID);
  assertEquals((await wait(scriptOf([{ image }]), { stores: ["slow"] })).id, ID);
  await assertRejects(() => wait(scriptOf([{ image }])), ImageImportFailed, '"old"');
});

Deno.test("waitForImport() uses the newest task when the image names none", async () => {
  const image = { status: "active" };
  const older = {
    id: "1",
    type: "api_image_import",
    status: "failure",
    created_at: "2026-01-01T00:00:00.0",
  };
  const newer = {
    id: "2",
    type: "api_image_import",
    status: "success",
    created_at: "2026-01-01T00:00:00.1",
  };
  for (const tasks of [[older, newer], [newer, older]]) {
    assertEquals((await wait(scriptOf([{ image, tasks }]))).id, ID);
  }
});

Deno.test("waitForImport() with `partial` succeeds when at least one store has the data", async () => {
  const partial = true;
  const some = { status: "active", ...stores("", "slow"), stores: "fast" };
  assertEquals((await wait(scriptOf([{ image: some }]), { partial })).stores, ["fast"]);
  const error = await assertRejects(() => wait(scriptOf([{ image: some }])), ImageImportFailed);
  assert(error.message.endsWith("copy it to these stores later"), error.message);
  const none = { ...some, stores: "old", ...stores("", "slow,fast") };
  const goal = { partial, stores: ["slow", "fast"] };
  await assertRejects(() => wait(scriptOf([{ image: none }]), goal), ImageImportFailed);
});

Deno.test("waitForImport() detects a failed import if Glance leaves the image importing", async () => {
  const image = { status: "importing", ...stores("", "slow") };
  for (const tasks of [[task("failure", "disk full")], 404]) {
    const error = await assertRejects(() => wait(scriptOf([{ image, tasks }])), ImageImportFailed);
    assertEquals(error.stores, ["slow"]);
    assert(error.message.endsWith("; delete it, and create it again"), error.message);
  }
});

Deno.test("waitForImport() counts a store that is still pending as failed", async () => {
  const image = { status: "active", ...stores("slow"), stores: "fast" };
  const at = scriptOf([{
    image,
    tasks: [task("failure", "Image not found in any configured store")],
  }]);
  const error = await assertRejects(() => wait(at), ImageImportFailed, "in any configured store");
  assertEquals(error.stores, ["slow"]);
});

Deno.test("waitForImport() fails if neither the image nor its task changes", async () => {
  const stuck = scriptOf([{
    image: { status: "importing", ...LOCKED },
    tasks: [task("processing", "Copied 3 MiB")],
  }]);
  const error = await assertRejects(() => wait(stuck, { stallTimeout: 60_000 }), ImageStalled);
  assert(error.message.includes('importing, "Copied 3 MiB", and has not changed'), error.message);
  assertEquals(stuck.clock.now(), 60_000);
  const moving = scriptOf([
    ...Array.from({ length: 40 }, (_, i): ImageState => ({
      image: { status: "importing", ...LOCKED },
      tasks: [task("processing", `Copied ${i} MiB`)],
    })),
    { image: { status: "active" } },
  ]);
  await wait(moving, { stallTimeout: 1_500 });
});

Deno.test("waitForImport() forwards other errors of Glance", async () => {
  await assertRejects(() => wait(scriptOf([null])), ImageNotFound);
  const at = scriptOf([{ image: { status: "importing" }, tasks: 500 }]);
  await assertRejects(() => wait(at), UnexpectedStatus);
});

Deno.test("waitForImport() stops on abort", async () => {
  const at = scriptOf([{ image: { status: "importing", ...LOCKED } }]);
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = waitForImport(at.service, CALLER, ID, {
    signal: controller.signal,
    onProgress: () => queueMicrotask(() => controller.abort(reason)),
  });
  assertStrictEquals(await failureOf(at.clock.run(waiting)), reason);
  assertEquals(at.clock.pending, 0);
});
