/**
 * The image service with a real Keystone and two real Glance servers: authentication, renewal,
 * records, lists, members, stores, and references. `service_data_test.ts` tests image data.
 */
import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AuthenticationFailed,
  connect,
  type Connection,
  getApiServers,
  getRemoteImageService,
  type GlanceEvent,
  type GlanceOptions,
  type Image,
  ImageConflict,
  ImageLimitExceeded,
  type ImageMeta,
  ImageNotAuthorized,
  ImageNotFound,
  Invalid,
  type ListParameters,
  NotFound,
  RedirectRefused,
} from "../../mod.ts";
import { randomBytes, RawGlance, revokeToken } from "./raw_glance.ts";
import { IMAGE_MEMBER_QUOTA, type LiveStack, type StackUser, startStack } from "./stack.ts";
import { Traffic } from "./traffic.ts";

const FORMATS = { diskFormat: "raw", containerFormat: "bare" };

Deno.test("GlanceImageService works with a real Keystone and a real Glance", async (t) => {
  await using stack = await startStack();
  await t.step("connect signs in as it is configured", (t) => signingIn(t, stack));
  await t.step("a token that was refused is renewed", (t) => renewing(t, stack));
  await t.step("records are created and changed", (t) => changing(t, stack));
  await t.step("lists are whole, lazy and filtered", (t) => listing(t, stack));
  await t.step("images are shared", (t) => sharing(t, stack));
  await t.step("an image is found by reference", (t) => referring(t, stack));
});

async function signingIn(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const { projectId, userId } = await stack.token("alice");
  const folder = await Deno.makeTempDir();
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  const { authUrl, password, ...auth } = stack.credentials("alice");
  const clouds = `${folder}/clouds.yaml`;
  const secure = `${folder}/secure.yaml`;
  await Deno.writeTextFile(
    clouds,
    `clouds:
  live:
    auth:
      auth_url: ${authUrl}
      username: ${auth.username}
      project_name: ${auth.projectName}
      user_domain_name: ${auth.userDomainName}
      project_domain_name: ${auth.projectDomainName}
    region_name: RegionOne
  other:
    auth: { auth_url: "http://127.0.0.1:1", username: nobody, password: none }
`,
  );
  await Deno.writeTextFile(secure, `clouds:\n  live: { auth: { password: ${password} } }\n`);
  const files = { OS_CLIENT_CONFIG_FILE: clouds, OS_CLIENT_SECURE_FILE: secure };

  const ways: Record<string, Parameters<typeof connect>[0]> = {
    "by OS_* variables": { environment: stack.environment("alice") },
    "by clouds.yaml and secure.yaml": { environment: { ...files, OS_CLOUD: "live" } },
    "by the name of a cloud": { environment: files, cloud: "live" },
    "by credentials": { credentials: stack.credentials("alice") },
  };
  for (const [name, options] of Object.entries(ways)) {
    await t.step(name, async () => {
      using connection = await connect(options);
      const { service, context } = connection;
      assertEquals([context.userId, context.projectId], [userId, projectId]);
      assertEquals((await getApiServers(context).next()).value.endpoint, stack.glanceUrls[0]);
      const image = await service.create(context, { name, ...FORMATS });
      assertEquals((await service.show(context, image.id)).owner, projectId);
      await service.delete(context, image.id);
    });
  }

  await t.step("with servers of its own instead of the catalog's", async () => {
    const environment = {
      ...stack.environment("alice"),
      GLANCE_API_SERVERS: stack.glanceUrls.join(","),
    };
    const traffic = new Traffic();
    using connection = await connect({ environment, fetch: traffic.fetch });
    await connection.service.detail(connection.context);
    await connection.service.detail(connection.context);
    for (const url of stack.glanceUrls) assertEquals(traffic.to(url).length, 1);
  });

  await t.step("and fails when Keystone rejects the credentials", async () => {
    const environment = { ...stack.environment("alice"), OS_PASSWORD: "wrong-password" };
    const error = await assertRejects(() => connect({ environment }), AuthenticationFailed);
    assertStringIncludes(error.message, '"alice"');
    assertEquals(error.message.includes("wrong-password"), false);
  });
}

async function renewing(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const admin = (await stack.token("admin")).token;
  const credentials = stack.credentials("alice");
  const shared = await signIn(stack, "alice");
  const { id } = await shared.service.create(shared.context, { name: "renewal", ...FORMATS });

  /** A connection with a revoked token that Glance has not cached; it caches tokens for minutes. */
  const revoked = async () => {
    const traffic = new Traffic();
    const events: GlanceEvent[] = [];
    const connection = await signIn(stack, "alice", {
      fetch: traffic.fetch,
      onEvent: (event) => events.push(event),
    });
    await revokeToken(credentials, admin, connection.context.authToken ?? "");
    traffic.clear();
    return { ...connection, traffic, events };
  };

  await t.step("once, for ten calls at a time", async () => {
    const { service, context, traffic, events } = await revoked();
    const shown = await Promise.all(Array.from({ length: 10 }, () => service.show(context, id)));
    assertEquals(shown.map((image) => image.id), Array(10).fill(id));
    assertEquals(traffic.to("/v3/").map(({ method, status }) => [method, status]), [["POST", 201]]);
    assertEquals(traffic.to("/v2/").map(({ status }) => status).sort(), [
      ...Array(10).fill(200),
      ...Array(10).fill(401),
    ]);
    assertEquals(events.filter(({ kind }) => kind === "renew").length, 10);
    traffic.clear();
    await service.show(context, id);
    assertEquals(traffic.sent.map(({ status }) => status), [200]);
  });

  await t.step("before it ends", async () => {
    const { service, context, traffic, events } = await revoked();
    await service.show({ ...context, expiresAt: new Date(Date.now() + 60_000) }, id);
    assertEquals(traffic.sent.map(({ status }) => status), [201, 200]);
    assertEquals(events, [{ kind: "renew", reason: "expiring" }]);
  });

  await t.step("under a list, a download and an upload", async () => {
    const bytes = randomBytes(100_000);
    const { service, context } = await revoked();
    const image = await service.create(context, { name: "renewed", ...FORMATS }, bytes);
    const reader = await revoked();
    assertEquals(
      (await reader.service.detail(reader.context, { filters: { id: image.id } })).length,
      1,
    );
    const loader = await revoked();
    const stream = await loader.service.download(loader.context, image.id);
    assertEquals(await new Response(stream).bytes(), bytes);
    await service.delete(context, image.id);
  });

  await t.step("under the upload of a stream, which can be sent only once", async () => {
    const { service, context } = await revoked();
    const stream = new Blob([randomBytes(100_000)]).stream();
    const image = await service.create(context, { name: "streamed", ...FORMATS }, stream);
    assertEquals(image.status, "active");
    await service.delete(context, image.id);
  });

  await t.step("and rejected when the token cannot be renewed", async () => {
    const { service, context: { renew: _, ...context } } = await revoked();
    await assertRejects(() => service.show(context, id), ImageNotAuthorized, "401");
  });
  await shared.service.delete(shared.context, id);
}

async function changing(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack, "alice");
  const { context: adminContext } = await signIn(stack, "admin");
  const properties = {
    os_type: "linux",
    "name/with~signs and spaces": "x",
    mappings: [{ device: "sda" }],
  };
  let id = "";

  await t.step("with all that can be set", async () => {
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

  await t.step("once, under the id that was given", async () => {
    const error = await assertRejects(
      () => service.create(context, { id, name: "again", ...FORMATS }),
      ImageConflict,
    );
    assertEquals([error.imageId, error.status], [id, 409]);
  });

  await t.step("by what was shown, which changes nothing", async () => {
    const shown = await service.show(context, id);
    // The input type has no null; Glance returns null only for unset properties.
    const same = await service.update(context, id, shown as ImageMeta);
    assertEquals(inOrder(same), inOrder(shown));
  });

  await t.step("and properties are added, renamed and removed", async () => {
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
    "by an administrator for another project, deactivated and active again",
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

  await t.step("and what the cloud says of itself is read", async () => {
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
  });
}

/** Sorts the tags, because Glance returns them in any order. */
function inOrder(image: Image): Image {
  return { ...image, tags: image.tags.toSorted() };
}

async function listing(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const traffic = new Traffic();
  const { service, context } = await signIn(stack, "alice", {
    apiServers: stack.glanceUrls,
    fetch: traffic.fetch,
  });
  const names = Array.from({ length: 30 }, (_, i) => `listed ${String(i).padStart(2, "0")}`);
  const ids = await Promise.all(names.map((name, i) =>
    raw.create({
      name,
      tags: [i % 2 === 0 ? "even" : "odd", i % 3 === 0 ? "third" : "other"],
      residue: `${i % 5} of 5`,
      min_disk: i,
      disk_format: i < 10 ? "qcow2" : "raw",
    })
  ));
  const special = ["os: any, of two", "in:a,b", 'ünï & "co"=?#'];
  for (const name of special) ids.push(await raw.create({ name, os_hidden: name === "in:a,b" }));
  const sort = { sortKey: "name", sortDir: "asc" } as const;
  const found = async (parameters: ListParameters) => {
    traffic.clear();
    const images = await service.detail(context, { ...sort, ...parameters });
    return images.map(({ name }) => name);
  };
  const pages = () => traffic.to("/v2/images").length;
  const byNumber = (fits: (i: number) => boolean) => names.filter((_, i) => fits(i));

  await t.step("over many pages", async () => {
    assertEquals(
      await found({ pageSize: 7, filters: { tag: ["even", "third"] } }),
      byNumber((i) => i % 6 === 0),
    );
    const all = await found({ pageSize: 7 });
    assertEquals(all, [...names, special[0], special[2]].sort());
    assertEquals(pages(), 5);
    assertEquals(await found({ pageSize: 100 }), all);
    assertEquals(pages(), 1);
    const first = await found({ limit: 10, pageSize: 7 });
    assertEquals([first, pages()], [names.slice(0, 10), 2]);
    assertEquals(await found({ limit: 3, marker: ids[9] ?? "" }), names.slice(10, 13));
    assertEquals(await found({ limit: 0 }), []);
    assertEquals(pages(), 0);
  });

  await t.step("as far as they are read", async () => {
    traffic.clear();
    const seen: (string | null)[] = [];
    for await (const { name } of service.list(context, { ...sort, pageSize: 7 })) {
      if (seen.push(name) === 8) break;
    }
    assertEquals([seen, pages()], [names.slice(0, 8), 2]);
  });

  await t.step("in any order", async () => {
    const two = await found({
      sortKey: ["diskFormat", "name"],
      sortDir: ["asc", "desc"],
      limit: 11,
    });
    assertEquals(two, [...names.slice(0, 10).reverse(), special[2]]);
    const latest = await service.detail(context, { sortKey: "createdAt", limit: 40 });
    const times = latest.map(({ createdAt }) => createdAt?.getTime() ?? 0);
    assertEquals(times, times.toSorted((a, b) => b - a));
  });

  await t.step("by filters", async () => {
    const cases: readonly (readonly [ListParameters["filters"] & object, readonly unknown[]])[] = [
      [{ tag: ["even", "third"] }, byNumber((i) => i % 6 === 0)],
      [{ tag: "third", residue: "0 of 5" }, byNumber((i) => i % 15 === 0)],
      [{ name: "listed 04" }, ["listed 04"]],
      [{ name: "os: any, of two" }, [special[0]]],
      [{ name: ["listed 01", "os: any, of two", "listed 03"] }, [
        "listed 01",
        "listed 03",
        special[0],
      ]],
      [{ name: "in:listed 01,listed 03" }, ["listed 01", "listed 03"]],
      [{ name: 'ünï & "co"=?#' }, [special[2]]],
      [{ name: "eq:in:a,b", osHidden: true }, [special[1]]],
      [{ diskFormat: "qcow2", minDisk: 7 }, ["listed 07"]],
      [{ id: [ids[3] ?? "", ids[5] ?? ""] }, ["listed 03", "listed 05"]],
      [{ status: ["queued", "active"], residue: "4 of 5" }, byNumber((i) => i % 5 === 4)],
      [{ status: "active" }, []],
      [{ visibility: "public" }, []],
      [{ owner: context.projectId, residue: "1 of 5" }, byNumber((i) => i % 5 === 1)],
      [{ createdAt: "gt:2100-01-01T00:00:00Z" }, []],
      [{ created_at: "gt:2001-01-01T00:00:00Z", residue: "2 of 5" }, byNumber((i) => i % 5 === 2)],
      [{ size_min: 1 }, []],
      [{ protected: false, residue: "3 of 5" }, byNumber((i) => i % 5 === 3)],
    ];
    for (const [filters, wanted] of cases) {
      assertEquals(await found({ filters, pageSize: 2 }), wanted, JSON.stringify(filters));
    }
    const one = await service.show(context, ids[0] ?? "");
    assert((await found({ filters: { createdAt: one.createdAt } })).includes(one.name));
  });

  await t.step("and rejected when they are invalid", async () => {
    for (
      const parameters of [
        { filters: { created_at: "yesterday" } },
        { marker: crypto.randomUUID() },
        { sortKey: "bogus" },
        { limit: -1 },
        { pageSize: 0 },
      ]
    ) {
      await assertRejects(() => service.detail(context, parameters), Invalid);
    }
  });
}

async function sharing(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const { service, context: alice } = await signIn(stack, "alice");
  const { context: bob } = await signIn(stack, "bob");
  const { client } = service;
  const bobsProject = bob.projectId ?? "";
  const { id } = await service.create(alice, { name: "shared", visibility: "shared", ...FORMATS });

  await t.step("with a member who accepts", async () => {
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

  await t.step("who may not change it", async () => {
    await assertRejects(() => service.update(bob, id, { name: "mine" }), ImageNotAuthorized);
    await assertRejects(() => service.delete(bob, id), ImageNotAuthorized);
    await assertRejects(() => client.call(alice, "members.create", id, bobsProject), ImageConflict);
  });

  await t.step("and with as many as the cloud allows", async () => {
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

async function referring(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const { service, context } = await signIn(stack, "alice");
  const [inCatalog, elsewhere] = stack.glanceUrls;
  const { id } = await service.create(context, { name: "referred", ...FORMATS }, randomBytes(10));

  await t.step("at the catalog's server, with the token", async () => {
    for (const path of ["v2/images", "v1/images", "images", "v2.9/images"]) {
      const [remote, imageId] = getRemoteImageService(context, `${inCatalog}/${path}/${id}/?x=y#z`);
      assertEquals((await remote.show(context, imageId)).name, "referred");
    }
    const [byId, imageId] = getRemoteImageService(context, id);
    assertEquals((await byId.show(context, imageId)).id, id);
  });

  await t.step("at another server with the token only if the server is trusted", async () => {
    const href = `${elsewhere}/v2/images/${id}`;
    const [stranger] = getRemoteImageService(context, href);
    await assertRejects(() => stranger.show(context, id), ImageNotAuthorized, "401");
    // A host name without a port is trusted for https only.
    const byName = { trustedHosts: [new URL(elsewhere).host] };
    const [stillStranger] = getRemoteImageService(context, href, byName);
    await assertRejects(() => stillStranger.show(context, id), ImageNotAuthorized, "401");
    const [friend] = getRemoteImageService(context, href, { trustedHosts: [elsewhere] });
    assertEquals((await friend.show(context, id)).name, "referred");
    assertEquals(
      (await new Response(await friend.download(context, id)).bytes()).byteLength,
      10,
    );
  });

  await t.step("and a stranger never sees the token", async () => {
    const seen: Headers[] = [];
    await using listener = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      ({ headers }) => {
        seen.push(headers);
        return Response.json({ id, name: "strange", status: "queued" });
      },
    );
    const origin = `http://127.0.0.1:${listener.addr.port}`;
    const full = { ...context, serviceToken: "a-service-token" };
    const [stranger, imageId] = getRemoteImageService(full, `${origin}/v2/images/${id}`);
    assertEquals((await stranger.show(full, imageId)).name, "strange");
    const [friend] = getRemoteImageService(full, `${origin}/v2/images/${id}`, {
      trustedHosts: [origin],
    });
    await friend.show(full, imageId);
    const tokens = seen.map((
      headers,
    ) => [headers.get("x-auth-token"), headers.get("x-service-token")]);
    assertEquals(tokens, [[null, null], [context.authToken, "a-service-token"]]);
    const secrets = JSON.stringify([...seen[0] ?? []]);
    assertEquals(secrets.includes(context.authToken ?? ""), false);
  });

  await t.step("not even one to which a server redirects", async () => {
    const seen: Headers[] = [];
    const serve = (handler: (request: Request) => Response) =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
    await using thief = serve(({ headers }) => {
      seen.push(headers);
      return Response.json({});
    });
    await using mirror = serve(({ url }) =>
      Response.redirect(`http://127.0.0.1:${thief.addr.port}${new URL(url).pathname}`, 302)
    );
    const { service } = await signIn(stack, "alice", {
      apiServers: [`http://127.0.0.1:${mirror.addr.port}`],
    });
    await assertRejects(() => service.show(context, id), RedirectRefused);
    await assertRejects(() => service.download(context, id), RedirectRefused);
    assertEquals(seen, []);
  });
  await service.delete(context, id);
}

async function signIn(
  stack: LiveStack,
  user: StackUser,
  options: GlanceOptions = {},
): Promise<Connection> {
  return await connect({ credentials: stack.credentials(user), ...options });
}
