/** One stretch of an image: judged before it is believed, and what is learned from it. */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ImageDownloadFailed, Invalid } from "../../../mod.ts";
import { bytesOf } from "../../support/bodies.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import { BYTES, CALLER, chunksOf, ID, record, Served } from "../../support/image.ts";
import type { Step } from "../../support/scripted_fetch.ts";
import { failureOf, type World, worldOf } from "../../support/world.ts";

function rangesOf({ script }: World): string[] {
  return script.requests.filter(({ path }) => path.includes("/file"))
    .map(({ headers }) => headers.get("range") ?? "all");
}

/** First answers that cannot be the image. */
const REFUSED: readonly (readonly [what: string, step: (served: Served) => Step])[] = [
  ["is compressed", (served) => served.whole(BYTES, { headers: { "content-encoding": "gzip" } })],
  ["is a part that nobody asked for", (served) => served.whole(BYTES, { status: 206 })],
  ["is of another length", (served) => served.whole(BYTES.slice(1))],
  ["has another MD5", (served) => {
    return served.whole(BYTES, { headers: { "content-md5": "0".repeat(32) } });
  }],
];

for (const [what, step] of REFUSED) {
  Deno.test(`An answer that ${what} is refused, given up, and asked for elsewhere`, async () => {
    const served = new Served();
    const world = worldOf([record(), step(served), served.whole()]);
    assertEquals(await downloadAll(world), BYTES);
    assertEquals(world.script.hosts, ["a", "b", "c"]);
    assertEquals([served.bodies[0]?.pulls, served.areOver, world.clock.pending], [0, true, 0]);
  });

  Deno.test(`An answer that ${what} on every server ends the download`, async () => {
    const served = new Served();
    const world = worldOf([record(), ...Array.from({ length: 4 }, () => step(served))]);
    await assertRejects(() => downloadAll(world), ImageDownloadFailed, "Cannot use the response");
    assertEquals([served.areOver, world.clock.pending, world.script.left], [true, 0, 0]);
  });
}

Deno.test("A Content-MD5 that is none, as some versions of Glance write it, says nothing", async () => {
  for (const md5 of ["None", "", "not hexadecimal", "abc"]) {
    const served = new Served();
    const world = worldOf([record(), served.whole(BYTES, { headers: { "content-md5": md5 } })]);
    assertEquals(await downloadAll(world), BYTES);
  }
});

Deno.test("A server that denies a range of an image that has it is left for another", async () => {
  const served = new Served();
  const world = worldOf([record(), served.data(until(4_321, CUT), LENGTH), 416, served.part()]);
  assertEquals(await downloadAll(world), BYTES);
  const steps = [record(), served.data(until(4_321, CUT), LENGTH), 416, 416, 416];
  const denied = worldOf([...steps, served.whole(), record()]);
  assertEquals(await downloadAll(denied), BYTES);
  assertEquals(rangesOf(denied).slice(-2), ["bytes=4321-9999", "all"]);
  assertEquals([served.areOver, denied.clock.pending], [true, 0]);
});

Deno.test("A server that denies a range of an image of unknown size is believed", async () => {
  const world = worldOf([record({ size: null }), 416]);
  await assertRejects(() => downloadAll(world, { range: { start: 5, end: 9 } }), Invalid, "416");
});

Deno.test("A whole image that ends before the byte that is wanted is left for another", async () => {
  const served = new Served();
  const world = worldOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.data(until(2_000), LENGTH),
    record(),
    served.part(),
  ]);
  assertEquals(await downloadAll(world), BYTES);
  assertEquals([served.areOver, world.clock.pending], [true, 0]);
});

Deno.test("A chunk that holds the last skipped byte and the first wanted one is cut in two", async () => {
  const served = new Served();
  const world = worldOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.whole(BYTES, { isByteStream: false }),
    record(),
  ]);
  assertEquals(await downloadAll(world), BYTES);
  assertEquals(served.areOver, true);
});

Deno.test("The only server is asked for no range again after it has given the whole", async () => {
  const served = new Served();
  const cutAt = (byte: number) => served.data(until(byte, CUT), LENGTH);
  const steps = [record(), cutAt(1_000), cutAt(2_000), record(), cutAt(3_000), record()];
  const world = worldOf([...steps, served.whole(), record()], { apiServers: ["a"] });
  assertEquals(await downloadAll(world), BYTES);
  assertEquals(rangesOf(world), ["all", "bytes=1000-9999", "all", "all"]);
});

Deno.test("A server that gives the whole for a range is asked for ranges after the others", async () => {
  const served = new Served();
  const cutAt = (byte: number) => served.data(until(byte, CUT), LENGTH);
  const steps = [record(), cutAt(1_000), cutAt(2_000), record(), served.part()];
  const world = worldOf([...steps, record(), cutAt(500), served.part()], {
    apiServers: ["a", "b", "c", "d"],
  });
  for (let i = 0; i < 2; i++) {
    assertEquals(await downloadAll(world), BYTES);
    await world.clock.run(world.clock.sleep(60_000));
  }
  const lazy = world.script.requests.filter(({ headers }) => headers.has("range"))
    .map(({ origin }) => origin);
  assertEquals(lazy.slice(1).includes(lazy[0] ?? ""), false, lazy.join());
});

Deno.test("A store that cannot seek is not asked again whether it can", async () => {
  const served = new Served();
  const steps = [record(), 400, served.whole(), served.whole(), record(), served.whole()];
  const world = worldOf(steps);
  const options = { connections: 2, partSize: 1_000 };
  for (let i = 0; i < 2; i++) assertEquals(await downloadAll(world, options), BYTES);
  assertEquals(rangesOf(world), ["bytes=0-0", "all", "all", "all"]);
  assertEquals(served.areOver, true);
});

Deno.test("A store whose answers about a range are lies is read over one connection", async () => {
  const served = new Served();
  const lie = () => served.data(chunksOf(BYTES), { status: 206 });
  const world = worldOf([record(), lie(), lie(), lie(), served.whole()]);
  assertEquals(await downloadAll(world, { connections: 2, partSize: 1_000 }), BYTES);
  const probes = Array.from({ length: 3 }, () => "bytes=0-0");
  assertEquals([rangesOf(world), served.areOver], [[...probes, "all"], true]);
});

Deno.test("What a renewal throws in mid-download is thrown as it is", async () => {
  const served = new Served();
  const { service, clock } = worldOf([record(), served.data(until(4_321, CUT), LENGTH), 401]);
  const error = new Error("the vault is sealed");
  const context = { authToken: "old", renew: () => Promise.reject(error) };
  const call = service.download(context, ID).then(bytesOf);
  assertStrictEquals(await failureOf(clock.run(call)), error);
  assertEquals([served.areOver, clock.pending], [true, 0]);
});

Deno.test("An answer that comes after a cancel is given up, also from a fetch that knows no signal", async () => {
  const served = new Served();
  let arrive = () => {};
  const late: Step = async (request) => {
    await new Promise<void>((resolve) => arrive = resolve);
    const { signal: _, ...deaf } = request;
    return await (served.part() as (request: unknown) => Response)(deaf);
  };
  const world = worldOf([record(), served.data(until(4_321, CUT), LENGTH), late]);
  const reader = (await world.service.download(CALLER, ID)).getReader();
  const reading = (async () => {
    while (!(await reader.read()).done);
  })();
  await world.clock.run(world.clock.sleep(10));
  const cancelled = reader.cancel("enough");
  arrive();
  await Promise.all([cancelled, reading]);
  await world.clock.run(world.clock.sleep(10));
  assertEquals([served.bodies.length, served.areOver, world.clock.pending], [2, true, 0]);
});
