/** Signing in, and the renewal of tokens. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  AuthenticationFailed,
  connect,
  getApiServers,
  type GlanceEvent,
  ImageNotAuthorized,
} from "../../../mod.ts";
import { randomBytes, revokeToken } from "../raw_glance.ts";
import type { LiveStack } from "../stack.ts";
import { Traffic } from "../traffic.ts";

import { FORMATS, signIn } from "./sign_in.ts";

/** Every way to configure a cloud. */
export async function checkSignIn(t: Deno.TestContext, stack: LiveStack): Promise<void> {
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
    "connect() signs in with OS_* variables": { environment: stack.environment("alice") },
    "connect() signs in with clouds.yaml and secure.yaml": {
      environment: { ...files, OS_CLOUD: "live" },
    },
    "connect() signs in with the name of a cloud": { environment: files, cloud: "live" },
    "connect() signs in with credentials": { credentials: stack.credentials("alice") },
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

  await t.step("connect() uses GLANCE_API_SERVERS instead of the catalog", async () => {
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

  await t.step(
    "connect() throws AuthenticationFailed when Keystone rejects the credentials",
    async () => {
      const environment = { ...stack.environment("alice"), OS_PASSWORD: "wrong-password" };
      const error = await assertRejects(() => connect({ environment }), AuthenticationFailed);
      assertStringIncludes(error.message, '"alice"');
      assertEquals(error.message.includes("wrong-password"), false);
    },
  );
}

/** Tokens that are refused or about to expire. */
export async function checkRenewal(t: Deno.TestContext, stack: LiveStack): Promise<void> {
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

  await t.step("a rejected token is renewed once for ten concurrent calls", async () => {
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

  await t.step("a token is renewed before it expires", async () => {
    const { service, context, traffic, events } = await revoked();
    await service.show({ ...context, expiresAt: new Date(Date.now() + 60_000) }, id);
    assertEquals(traffic.sent.map(({ status }) => status), [201, 200]);
    assertEquals(events, [{ kind: "renew", reason: "expiring" }]);
  });

  await t.step("a rejected token is renewed during a list, a download and an upload", async () => {
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

  await t.step("a rejected token is renewed before an upload reads its stream", async () => {
    const { service, context } = await revoked();
    const stream = new Blob([randomBytes(100_000)]).stream();
    const image = await service.create(context, { name: "streamed", ...FORMATS }, stream);
    assertEquals(image.status, "active");
    await service.delete(context, image.id);
  });

  await t.step("show() throws ImageNotAuthorized when the token cannot be renewed", async () => {
    const { service, context: { renew: _, ...context } } = await revoked();
    await assertRejects(() => service.show(context, id), ImageNotAuthorized, "401");
  });
  await shared.service.delete(shared.context, id);
}
