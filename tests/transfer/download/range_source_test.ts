/** The response to one request for data: it is checked before use, and reveals what a server supports. */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ImageDownloadFailed, Invalid } from "../../../mod.ts";
import { bytesOf } from "../../support/bodies.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import { BYTES, CALLER, chunksOf, ID, record, Served } from "../../support/image.ts";
import { play, type Step } from "../../support/scripted_fetch.ts";
import { type ClientHarness, failureOf, harnessOf } from "../../support/client_harness.ts";

function rangesOf({ script }: ClientHarness): string[] {
  return script.requests.filter(({ path }) => path.includes("/file"))
    .map(({ headers }) => headers.get("range") ?? "all");
}

/** First responses that cannot be the image. */
const REFUSED: readonly (readonly [what: string, step: (served: Served) => Step])[] = [
  ["is compressed", (served) => served.whole(BYTES, { headers: { "content-encoding": "gzip" } })],
  ["is a part that was not requested", (served) => served.whole(BYTES, { status: 206 })],
  ["is of another length", (served) => served.whole(BYTES.slice(1))],
  ["has another MD5", (served) => {
    return served.whole(BYTES, { headers: { "content-md5": "0".repeat(32) } });
  }],
];

for (const [what, step] of REFUSED) {
  Deno.test(`download() uses another server when a response ${what}`, async () => {
    const served = new Served();
    const harness = harnessOf([record(), step(served), served.whole()]);
    assertEquals(await downloadAll(harness), BYTES);
    assertEquals(harness.script.hosts, ["a", "a", "b"]);
    assertEquals([served.bodies[0]?.pulls, served.areOver, harness.clock.pending], [0, true, 0]);
  });

  Deno.test(`download() fails when the response of every server ${what}`, async () => {
    const served = new Served();
    const harness = harnessOf([record(), ...Array.from({ length: 4 }, () => step(served))]);
    await assertRejects(() => downloadAll(harness), ImageDownloadFailed, "Cannot use the response");
    assertEquals([served.areOver, harness.clock.pending, harness.script.left], [true, 0, 0]);
  });
}

Deno.test("download() ignores an invalid Content-MD5 of old versions of Glance", async () => {
  for (const md5 of ["None", "", "not hexadecimal", "abc"]) {
    const served = new Served();
    const harness = harnessOf([record(), served.whole(BYTES, { headers: { "content-md5": md5 } })]);
    assertEquals(await downloadAll(harness), BYTES);
  }
});

Deno.test("download() uses another server when one denies a satisfiable range", async () => {
  const served = new Served();
  const harness = harnessOf([record(), served.data(until(4_321, CUT), LENGTH), 416, served.part()]);
  assertEquals(await downloadAll(harness), BYTES);
  const steps = [record(), served.data(until(4_321, CUT), LENGTH), 416, 416, 416];
  const denied = harnessOf([...steps, served.whole(), record()]);
  assertEquals(await downloadAll(denied), BYTES);
  assertEquals(rangesOf(denied).slice(-2), ["bytes=4321-9999", "all"]);
  assertEquals([served.areOver, denied.clock.pending], [true, 0]);
});

Deno.test("download() ends when a server denies a range and the size is unknown", async () => {
  const harness = harnessOf([record({ size: null }), 416]);
  await assertRejects(() => downloadAll(harness, { range: { start: 5, end: 9 } }), Invalid, "416");
});

Deno.test("download() uses another server when a whole image ends before the requested byte", async () => {
  const served = new Served();
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.data(until(2_000), LENGTH),
    record(),
    served.part(),
  ]);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("download() splits a chunk that has the last skipped byte and the first requested one", async () => {
  const served = new Served();
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.whole(BYTES, { isByteStream: false }),
    record(),
  ]);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(served.areOver, true);
});

Deno.test("download() requests no range again when the only server sent the whole image", async () => {
  const served = new Served();
  const cutAt = (byte: number) => served.data(until(byte, CUT), LENGTH);
  const steps = [record(), cutAt(1_000), cutAt(2_000), record(), cutAt(3_000), record()];
  const harness = harnessOf([...steps, served.whole(), record()], { apiServers: ["a"] });
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(rangesOf(harness), ["all", "bytes=1000-9999", "all", "all"]);
});

Deno.test("download() requests ranges from other servers first when one sent the whole image", async () => {
  const served = new Served();
  const cutAt = (byte: number) => served.data(until(byte, CUT), LENGTH);
  const steps = [record(), cutAt(1_000), cutAt(2_000), record(), served.part()];
  const harness = harnessOf([...steps, record(), cutAt(500), served.part()], {
    apiServers: ["a", "b", "c", "d"],
  });
  for (let i = 0; i < 2; i++) {
    assertEquals(await downloadAll(harness), BYTES);
    await harness.clock.run(harness.clock.sleep(60_000));
  }
  const slowServer = harness.script.requests.filter(({ headers }) => headers.has("range"))
    .map(({ origin }) => origin);
  assertEquals(slowServer.slice(1).includes(slowServer[0] ?? ""), false, slowServer.join());
});

/** A client over two connections, whose store sends the whole image, and `step` for a range. */
function withoutRanges(served: Served, step: Step) {
  const options = { connections: 2, partSize: 1_000 };
  const respond: Step = (request) => {
    const whole = request.path.endsWith("/file") ? served.whole() : record();
    return play(request.headers.has("range") ? step : whole, request);
  };
  const harness = harnessOf(Array.from({ length: 12 }, () => respond));
  return { harness, download: () => downloadAll(harness, options) };
}

Deno.test("download() requests no range again when no server supports them", async () => {
  const served = new Served();
  const { harness, download } = withoutRanges(served, 400);
  assertEquals(await download(), BYTES);
  const [first, ...parts] = rangesOf(harness);
  assertEquals([first, new Set(parts).size, parts.length <= 3], ["all", 1, true]);
  assertEquals(await download(), BYTES);
  assertEquals(rangesOf(harness), ["all", ...parts, "all"]);
  assertEquals(served.areOver, true);
});

Deno.test("download() uses one connection when a store responds wrongly to ranges", async () => {
  const served = new Served();
  const mismatch: Step = (request) => play(served.data(chunksOf(BYTES), { status: 206 }), request);
  const { harness, download } = withoutRanges(served, mismatch);
  assertEquals(await download(), BYTES);
  const [first, ...parts] = rangesOf(harness);
  assertEquals([first, new Set(parts).size, parts.length], ["all", 1, 3]);
  assertEquals(served.areOver, true);
});

Deno.test("download() throws the error of a renewal unchanged", async () => {
  const served = new Served();
  const { service, clock } = harnessOf([record(), served.data(until(4_321, CUT), LENGTH), 401]);
  const error = new Error("the vault is sealed");
  const context = { authToken: "old", renew: () => Promise.reject(error) };
  const call = service.download(context, ID).then(bytesOf);
  assertStrictEquals(await failureOf(clock.run(call)), error);
  assertEquals([served.areOver, clock.pending], [true, 0]);
});

Deno.test("download() cancels a response that arrives after a cancel, also when fetch ignores its signal", async () => {
  const served = new Served();
  let arrive = () => {};
  const late: Step = async (request) => {
    await new Promise<void>((resolve) => arrive = resolve);
    const { signal: _, ...deaf } = request;
    return await (served.part() as (request: unknown) => Response)(deaf);
  };
  const harness = harnessOf([record(), served.data(until(4_321, CUT), LENGTH), late]);
  const reader = (await harness.service.download(CALLER, ID)).getReader();
  const reading = (async () => {
    while (!(await reader.read()).done);
  })();
  await harness.clock.run(harness.clock.sleep(10));
  const canceled = reader.cancel("enough");
  arrive();
  await Promise.all([canceled, reading]);
  await harness.clock.run(harness.clock.sleep(10));
  assertEquals([served.bodies.length, served.areOver, harness.clock.pending], [2, true, 0]);
});
