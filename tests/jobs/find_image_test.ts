/** An image by its id or its name. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { findImage, ImageNotFound, Invalid, NotAuthorized } from "../../mod.ts";
import { AmbiguousImage } from "../../lib/errors.ts";
import { Cloud, contextOf } from "./embedded.ts";

const NAMES = ["plain", "with space", "eq:colon", "in:a,b", "a,b", '"quoted"', "%2F/~", "ünïcode"];

Deno.test("findImage() finds an image by id and by exact name", async () => {
  const { service, context } = new Cloud();
  for (const name of NAMES) {
    const { id } = await service.create(context, { name });
    assertEquals((await findImage(service, context, id)).id, id);
    assertEquals((await findImage(service, context, name)).id, id);
  }
});

Deno.test("findImage() compares names case-sensitively, even if the cloud does not", async () => {
  const cloud = new Cloud();
  const { service, context } = cloud;
  const images = ["Debian", "debian", "DEBIAN"].map((name) => ({
    id: name,
    name,
    status: "active",
  }));
  cloud.intercept = () => Response.json({ images });
  assertEquals((await findImage(service, context, "debian")).id, "debian");
  await assertRejects(() => findImage(service, context, "deBian"), ImageNotFound, '"deBian"');
});

Deno.test("findImage() treats an unknown id as a name", async () => {
  const { service, context } = new Cloud();
  const name = "11111111-2222-4333-8444-555555555555";
  const { id } = await service.create(context, { name });
  assert(id !== name);
  assertEquals((await findImage(service, context, name)).id, id);
});

Deno.test("findImage() finds a hidden image by name if no other image has the name", async () => {
  const { service, context } = new Cloud();
  const old = await service.create(context, { name: "debian", osHidden: true });
  assertEquals((await findImage(service, context, "debian")).id, old.id);
  const fresh = await service.create(context, { name: "debian" });
  assertEquals((await findImage(service, context, "debian")).id, fresh.id);
  assertEquals((await findImage(service, context, old.id)).id, old.id);
});

Deno.test("findImage() rejects an ambiguous name and lists the ids", async () => {
  const { service, context } = new Cloud();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await service.create(context, { name: "twin" })).id);
  const error = await assertRejects(() => findImage(service, context, "twin"), AmbiguousImage);
  assertEquals([...error.imageIds].sort(), [...ids].sort());
  for (const id of ids) assert(error.message.includes(id), error.message);
  assert(error instanceof Invalid && error.message.endsWith("pass the id of one of them"));
});

Deno.test("findImage() lists at most 20 ids and requests no more images", async () => {
  const { service, context, requested } = new Cloud({ pageLimitMax: 10 });
  for (let i = 0; i < 45; i++) await service.create(context, { name: "many" });
  requested.length = 0;
  const error = await assertRejects(() => findImage(service, context, "many"), AmbiguousImage);
  assertEquals([error.imageIds.length, requested.length], [20, 3]);
  assert(error.message.includes("and more"));
});

Deno.test("findImage() does not find images of other projects by name", async () => {
  const { service, context } = new Cloud();
  const { id } = await service.create(contextOf("bob"), { name: "bob's", visibility: "private" });
  await service.create(contextOf("bob"), { name: "squatted", visibility: "community" });
  for (const nameOrId of ["bob's", id, "squatted", "nobody's"]) {
    const error = await assertRejects(() => findImage(service, context, nameOrId), ImageNotFound);
    assert(error.message.includes(nameOrId), error.message);
  }
});

Deno.test("findImage() rejects an invalid name and forwards errors of Glance", async () => {
  const cloud = new Cloud();
  const { service, context } = cloud;
  for (const nothing of ["", null, 7] as string[]) {
    await assertRejects(() => findImage(service, context, nothing), Invalid, "non-empty string");
  }
  cloud.intercept = () => new Response(null, { status: 403 });
  await assertRejects(() => findImage(service, context, "x"), NotAuthorized);
});

Deno.test("findImage() stops on abort", async () => {
  const { service, context } = new Cloud();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const error = await assertRejects(() => findImage(service, context, "x", { signal }));
  assertEquals(error, reason);
});
