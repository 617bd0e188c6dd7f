/** Authentication at a real Keystone: every method, scope, and error, and renewal. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CATALOG_SHARED } from "../../lib/auth/api_servers.ts";
import { endpointsFromCatalog } from "../../lib/auth/on_demand/catalog_servers.ts";
import { authenticate, type Credentials, fetchCatalog } from "../../lib/auth/keystone.ts";
import { isExpiring } from "../../lib/auth/token_expiry.ts";
import type { RequestContext } from "../../lib/context.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  type GlanceError,
  Invalid,
  InvalidConfigurationValue,
} from "../../lib/errors.ts";
import { freePort } from "../support/free_port.ts";
import { type LiveStack, startStack } from "./stack.ts";

const IMAGE = { serviceType: "image", serviceName: "glance", endpointType: "publicURL" };

/** No retries, so failures are immediate. */
const AT_ONCE = { numRetries: 0 };

Deno.test("authenticate() signs in at a real Keystone", async (t) => {
  await using stack = await startStack();
  const alice = stack.credentials("alice");
  const known = await stack.token("alice");
  const admin = new Identity(stack.keystoneUrl, (await stack.token("admin")).token);

  await t.step("a password and a project by name and domain", async () => {
    const context = await authenticate(alice);
    assertEquals(context.userId, known.userId);
    assertEquals(context.projectId, known.projectId);
    assertEquals(context.roles?.toSorted(), known.roles.toSorted());
    assertEquals(context.isAdmin, false);
    assertEquals(isExpiring(context, Date.now()), false);
    assertEquals(isExpiring(context, Date.now() + 3_600_000), true);
    await assertGlanceAnswers(stack, context);
  });

  await t.step("the administrator", async () => {
    assertEquals((await authenticate(stack.credentials("admin"))).isAdmin, true);
  });

  await t.step("a URL without the version, and one with a slash", async () => {
    const root = stack.keystoneUrl.replace(/\/v3$/, "");
    for (const authUrl of [root, `${root}/`, `${root}/v3/`]) {
      assertEquals((await authenticate({ ...alice, authUrl })).projectId, known.projectId);
    }
  });

  await t.step("ids, and the default domain", async () => {
    const { authUrl, username, password, projectName } = alice;
    const byId = { authUrl, userId: known.userId, password, projectId: known.projectId };
    for (const credentials of [byId, { authUrl, username, password, projectName }]) {
      assertEquals((await authenticate(credentials)).userId, known.userId);
    }
  });

  await t.step("an application credential", async () => {
    const own = new Identity(stack.keystoneUrl, known.token);
    const { id, secret } = await own.createApplicationCredential(known.userId, "robot");
    const { authUrl, username } = alice;
    const byId: Credentials = {
      authUrl,
      applicationCredentialId: id,
      applicationCredentialSecret: secret,
    };
    const byName: Credentials = {
      authUrl,
      username,
      applicationCredentialName: "robot",
      applicationCredentialSecret: secret,
    };
    for (const credentials of [byId, byName]) {
      const context = await authenticate(credentials);
      assertEquals(context.projectId, known.projectId);
      await assertGlanceAnswers(stack, context);
    }
    await assertRefused({ ...byId, applicationCredentialSecret: "wrong-secret" });
    await assertRefused({ ...byId, applicationCredentialId: "unknown" }, "Could not find");
    await own.send("DELETE", `users/${known.userId}/application_credentials/${id}`);
    await assertRefused(byId, "Could not find");
  });

  await t.step("a token, with a project and without a scope", async () => {
    const { token } = await stack.token("alice");
    const { authUrl, projectName } = alice;
    const exchanged = await authenticate({ authUrl, token, projectName });
    assertNotEquals(exchanged.authToken, token);
    const same = await authenticate({ authUrl, token });
    assertEquals(same.authToken, token);
    for (const context of [exchanged, same]) {
      assertEquals(context.projectId, known.projectId);
      await assertGlanceAnswers(stack, context);
    }
    await admin.revoke(token);
    await assertRefused({ authUrl, token, projectName }, "a token");
    await assertRefused({ authUrl, token });
    await assertRefused({ authUrl, token: "no-token-at-all" });
    const error = await assertRejects(() => renewOf(same), AuthenticationFailed);
    assertStringIncludes(error.message, "sign in with a password");
  });

  await t.step("scopes: a domain, the system and none", async () => {
    const { authUrl, username, password } = stack.credentials("admin");
    const { userId } = await stack.token("admin");
    await admin.send("PUT", `domains/default/users/${userId}/roles/${await admin.roleId("admin")}`);
    const forDomain = await authenticate({ authUrl, username, password, domainName: "Default" });
    assertEquals([forDomain.projectId, forDomain.isAdmin], [undefined, true]);
    assert(forDomain.serviceCatalog !== undefined);
    const forAll = await authenticate({ authUrl, username, password, systemScope: "all" });
    assertEquals([forAll.projectId, forAll.isAdmin], [undefined, true]);
    const forNothing = await authenticate({ authUrl, username, password });
    assertEquals([forNothing.projectId, forNothing.roles], [undefined, []]);
    assertEquals(forNothing.serviceCatalog, undefined);
    await assertRejects(() => fetchCatalog(authUrl, forNothing), AuthenticationFailed, "no scope");
  });

  await t.step("wrong credentials and other projects", async () => {
    const { projectName: _, ...withoutProject } = alice;
    await assertRefused({ ...alice, password: "wrong-secret" }, 'user "alice"');
    await assertRefused({ ...alice, username: "nobody" });
    await assertRefused({ ...alice, userDomainName: "Nowhere" });
    await assertRefused({ ...alice, projectName: "bob-project" }, 'project "bob-project"');
    await assertRefused({ ...withoutProject, domainId: "default" });
    await assertRefused({ ...withoutProject, systemScope: "all" });
  });

  await t.step("the catalog of a token", async () => {
    const { token: authToken } = await stack.token("alice");
    const catalog = await fetchCatalog(stack.keystoneUrl, { authToken });
    const servers = endpointsFromCatalog(catalog, IMAGE, "RegionOne", CATALOG_SHARED);
    assertEquals(servers.map((server) => server.endpoint), [stack.glanceUrls[0]]);
    await admin.revoke(authToken);
    await assertRejects(() => fetchCatalog(stack.keystoneUrl, { authToken }), AuthenticationFailed);
  });

  await t.step("one renewal of a revoked token for concurrent calls", async () => {
    let signIns = 0;
    const counting = (input: string, init: RequestInit) => {
      signIns++;
      return fetch(input, init);
    };
    const context = await authenticate(alice, { fetch: counting });
    await admin.revoke(context.authToken ?? "");
    const renewed = await Promise.all([1, 2, 3, 4].map(() => renewOf(context)));
    assertEquals(signIns, 2);
    assertEquals(new Set(renewed.map(({ authToken }) => authToken)).size, 1);
    assertEquals((await renewOf(context)).authToken, renewed[0]?.authToken);
    assertEquals(signIns, 2);
    await assertGlanceAnswers(stack, renewed[0] ?? {});
  });

  await t.step("an unreachable Keystone", async () => {
    const port = freePort();
    const closed = { ...alice, authUrl: `http://127.0.0.1:${port}/v3` };
    await assertRejects(() => authenticate(closed, AT_ONCE), GlanceConnectionFailed, `:${port}`);
    for (const authUrl of [stack.glanceUrls[0], `${stack.keystoneUrl}/identity`]) {
      await assertRejects(
        () => authenticate({ ...alice, authUrl }, AT_ONCE),
        InvalidConfigurationValue,
        "is not a Keystone v3 endpoint",
      );
    }
    await assertRejects(() => authenticate({ ...alice, password: "" }), Invalid, "password");
  });
});

/** Asserts an error with the right type that contains neither the secret nor the token. */
async function assertRefused(credentials: Credentials, expected = "refused"): Promise<void> {
  const error = await assertRejects(() => authenticate(credentials), AuthenticationFailed);
  const { password, token, applicationCredentialSecret } = credentials;
  assertStringIncludes(error.message, expected);
  for (const secret of [password, token, applicationCredentialSecret]) {
    if (secret !== undefined) assertEquals(everythingOf(error).includes(secret), false);
  }
}

function everythingOf(error: GlanceError): string {
  return Deno.inspect(error, { depth: 10 }) + error.message + error.stack;
}

async function assertGlanceAnswers(stack: LiveStack, context: RequestContext): Promise<void> {
  const [server] = endpointsFromCatalog(
    context.serviceCatalog ?? [],
    IMAGE,
    "RegionOne",
    CATALOG_SHARED,
  );
  assertEquals(server?.endpoint, stack.glanceUrls[0]);
  const response = await fetch(`${server?.endpoint}/v2/images`, {
    headers: { "x-auth-token": context.authToken ?? "" },
  });
  await response.body?.cancel();
  assertEquals(response.status, 200);
}

async function renewOf(context: RequestContext): Promise<RequestContext> {
  return await context.renew?.() ?? {};
}

/** Keystone's API with one token, for preparations of a test. */
class Identity {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async send(method: string, path: string, body?: unknown, headers = {}): Promise<unknown> {
    const response = await fetch(`${this.#url}/${path}`, {
      method,
      headers: { "x-auth-token": this.#token, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ${method} ${path}: ${response.status}, ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  async revoke(token: string): Promise<void> {
    await this.send("DELETE", "auth/tokens", undefined, { "x-subject-token": token });
  }

  async roleId(name: string): Promise<string> {
    const { roles } = await this.send("GET", `roles?name=${name}`) as { roles: { id: string }[] };
    return roles[0]?.id ?? "";
  }

  async createApplicationCredential(
    userId: string,
    name: string,
  ): Promise<{ id: string; secret: string }> {
    const path = `users/${userId}/application_credentials`;
    const body = { application_credential: { name } };
    const response = await this.send("POST", path, body);
    return (response as { application_credential: { id: string; secret: string } })
      .application_credential;
  }
}
