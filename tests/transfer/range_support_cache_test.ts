/** The memory of range support: only from proof, per store and server, and for a limited time. */
import { assertEquals, assertRejects } from "@std/assert";
import { Invalid } from "../../mod.ts";
import { RangeSupportCache } from "../../lib/transfer/range_support_cache.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { CUT, downloadAll, LENGTH, until } from "../support/downloads.ts";
import { BYTES, CALLER, ID, record, recordOf, Served } from "../support/image.ts";
import { failure, play, seen, type SeenRequest } from "../support/scripted_fetch.ts";
import { harnessOf } from "../support/client_harness.ts";

const TEN_MINUTES = 600_000;

Deno.test("RangeSupportCache expires after ten minutes", () => {
  let now = 0;
  const memory = new RangeSupportCache({ now: () => now });
  memory.recordPart("file");
  memory.recordRefused("http://a", "ceph");
  memory.recordIgnored("http://b", "file");
  now = TEN_MINUTES - 1;
  assertEquals(memory.supportsRanges("file"), true);
  assertEquals(memory.maySupportRanges("http://a", "ceph"), false);
  assertEquals(memory.maySupportRanges("http://b", "file"), false);
  now = TEN_MINUTES;
  assertEquals(memory.supportsRanges("file"), false);
  assertEquals(memory.maySupportRanges("http://a", "ceph"), true);
  assertEquals(memory.maySupportRanges("http://b", "file"), true);
});

Deno.test("RangeSupportCache has refusals for ten minutes after the last one", () => {
  let now = 0;
  for (const refuse of ["recordRefused", "recordIgnored"] as const) {
    now = 0;
    const memory = new RangeSupportCache({ now: () => now });
    memory.recordPart("file");
    assertEquals(memory.hasRefusals, false);
    memory[refuse]("http://a", "ceph");
    now = 1;
    memory[refuse]("http://a", "s3");
    now = TEN_MINUTES;
    assertEquals(memory.hasRefusals, true);
    now = TEN_MINUTES + 1;
    assertEquals(memory.hasRefusals, false);
  }
});

Deno.test("RangeSupportCache blames the server if another one reads ranges of the same store", () => {
  const memory = new RangeSupportCache({ now: () => 0 });
  memory.recordPart("file");
  memory.recordRefused("http://a", "file");
  assertEquals([
    memory.maySupportRanges("http://a", "file"),
    memory.maySupportRanges("http://b", "file"),
  ], [
    false,
    true,
  ]);
  assertEquals(memory.maySupportRanges("http://a", "other"), true);
});

Deno.test("RangeSupportCache keeps a bounded number of keys, the newest ones", () => {
  const memory = new RangeSupportCache({ now: () => 0 });
  for (let i = 0; i < 5_000; i++) memory.recordPart(`store-${i}`);
  assertEquals([memory.supportsRanges("store-0"), memory.supportsRanges("store-4999")], [
    false,
    true,
  ]);
  assertEquals([memory.supportsRanges("store-3999"), memory.supportsRanges("store-4000")], [
    false,
    true,
  ]);
});

Deno.test("download() requests ranges again ten minutes after a store did not support them", async () => {
  const served = new Served();
  const broken = () => served.data(until(4_321, CUT), LENGTH);
  const harness = harnessOf([
    ...[record(), broken(), 400, served.whole(), record()],
    ...[record(), broken(), served.whole(), record()],
    ...[record(), broken(), served.part()],
  ]);
  for (const wait of [0, TEN_MINUTES - 60_000, TEN_MINUTES]) {
    await harness.clock.run(harness.clock.sleep(wait));
    assertEquals(await downloadAll(harness), BYTES);
  }
  assertEquals([served.areOver, harness.script.left], [true, 0]);
});

Deno.test("download() caches nothing about the store when both a range and the whole image get 400", async () => {
  const served = new Served();
  const range = { start: 5, end: 14 };
  const harness = harnessOf([record(), 400, 400, record(), served.part()]);
  const prefer = ["no-such-store"];
  await assertRejects(() => downloadAll(harness, { range, prefer }), Invalid);
  assertEquals(await downloadAll(harness, { range }), BYTES.slice(5, 15));
  assertEquals(harness.script.requests.at(-1)?.headers.get("range"), "bytes=5-14");
});

Deno.test("GET /file requests ranges as before when another client names a wrong store", async () => {
  const served = new Served();
  let sent = 0;
  const glance = async (request: SeenRequest): Promise<Response> => {
    const { path, headers } = request;
    if (!path.includes("/file")) return Response.json(recordOf(BYTES));
    if (path.includes("no-such-store")) return failure(400);
    sent += headers.has("range") ? 10 : BYTES.byteLength;
    return await play(headers.has("range") ? served.part() : served.whole(), request);
  };
  const gateway = createImageRouter({
    apiServers: ["a", "b"],
    fetch: (input, init) => glance(seen(input, init)),
  });
  const get = (query: string) =>
    gateway.fetch(
      new Request(`http://localhost/v2/images/${ID}/file${query}`, {
        headers: { "x-auth-token": CALLER.authToken, range: "bytes=100-109" },
      }),
    );
  const wrong = await get("?prefer=no-such-store");
  assertEquals(wrong.status, 400);
  await wrong.body?.cancel();
  const right = await get("");
  assertEquals([right.status, await right.bytes()], [206, BYTES.slice(100, 110)]);
  assertEquals([sent, served.areOver], [10, true]);
});
