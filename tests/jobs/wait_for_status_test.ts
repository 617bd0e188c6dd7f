/** Waiting until an image has a status. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type Image,
  ImageConflict,
  ImageNotFound,
  Invalid,
  type StatusWaitOptions,
  waitForStatus,
} from "../../mod.ts";
import { ImageStalled } from "../../lib/errors.ts";
import { failureOf } from "../support/client_harness.ts";
import { ID, type ImageScript, type ImageState, scriptOf } from "./image_script.ts";

const CALLER = { authToken: "token" };

function state(status: string, rest: Readonly<Record<string, unknown>> = {}): ImageState {
  return { image: { status, ...rest } };
}

function wait(
  { service, clock }: ImageScript,
  statuses: string | readonly string[],
  options: StatusWaitOptions = {},
): Promise<Image> {
  return clock.run(waitForStatus(service, CALLER, ID, statuses, options));
}

Deno.test("waitForStatus() returns the image when it has one of the statuses", async () => {
  const at = scriptOf([state("active", { name: "there" })]);
  assertEquals((await wait(at, "active")).name, "there");
  assertEquals([at.polls, at.clock.now()], [[0], 0]);
  const moving = scriptOf([state("queued"), state("saving"), state("active")]);
  assertEquals((await wait(moving, ["active", "killed"])).status, "active");
  assertEquals(moving.polls, [0, 1_000, 2_000]);
});

Deno.test("waitForStatus() polls less often while nothing changes, and often again after a change", async () => {
  const still = Array.from({ length: 6 }, () => state("saving"));
  const at = scriptOf([
    ...still,
    state("saving", { updated_at: "2026-01-01T00:00:00Z" }),
    state("active"),
  ]);
  await wait(at, "active", { pollInterval: 100, maxPollInterval: 300 });
  const waits = at.polls.slice(1).map((time, i) => time - (at.polls[i] ?? 0));
  assertEquals(waits, [100, 150, 225, 300, 300, 300, 100]);
});

Deno.test("waitForStatus() reports each change once, and ignores errors of the listener", async () => {
  const at = scriptOf([
    state("queued"),
    state("queued"),
    state("saving"),
    state("saving"),
    state("active"),
  ]);
  const reported: string[] = [];
  const onProgress = ({ status }: Image) => {
    reported.push(status);
    throw new Error("a faulty listener");
  };
  await wait(at, "active", { onProgress });
  assertEquals(reported, ["queued", "saving", "active"]);
});

Deno.test("waitForStatus() fails after `stallTimeout` without a change, and not before", async () => {
  const stuck = scriptOf([state("saving")]);
  const error = await assertRejects(
    () => wait(stuck, "active", { stallTimeout: 5_000 }),
    ImageStalled,
    `until image "${ID}" is active: it is saving and has not changed for 5000 ms`,
  );
  assertEquals([error.imageId, stuck.clock.now()], [ID, 5_000]);
  const slow = scriptOf([
    ...Array.from({ length: 50 }, (_, i) => state("saving", { size: i })),
    state("active"),
  ]);
  await wait(slow, "active", { stallTimeout: 1_500 });
  assertEquals(slow.clock.now(), 50_000);
});

Deno.test("waitForStatus() fails after an hour without a change by default", async () => {
  const stuck = scriptOf([state("saving")]);
  await assertRejects(() => wait(stuck, "active"), ImageStalled);
  assertEquals(stuck.clock.now(), 3_600_000);
});

Deno.test("waitForStatus() throws if the image reaches another final status", async () => {
  for (const status of ["killed", "deleted"]) {
    const at = scriptOf([state("saving"), state(status)]);
    await assertRejects(
      () => wait(at, "active"),
      ImageConflict,
      `it is ${status}, which is a final status`,
    );
    assertEquals((await wait(scriptOf([state(status)]), status)).status, status);
  }
});

Deno.test("waitForStatus() treats a missing image as deleted if it waits for that", async () => {
  const at = scriptOf([state("active"), null]);
  assertEquals((await wait(at, "deleted")).status, "deleted");
  assertEquals((await wait(scriptOf([null]), ["deleted"])).id, ID);
  await assertRejects(() => wait(scriptOf([state("active"), null]), "queued"), ImageNotFound);
});

Deno.test("waitForStatus() stops on abort, and leaves no timer", async () => {
  const at = scriptOf([state("saving")]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = waitForStatus(at.service, CALLER, ID, "active", {
    signal: controller.signal,
    onProgress: () => queueMicrotask(() => controller.abort(reason)),
  });
  assertStrictEquals(await failureOf(at.clock.run(waiting)), reason);
  assertEquals(at.clock.pending, 0);
  const before = at.polls.length;
  const { signal } = controller;
  assertStrictEquals(await failureOf(wait(at, "active", { signal })), reason);
  assertEquals(at.polls.length, before);
});

Deno.test("waitForStatus() rejects invalid options before any request", async () => {
  const at = scriptOf([state("saving")]);
  const bad = [{ pollInterval: 0 }, { maxPollInterval: -1 }, { stallTimeout: "1" }] as unknown[];
  for (const options of bad as StatusWaitOptions[]) {
    const [name = ""] = Object.keys(options);
    await assertRejects(() => wait(at, "active", options), Invalid, `"${name}"`);
  }
  for (const statuses of [[], "", [""], 7] as unknown as string[][]) {
    await assertRejects(() => wait(at, statuses), Invalid, "Cannot wait for the status");
  }
  assert(at.polls.length === 0);
});
