/** The server choice of a download: servers that cannot send the image are skipped, and no request is repeated. */
import { assertEquals, assertRejects } from "@std/assert";
import { ImageNotFound, Invalid } from "../../../mod.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import { BYTES, ID, record, recordOf, Served } from "../../support/image.ts";
import { failure, play, redirect, seen } from "../../support/scripted_fetch.ts";
import { failureOf, harnessOf, harnessOn } from "../../support/client_harness.ts";

/** Responses of a server that does not have the image, or denies it. */
const DENIALS = [400, 403, 404, 405, 409, 410, 413, 416, 451, 500, 501, 505];

for (const status of [...DENIALS, 429, 502, 503, 504]) {
  Deno.test(`download() continues on the server that broke when the others respond with ${status}`, async () => {
    const served = new Served();
    let isBroken = false;
    const harness = harnessOn(async (input, init) => {
      const request = seen(input, init);
      if (!request.path.endsWith("/file")) return Response.json(recordOf(BYTES));
      const isFirst = request.origin === "http://b";
      const step = !isFirst
        ? status
        : isBroken
        ? served.part()
        : served.data(until(4_321, CUT), LENGTH);
      if (isFirst) isBroken = true;
      return await play(step, request);
    });
    assertEquals(await downloadAll(harness), BYTES);
    assertEquals([served.areOver, harness.clock.pending], [true, 0]);
  });
}

for (const status of DENIALS) {
  Deno.test(`download() begins on the only server that does not respond with ${status}`, async () => {
    for (const has of ["http://a", "http://b", "http://c"]) {
      for (const options of [{}, { range: { start: 5 } }, { connections: 2, partSize: 1_000 }]) {
        const served = new Served();
        const harness = harnessOn(async (input, init) => {
          const request = seen(input, init);
          if (!request.path.endsWith("/file")) return Response.json(recordOf(BYTES));
          const correct = request.headers.has("range") ? served.part() : served.whole();
          return await play(request.origin === has ? correct : status, request);
        });
        const { start } = options.range ?? { start: 0 };
        assertEquals(await downloadAll(harness, options), BYTES.slice(start));
        assertEquals([served.areOver, harness.clock.pending], [true, 0]);
      }
    }
  });
}

Deno.test("download() tries a server that denied the image again after another delivered bytes and failed", async () => {
  const served = new Served();
  const cutAfter = (start: number, end: number) =>
    served.data([BYTES.slice(start, end), CUT], {
      status: 206,
      headers: {
        "content-range": `bytes ${start}-9999/10000`,
        "content-length": String(10_000 - start),
        "content-md5": recordOf(BYTES)["checksum"] as string,
      },
    });
  const steps = [record(), served.data(until(1_000, CUT), LENGTH), 404, cutAfter(1_000, 2_000)];
  const harness = harnessOf([...steps, served.part()], { apiServers: ["a", "b"] });
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.script.hosts, ["a", "a", "b", "a", "b"]);
  assertEquals([served.areOver, harness.script.left], [true, 0]);
});

Deno.test("download() tries each server that denies the image once", async () => {
  const served = new Served();
  const harness = harnessOn(async (input, init) => {
    const request = seen(input, init);
    if (!request.path.endsWith("/file")) return Response.json(recordOf(BYTES));
    requested.push(request.origin);
    return await play(
      requested.length === 1 ? served.data(until(4_321, CUT), LENGTH) : 404,
      request,
    );
  });
  const requested: string[] = [];
  const error = await assertRejects(() => downloadAll(harness), ImageNotFound);
  assertEquals([error.imageId, error.status], [ID, 404]);
  assertEquals([requested.length, new Set(requested.slice(1)).size], [4, 3]);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("download() requests the record from another server when one does not have it", async () => {
  const served = new Served();
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.part(BYTES, { "content-md5": "None" }),
    404,
    served.part(),
  ]);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals([served.areOver, harness.clock.pending], [true, 0]);
});

Deno.test("download() uses another server when one redirects to a foreign origin", async () => {
  const served = new Served();
  const steps = [record(), served.data(until(4_321, CUT), LENGTH)];
  const harness = harnessOf([...steps, redirect(302, "http://evil/x"), served.part()]);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.script.hosts.includes("evil"), false);
});

Deno.test("download() throws Invalid for a 400 when the caller has chosen a store", async () => {
  const harness = harnessOf([record(), 400]);
  await assertRejects(() => downloadAll(harness, { prefer: ["no-such-store"] }), Invalid);
  assertEquals(harness.script.left, 0);
});

Deno.test("download() fails with the first response, and leaves no connection, when every server denies the image", async () => {
  for (const status of [404, 403, 410, 409, 500]) {
    const harness = harnessOf([record(), status, failure(404), failure(418)]);
    const error = await failureOf(downloadAll(harness));
    assertEquals((error as ImageNotFound).status, status);
    assertEquals([harness.clock.pending, harness.script.left], [0, 0]);
  }
});

Deno.test("download() uses one server only when the size is unknown", async () => {
  for (const status of [404, 403, 500]) {
    const harness = harnessOf([record({ size: null }), status]);
    const error = await failureOf(downloadAll(harness));
    assertEquals([(error as ImageNotFound).status, harness.clock.pending], [status, 0]);
  }
});

Deno.test("download() requests the data of images from all servers in turn", async () => {
  const served = new Served();
  const images = Array.from({ length: 4 }, () => [record(), served.whole()]).flat();
  const harness = harnessOf(images, { apiServers: ["a", "b"] });
  for (let i = 0; i < 4; i++) assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.script.hosts.filter((_, i) => i % 2 === 1), ["a", "b", "a", "b"]);
});
