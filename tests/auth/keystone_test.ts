import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { authenticate, fetchCatalog } from "../../lib/auth/keystone.ts";
import { isExpiring } from "../../lib/auth/token_expiry.ts";
import type { RequestContext } from "../../lib/context.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  InvalidConfigurationValue,
  UnexpectedResponse,
} from "../../lib/errors.ts";
import {
  ALICE,
  assertSecretsAbsent,
  FakeKeystone,
  NOW,
  PASSWORD,
  refusal,
} from "./fake_keystone.ts";

const { authUrl } = ALICE;
const BARE = "The request you have made requires authentication.";

Deno.test("authenticate() returns the token, its user and project, and the catalog", async () => {
  const keystone = new FakeKeystone();
  const { renew, expiresAt, ...context } = await authenticate(ALICE, keystone.options);
  assertEquals(context, {
    authToken: "token-1",
    userId: "u1",
    projectId: "p1",
    roles: ["member", "reader"],
    isAdmin: false,
    serviceCatalog: [{ type: "image", name: "glance", endpoints: [] }],
  });
  assert(renew !== undefined);
  assertEquals(expiresAt, new Date(NOW + 3_600_000));
});

Deno.test("authenticate() detects administrators, and omits what a token lacks", async () => {
  const keystone = new FakeKeystone();
  const roles = [{ name: "admin" }, {}];
  const without = { project: undefined, catalog: undefined, expires_at: undefined };
  keystone.responses.push(() => keystone.token({ roles, ...without }));
  const { renew: _, ...context } = await authenticate(ALICE, keystone.options);
  assertEquals(context, { authToken: "token-1", userId: "u1", roles: ["admin"], isAdmin: true });
});

Deno.test("authenticate() converts the expiry of a token to the local clock when Keystone's differs", async () => {
  const hour = 3_600_000;
  for (const [behind, left] of [[-5 * hour, hour], [5 * hour, hour], [20_000, hour - 20_000]]) {
    const keystone = new FakeKeystone();
    const theirs = NOW - (behind ?? 0);
    keystone.responses.push(() => {
      const response = keystone.token({ expires_at: new Date(theirs + hour).toISOString() });
      response.headers.set("date", new Date(theirs).toUTCString());
      return response;
    });
    const { expiresAt } = await authenticate(ALICE, keystone.options);
    assertEquals((expiresAt?.getTime() ?? 0) - NOW, left);
  }
});

const ODD_TOKENS: Readonly<Record<string, Record<string, unknown>>> = {
  "roles that are text": { roles: "admin" },
  "roles that are an object": { roles: {} },
  "roles of null": { roles: [null, 5, { name: 5 }, { name: {} }] },
  "ids that are not text": { user: { id: {} }, project: { id: 5 } },
  "no user and no project": { user: null, project: "p1" },
  "an end that is a number": { expires_at: 5 },
  "an end that is not a date": { expires_at: "never" },
  "a catalog that is a number": { catalog: 5 },
  "a catalog that is an object": { catalog: { image: [] } },
};

for (const [what, fields] of Object.entries(ODD_TOKENS)) {
  Deno.test(`authenticate() omits the unusable parts of a token with ${what}`, async () => {
    const keystone = new FakeKeystone();
    keystone.responses.push(() => keystone.token(fields));
    const context = await authenticate(ALICE, keystone.options);
    assertEquals([context.authToken, context.isAdmin], ["token-1", false]);
    for (const name of Object.keys(fields)) {
      const left = { user: "userId", project: "projectId", catalog: "serviceCatalog" }[name];
      if (left !== undefined) assertEquals(left in context, false, left);
    }
    if ("expires_at" in fields) assertEquals(context.expiresAt, undefined);
  });
}

const URLS: readonly (readonly [authUrl: string, asked: string])[] = [
  ["https://keystone:5000", "https://keystone:5000/v3/auth/tokens"],
  ["https://keystone:5000/", "https://keystone:5000/v3/auth/tokens"],
  ["https://keystone:5000/v3", "https://keystone:5000/v3/auth/tokens"],
  ["https://keystone:5000/v3/", "https://keystone:5000/v3/auth/tokens"],
  ["https://cloud/identity/v3", "https://cloud/identity/v3/auth/tokens"],
  ["https://cloud/identity", "https://cloud/identity/v3/auth/tokens"],
  ["https://cloud/identity/v2.0", "https://cloud/identity/v3/auth/tokens"],
  [" http://[::1]:5000/v3 ", "http://[::1]:5000/v3/auth/tokens"],
];

for (const [authUrl, requested] of URLS) {
  Deno.test(`authenticate() requests ${requested} when the auth URL is "${authUrl}"`, async () => {
    const keystone = new FakeKeystone();
    await authenticate({ ...ALICE, authUrl }, keystone.options);
    assertEquals(keystone.requested.map(({ method, url }) => [method, url]), [["POST", requested]]);
    assertEquals(keystone.requested[0]?.headers["content-type"], "application/json");
  });
}

Deno.test("authenticate() refuses an invalid auth URL without showing its password", async () => {
  for (const authUrl of ["", "ftp://keystone", `https://me:${PASSWORD}@keystone/v3`, "http://"]) {
    const error = await assertRejects(
      () => authenticate({ ...ALICE, authUrl }),
      InvalidConfigurationValue,
      "OS_AUTH_URL",
    );
    assertSecretsAbsent(error);
  }
});

Deno.test("authenticate() uses a token as it is when no scope is requested", async () => {
  const keystone = new FakeKeystone();
  const context = await authenticate({ authUrl, token: "held" }, keystone.options);
  assertEquals(context.projectId, "p1");
  const [asked] = keystone.requested;
  assertEquals([asked?.method, asked?.headers["x-auth-token"], asked?.headers["x-subject-token"]], [
    "GET",
    "held",
    "held",
  ]);
});

Deno.test("authenticate() refuses an invalid token without showing it", async () => {
  for (const token of ["canary token", "canary…", "canary\n\ncanary"]) {
    const keystone = new FakeKeystone();
    const attempt = () => authenticate({ authUrl, token }, keystone.options);
    assertSecretsAbsent(
      await assertRejects(attempt, InvalidConfigurationValue, "Cannot use the token"),
    );
    assertEquals(keystone.requested, []);
  }
});

Deno.test("renew() sends one request for concurrent calls", async () => {
  const keystone = new FakeKeystone();
  const context = await authenticate(ALICE, keystone.options);
  const renewed = await Promise.all([renewOf(context), renewOf(context), renewOf(context)]);
  assertEquals(renewed.map(({ authToken }) => authToken), ["token-2", "token-2", "token-2"]);
  assertStrictEquals(await renewOf(context), renewed[0]);
  assertEquals(keystone.requested.length, 2);
});

Deno.test("renew() signs in again when the newest token was refused", async () => {
  const keystone = new FakeKeystone();
  const first = await authenticate(ALICE, keystone.options);
  const second = await renewOf(first);
  assertEquals((await renewOf(second)).authToken, "token-3");
  assertEquals((await renewOf(first)).authToken, "token-3");
});

Deno.test("renew() does not return a token that is about to expire", async () => {
  const keystone = new FakeKeystone();
  const first = await authenticate(ALICE, keystone.options);
  keystone.lifetime = 119_000;
  await renewOf(first);
  assertEquals((await renewOf(first)).authToken, "token-3");
});

Deno.test("renew() sends another request after a failure", async () => {
  const keystone = new FakeKeystone();
  const context = await authenticate(ALICE, keystone.options);
  keystone.responses.push(() => refusal(401, BARE));
  await assertRejects(() => renewOf(context), AuthenticationFailed);
  assertEquals((await renewOf(context)).authToken, "token-2");
});

Deno.test("renew() keeps an expiring token while Keystone is not available, but not an expired one", async () => {
  for (const lifetime of [60_000, -1_000]) {
    const keystone = new FakeKeystone();
    keystone.lifetime = lifetime;
    const context = await authenticate(ALICE, { ...keystone.options, numRetries: 0 });
    keystone.responses.push(() => new TypeError("connection refused"));
    if (lifetime > 0) assertEquals((await renewOf(context)).authToken, "token-1");
    else await assertRejects(() => renewOf(context), GlanceConnectionFailed);
  }
});

Deno.test("renew() of a plain token throws after the token has expired", async () => {
  const keystone = new FakeKeystone();
  keystone.lifetime = -1_000;
  const byToken = { authUrl, token: "canary-token", projectId: "p1" };
  const context = await authenticate(byToken, keystone.options);
  const error = await assertRejects(
    () => renewOf(context),
    AuthenticationFailed,
    "a token alone cannot be renewed",
  );
  assertSecretsAbsent(error);
  assertEquals(keystone.requested.length, 1);
});

Deno.test("renew() of a plain token returns it without a request until it expires", async () => {
  const keystone = new FakeKeystone();
  keystone.lifetime = 60_000;
  const context = await authenticate({ authUrl, token: "t", projectId: "p1" }, keystone.options);
  assertEquals((await renewOf(context)).authToken, context.authToken);
  assertEquals(keystone.requested.length, 1);
});

Deno.test("isExpiring() is true from two minutes before the expiry", () => {
  const expiresAt = new Date(1_000_000);
  assertEquals(isExpiring({ expiresAt }, 1_000_000 - 120_001), false);
  assertEquals(isExpiring({ expiresAt }, 1_000_000 - 120_000), true);
  // A context that was stored as JSON.
  const stored = JSON.parse(JSON.stringify({ expiresAt }));
  assertEquals(isExpiring(stored, 1_000_000 - 120_001), false);
  assertEquals(isExpiring(stored, 1_000_000 - 120_000), true);
  assertEquals(isExpiring({}, 1_000_000), false);
});

Deno.test("fetchCatalog() sends the token of the context", async () => {
  const keystone = new FakeKeystone();
  const catalog = [{ type: "image", endpoints: [] }];
  keystone.responses.push(() => Response.json({ catalog, links: {} }));
  assertEquals(await fetchCatalog(authUrl, { authToken: "held" }, keystone.options), catalog);
  const [asked] = keystone.requested;
  assertEquals([asked?.method, asked?.url, asked?.headers["x-auth-token"]], [
    "GET",
    "https://keystone:5000/v3/auth/catalog",
    "held",
  ]);
});

Deno.test("fetchCatalog() throws an error that names the missing options", async () => {
  const keystone = new FakeKeystone();
  const context = { authToken: "canary-token" };
  const attempt = () => fetchCatalog(authUrl, context, keystone.options);
  keystone.responses.push(() => refusal(401, BARE), () => Response.json({ links: {} }));
  assertSecretsAbsent(
    await assertRejects(attempt, AuthenticationFailed, "read the service catalog"),
  );
  await assertRejects(attempt, UnexpectedResponse, "no catalog");
  await assertRejects(() => fetchCatalog(authUrl, {}), InvalidConfigurationValue, "authToken");
});

async function renewOf(context: RequestContext): Promise<RequestContext> {
  return await context.renew?.() ?? {};
}
