/** An image by its id or its name. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AmbiguousImage, findImage, ImageNotFound, Invalid, NotAuthorized } from "../../mod.ts";
import { cloudOf, contextOf } from "./embedded.ts";

const NAMES = ["plain", "with space", "eq:colon", "in:a,b", "a,b", '"quoted"', "%2F/~", "ünïcode"];

Deno.test("findImage finds an image by its id, and by any exact name", async () => {
  const { service, context } = cloudOf();
  for (const name of NAMES) {
    const { id } = await service.create(context, { name });
    assertEquals((await findImage(service, context, id)).id, id);
    assertEquals((await findImage(service, context, name)).id, id);
  }
});

Deno.test("findImage takes the case of a name's letters as it is, whatever the cloud gives", async () => {
  const cloud = cloudOf();
  const { service, context } = cloud;
  const images = ["Debian", "debian", "DEBIAN"].map((name) => ({
    id: name,
    name,
    status: "active",
  }));
  cloud.meddle = () => Response.json({ images });
  assertEquals((await findImage(service, context, "debian")).id, "debian");
  await assertRejects(() => findImage(service, context, "deBian"), ImageNotFound, '"deBian"');
});

Deno.test("findImage takes what looks like an id for a name where no image has it as an id", async () => {
  const { service, context } = cloudOf();
  const name = "11111111-2222-4333-8444-555555555555";
  const { id } = await service.create(context, { name });
  assert(id !== name);
  assertEquals((await findImage(service, context, name)).id, id);
});

Deno.test("findImage finds a hidden image by name where no other has the name", async () => {
  const { service, context } = cloudOf();
  const old = await service.create(context, { name: "debian", osHidden: true });
  assertEquals((await findImage(service, context, "debian")).id, old.id);
  const fresh = await service.create(context, { name: "debian" });
  assertEquals((await findImage(service, context, "debian")).id, fresh.id);
  assertEquals((await findImage(service, context, old.id)).id, old.id);
});

Deno.test("findImage refuses a name of several, and lists their ids", async () => {
  const { service, context } = cloudOf();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await service.create(context, { name: "twin" })).id);
  const error = await assertRejects(() => findImage(service, context, "twin"), AmbiguousImage);
  assertEquals([...error.imageIds].sort(), [...ids].sort());
  for (const id of ids) assert(error.message.includes(id), error.message);
  assert(error instanceof Invalid && error.message.endsWith("give the id of one"));
});

Deno.test("findImage lists the first twenty of very many, and asks for no more of them", async () => {
  const { service, context, asked } = cloudOf({ pageLimitMax: 10 });
  for (let i = 0; i < 45; i++) await service.create(context, { name: "many" });
  asked.length = 0;
  const error = await assertRejects(() => findImage(service, context, "many"), AmbiguousImage);
  assertEquals([error.imageIds.length, asked.length], [20, 3]);
  assert(error.message.includes("and more"));
});

Deno.test("findImage finds nothing of others", async () => {
  const { service, context } = cloudOf();
  const { id } = await service.create(contextOf("bob"), { name: "bob's", visibility: "private" });
  await service.create(contextOf("bob"), { name: "squatted", visibility: "community" });
  for (const nameOrId of ["bob's", id, "squatted", "nobody's"]) {
    const error = await assertRejects(() => findImage(service, context, nameOrId), ImageNotFound);
    assert(error.message.includes(nameOrId), error.message);
  }
});

Deno.test("findImage refuses what is no name, and passes on what Glance answers", async () => {
  const cloud = cloudOf();
  const { service, context } = cloud;
  for (const nothing of ["", null, 7] as string[]) {
    await assertRejects(() => findImage(service, context, nothing), Invalid, "non-empty string");
  }
  cloud.meddle = () => new Response(null, { status: 403 });
  await assertRejects(() => findImage(service, context, "x"), NotAuthorized);
});

Deno.test("findImage ends with its signal", async () => {
  const { service, context } = cloudOf();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const error = await assertRejects(() => findImage(service, context, "x", { signal }));
  assertEquals(error, reason);
});
