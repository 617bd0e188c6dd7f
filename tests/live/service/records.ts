/** Records and members of images. */
import { assert, assertEquals, assertObjectMatch, assertRejects } from "@std/assert";
import {
  type Image,
  ImageConflict,
  ImageLimitExceeded,
  type ImageMeta,
  ImageNotAuthorized,
  ImageNotFound,
  NotFound,
} from "../../../mod.ts";
import { randomBytes, RawGlance } from "../raw_glance.ts";
import { IMAGE_MEMBER_QUOTA, type LiveStack } from "../stack.ts";

import { FORMATS, signIn } from "./sign_in.ts";

/** Creation, updates and deletion. */
export async function checkRecords(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack, "alice");
  const { context: adminContext } = await signIn(stack, "admin");
  const properties = {
    os_type: "linux",
    "name/with~signs and spaces": "x",
    mappings: [{ device: "sda" }],
  };
  let id = "";

  await t.step("create() sets every field", async () => {
    const meta = {
      id: crypto.randomUUID(),
      name: "Zoë's image: 100% ☃",
      ...FORMATS,
      minDisk: 2,
      minRam: 512,
      protected: true,
      osHidden: true,
      visibility: "private",
      tags: ["b", "a", "ü"],
      properties,
    } as const;
    const image = await service.create(context, meta);
    assertEquals(inOrder(await service.show(context, image.id)), inOrder(image));
    assertObjectMatch({ ...inOrder(image) }, { ...meta, tags: ["a", "b", "ü"] });
    assert(Math.abs(Date.now() - (image.createdAt?.getTime() ?? 0)) < 60_000);
    id = image.id;
  });

  await t.step("create() throws ImageConflict when the id is taken", async () => {
    const error = await assertRejects(
      () => service.create(context, { id, name: "again", ...FORMATS }),
      ImageConflict,
    );
    assertEquals([error.imageId, error.status], [id, 409]);
  });

  await t.step("update() changes nothing when given the result of show()", async () => {
    const shown = await service.show(context, id);
    // The input type has no null; Glance returns null only for unset properties.
    const same = await service.update(context, id, shown as ImageMeta);
    assertEquals(inOrder(same), inOrder(shown));
  });

  await t.step("update() adds, renames and removes properties", async () => {
    const added = await service.update(
      context,
      id,
      {
        name: "renamed",
        osHidden: false,
        protected: false,
        properties: { "new~one/x": "1" },
      },
      null,
      { purgeProps: false },
    );
    assertEquals(added.properties, { ...properties, "new~one/x": "1" });
    assertEquals([added.name, added.osHidden, added.protected], ["renamed", false, false]);
    const renamed = await service.update(
      context,
      id,
      {
        properties: { "new~one/x": null, "new~two/x": "1" },
      },
      null,
      { purgeProps: false },
    );
    assertEquals(renamed.properties, { ...properties, "new~two/x": "1" });
    const purged = await service.update(context, id, { properties: { os_type: "bsd" } });
    assertEquals(purged.properties, { os_type: "bsd" });
    assertEquals((await raw.record(id))?.["os_type"], "bsd");
    assertEquals((await service.update(context, id, { tags: [] })).tags, []);
  });

  await t.step(
    "an administrator changes the owner, deactivates, reactivates and tags an image",
    async () => {
      const { client } = service;
      const { projectId } = await stack.token("bob");
      await service.update(context, id, { name: "given" }, randomBytes(10));
      await service.update(adminContext, id, { owner: projectId, visibility: "public" });
      assertEquals((await service.show(context, id)).owner, projectId);
      await client.call(adminContext, "deactivate", id);
      assertEquals((await service.show(context, id)).status, "deactivated");
      await client.call(adminContext, "reactivate", id);
      await client.call(adminContext, "tags.update", id, "later");
      assertEquals((await service.show(context, id)).tags, ["later"]);
      await client.call(adminContext, "tags.delete", id, "later");
      assertEquals((await service.show(context, id)).tags, []);
      assertEquals(await service.delete(adminContext, id), true);
      await assertRejects(() => service.show(context, id), ImageNotFound);
    },
  );

  await t.step(
    "getStores() and call() return stores, schemas, versions and import methods",
    async () => {
      const { client } = service;
      assertEquals((await service.getStores(context)).map((store) => store.id), [
        "fast",
        "slow",
        "web",
      ]);
      assertEquals((await client.call(context, "schemas.get", "image"))["name"], "image");
      assert((await client.call(context, "versions.list")).some(({ id }) => id === "v2.13"));
      assert("value" in await client.call(context, "info.import"));
      await assertRejects(() => client.call(context, "schemas.get", "nothing" as never), NotFound);
    },
  );
}

/** Sorts the tags, because Glance returns them in any order. */
function inOrder(image: Image): Image {
  return { ...image, tags: image.tags.toSorted() };
}

/** Images that are shared with another project. */
export async function checkMembers(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const { service, context: alice } = await signIn(stack, "alice");
  const { context: bob } = await signIn(stack, "bob");
  const { client } = service;
  const bobsProject = bob.projectId ?? "";
  const { id } = await service.create(alice, { name: "shared", visibility: "shared", ...FORMATS });

  await t.step("an image is shared with a member who accepts", async () => {
    assertEquals(await service.listMembers(alice, id), []);
    await assertRejects(() => service.show(bob, id), ImageNotFound);
    const offered = await client.call(alice, "members.create", id, bobsProject);
    assertEquals([offered.member_id, offered.status], [bobsProject, "pending"]);
    assertEquals((await service.show(bob, id)).name, "shared");
    const mine = { filters: { visibility: "shared" } } as const;
    assertEquals(await service.detail(bob, mine), []);
    const pending = await service.detail(bob, {
      filters: { visibility: "shared", member_status: "pending" },
    });
    assertEquals(pending.map((image) => image.id), [id]);
    await client.call(bob, "members.update", id, bobsProject, "accepted");
    assertEquals((await service.detail(bob, mine)).map((image) => image.id), [id]);
    const members = await service.listMembers(bob, id);
    assertEquals(members.map(({ member_id, status }) => [member_id, status]), [
      [bobsProject, "accepted"],
    ]);
  });

  await t.step("a member cannot change a shared image", async () => {
    await assertRejects(() => service.update(bob, id, { name: "mine" }), ImageNotAuthorized);
    await assertRejects(() => service.delete(bob, id), ImageNotAuthorized);
    await assertRejects(() => client.call(alice, "members.create", id, bobsProject), ImageConflict);
  });

  await t.step("members.create() throws ImageLimitExceeded when the quota is reached", async () => {
    const others = Array.from({ length: IMAGE_MEMBER_QUOTA - 1 }, () => crypto.randomUUID());
    for (const other of others) await client.call(alice, "members.create", id, other);
    const error = await assertRejects(
      () => client.call(alice, "members.create", id, crypto.randomUUID()),
      ImageLimitExceeded,
    );
    assertEquals([error.imageId, error.status], [id, 413]);
    await client.call(alice, "members.delete", id, bobsProject);
    await assertRejects(() => service.show(bob, id), ImageNotFound);
    assertEquals((await service.listMembers(alice, id)).length, IMAGE_MEMBER_QUOTA - 1);
  });
  await service.delete(alice, id);
}
