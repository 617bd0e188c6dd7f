import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  authenticate,
  type Credentials,
  fetchCatalog,
  isExpiring,
} from "../../lib/auth/keystone.ts";
import type { RequestContext } from "../../lib/context.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  GlanceError,
  Invalid,
  InvalidConfigurationValue,
  RedirectRefused,
  UnexpectedResponse,
  UnexpectedStatus,
} from "../../lib/errors.ts";
import type { GlanceEvent } from "../../lib/events.ts";
import { type Answer, FakeKeystone, refusal } from "./fake_keystone.ts";

const PASSWORD = "canary-password";
const ALICE: Credentials = {
  authUrl: "https://keystone:5000/v3",
  username: "alice",
  password: PASSWORD,
  projectName: "demo",
};
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
  assert(Math.abs((expiresAt?.getTime() ?? 0) - Date.now() - 3_600_000) < 10_000);
});

Deno.test("authenticate() detects administrators, and omits what a token lacks", async () => {
  const keystone = new FakeKeystone();
  const roles = [{ name: "admin" }, {}];
  const without = { project: undefined, catalog: undefined, expires_at: undefined };
  keystone.answers.push(() => keystone.token({ roles, ...without }));
  const { renew: _, ...context } = await authenticate(ALICE, keystone.options);
  assertEquals(context, { authToken: "token-1", userId: "u1", roles: ["admin"], isAdmin: true });
});

Deno.test("authenticate() converts the expiry of a token to the local clock when Keystone's differs", async () => {
  const hour = 3_600_000;
  for (const [behind, tolerance] of [[-5 * hour, 10_000], [5 * hour, 10_000], [20_000, 30_000]]) {
    const keystone = new FakeKeystone();
    const theirs = Date.now() - (behind ?? 0);
    keystone.answers.push(() => {
      const answer = keystone.token({ expires_at: new Date(theirs + hour).toISOString() });
      answer.headers.set("date", new Date(theirs).toUTCString());
      return answer;
    });
    const { expiresAt } = await authenticate(ALICE, keystone.options);
    const left = (expiresAt?.getTime() ?? 0) - Date.now();
    assert(Math.abs(left - hour) <= (tolerance ?? 0), `${left} ms are left`);
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
    keystone.answers.push(() => keystone.token(fields));
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

for (const [authUrl, asked] of URLS) {
  Deno.test(`authenticate() requests ${asked} when the auth URL is "${authUrl}"`, async () => {
    const keystone = new FakeKeystone();
    await authenticate({ ...ALICE, authUrl }, keystone.options);
    assertEquals(keystone.asked.map(({ method, url }) => [method, url]), [["POST", asked]]);
    assertEquals(keystone.asked[0]?.headers["content-type"], "application/json");
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
  const [asked] = keystone.asked;
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
    assertEquals(keystone.asked, []);
  }
});

interface Refused {
  readonly claim: string;
  readonly answer: Answer;
  readonly type: new (...args: never[]) => GlanceError;
  readonly message: string;
  readonly credentials?: Credentials;
}

const ROBOT = {
  authUrl,
  applicationCredentialId: "robot",
  applicationCredentialSecret: "canary-secret",
};

const REFUSED: readonly Refused[] = [
  {
    claim: "a wrong password",
    answer: () => refusal(401, BARE),
    type: AuthenticationFailed,
    message:
      'Cannot authenticate as user "alice" for project "demo": Keystone at "https://keystone:5000/v3" refused with 401; check the user, the password',
  },
  {
    claim: "a password that has run out",
    answer: () => refusal(401, "The password is expired and needs to be changed for user: u1."),
    type: AuthenticationFailed,
    message: 'refused with 401, "The password is expired and needs to be changed for user: u1";',
  },
  {
    claim: "a second factor",
    answer: () => refusal(401, BARE, { "openstack-auth-receipt": "receipt" }),
    type: AuthenticationFailed,
    message: "it requires another factor",
  },
  {
    claim: "what is not allowed",
    answer: () => refusal(403, "You are not authorized to perform the requested action."),
    type: AuthenticationFailed,
    message: "refused with 403",
  },
  {
    claim: "an unknown application credential",
    answer: () => refusal(404, "Could not find Application Credential: robot."),
    type: AuthenticationFailed,
    message: 'with application credential "robot": Keystone at',
    credentials: ROBOT,
  },
  {
    claim: "a token that has ended",
    answer: () => refusal(404, "Failed to validate token"),
    type: AuthenticationFailed,
    message: "sign in with a password or an application credential",
    credentials: { authUrl, token: "canary-token", projectId: "p1" },
  },
  {
    claim: "a secret that Keystone repeats",
    answer: () => refusal(401, `No match for ${PASSWORD} here`),
    type: AuthenticationFailed,
    message: '"No match for *** here"',
  },
  {
    claim: "a page that is not found",
    answer: () => new Response("<h1>Not Found</h1>", { status: 404 }),
    type: InvalidConfigurationValue,
    message: 'no Keystone v3 answers at "https://keystone:5000/v3" (status 404)',
  },
  {
    claim: "a list of versions",
    answer: () => Response.json({ versions: [] }, { status: 300 }),
    type: InvalidConfigurationValue,
    message: "(status 300)",
  },
  {
    claim: "a wrong method",
    answer: () => new Response("", { status: 405 }),
    type: InvalidConfigurationValue,
    message: "(status 405)",
  },
  {
    claim: "a malformed request",
    answer: () => refusal(400, "Expecting to find domain in user."),
    type: Invalid,
    message: 'the server answered 400, "Expecting to find domain in user"',
  },
  {
    claim: "an error of Keystone's own",
    answer: () => refusal(500, "An unexpected error prevented the server from fulfilling it."),
    type: UnexpectedStatus,
    message: "answered 500",
  },
  {
    claim: "a web page",
    answer: () => new Response("<html>Welcome</html>", { status: 200 }),
    type: UnexpectedResponse,
    message: "something other than a JSON object; check that authUrl (OS_AUTH_URL) is Keystone's",
  },
  {
    claim: "another service's JSON",
    answer: () => Response.json([1, 2], { status: 200 }),
    type: UnexpectedResponse,
    message: "check that authUrl",
  },
  {
    claim: "an answer without a token",
    answer: () => Response.json({ token: {} }, { status: 201 }),
    type: UnexpectedResponse,
    message: "answered with no token",
  },
  {
    claim: "a redirect to another host",
    answer: () => new Response(null, { status: 307, headers: { location: "https://evil/v3" } }),
    type: RedirectRefused,
    message: "https://evil",
  },
];

for (const { claim, answer, type, message, credentials } of REFUSED) {
  Deno.test(`authenticate() names ${claim}, once, and no secret`, async () => {
    const keystone = new FakeKeystone();
    keystone.answers.push(answer);
    const error = await assertRejects(
      () => authenticate(credentials ?? ALICE, keystone.options),
      type,
      message,
    );
    assertEquals(keystone.asked.length, 1);
    assertSecretsAbsent(error);
  });
}

const TLS: readonly (readonly [said: string, remedy: string])[] = [
  ["client error (Connect): invalid peer certificate: UnknownIssuer", "OS_CACERT"],
  ["self-signed certificate", "DENO_CERT"],
  ["self signed certificate in certificate chain", "NODE_EXTRA_CA_CERTS"],
  ["unable to verify the first certificate", "Deno.createHttpClient"],
  ["unable to get local issuer certificate", "DENO_TLS_CA_STORE=system"],
  [
    "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
    "install a server certificate",
  ],
  ['certificate not valid for name "a"; it is only valid for DnsName("b")', "for another name"],
  ["Hostname/IP does not match certificate's altnames", "for another name"],
  ["certificate has expired", "renew it"],
  ["invalid peer certificate: certificate expired: verification time 1", "renew it"],
  ["received fatal alert: CertificateRequired", "OS_CERT"],
  ["received corrupt message of type InvalidContentType", 'write "http://"'],
];

for (const [said, remedy] of TLS) {
  Deno.test(`authenticate() recognizes "${said}" as a TLS failure, with a hint`, async () => {
    const keystone = new FakeKeystone();
    // Deno and Node put the reason below a TypeError.
    keystone.answers.push(() => new TypeError("fetch failed", { cause: new Error(said) }));
    const error = await assertRejects(
      () => authenticate(ALICE, keystone.options),
      GlanceConnectionFailed,
      remedy,
    );
    assertEquals(keystone.asked.length, 1);
    assertEquals(error.message.includes('handshake with "https://keystone:5000"'), true);
  });
}

Deno.test("authenticate() retries while Keystone is not available, and emits events", async () => {
  const keystone = new FakeKeystone();
  const events: GlanceEvent[] = [];
  keystone.answers.push(
    () => new TypeError("connection refused"),
    () => refusal(503, "Later"),
    () => refusal(503, "Later", { "retry-after": "7" }),
  );
  const onEvent = (event: GlanceEvent) => events.push(event);
  const context = await authenticate(ALICE, { ...keystone.options, onEvent });
  assertEquals(context.authToken, "token-1");
  assertEquals(keystone.slept, [250, 500, 7000]);
  assertEquals(events.map(({ kind }) => kind), ["retry", "retry", "retry"]);
});

Deno.test("authenticate() gives up after numRetries, and keeps the error of each attempt", async () => {
  const keystone = new FakeKeystone();
  for (let i = 0; i < 3; i++) keystone.answers.push(() => new TypeError("connection refused"));
  const error = await assertRejects(
    () => authenticate(ALICE, { ...keystone.options, numRetries: 2 }),
    GlanceConnectionFailed,
    "gave no usable answer in 3 attempts",
  );
  assertEquals(error.attempts, 3);
  assert(error.cause instanceof AggregateError && error.cause.errors.length === 3);
  assertSecretsAbsent(error);
});

Deno.test("authenticate() aborts a request after requestTimeout", async () => {
  const keystone = new FakeKeystone();
  let isFetching = () => {};
  const fetching = new Promise<void>((resolve) => isFetching = resolve);
  const silent = (_: string, { signal }: RequestInit) =>
    new Promise<Response>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      isFetching();
    });
  const options = {
    fetch: silent,
    timer: (_: number, callback: () => void) => {
      fetching.then(callback);
      return () => {};
    },
    numRetries: 0,
    requestTimeout: 1234,
  };
  await assertRejects(
    () => authenticate(ALICE, { ...keystone.options, ...options }),
    GlanceConnectionFailed,
    "did not answer in 1234 ms",
  );
});

Deno.test("authenticate() retries when the connection closes during a response", async () => {
  const keystone = new FakeKeystone();
  keystone.answers.push(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new TypeError("connection reset")),
      }),
    )
  );
  assertEquals((await authenticate(ALICE, keystone.options)).authToken, "token-1");
  assertEquals(keystone.asked.length, 2);
});

Deno.test("renew() sends one request for concurrent calls", async () => {
  const keystone = new FakeKeystone();
  const context = await authenticate(ALICE, keystone.options);
  const renewed = await Promise.all([renewOf(context), renewOf(context), renewOf(context)]);
  assertEquals(renewed.map(({ authToken }) => authToken), ["token-2", "token-2", "token-2"]);
  assertStrictEquals(await renewOf(context), renewed[0]);
  assertEquals(keystone.asked.length, 2);
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
  keystone.answers.push(() => refusal(401, BARE));
  await assertRejects(() => renewOf(context), AuthenticationFailed);
  assertEquals((await renewOf(context)).authToken, "token-2");
});

Deno.test("renew() keeps an expiring token while Keystone is not available, but not an expired one", async () => {
  for (const lifetime of [60_000, -1_000]) {
    const keystone = new FakeKeystone();
    keystone.lifetime = lifetime;
    const context = await authenticate(ALICE, { ...keystone.options, numRetries: 0 });
    keystone.answers.push(() => new TypeError("connection refused"));
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
  assertEquals(keystone.asked.length, 1);
});

Deno.test("renew() of a plain token returns it without a request until it expires", async () => {
  const keystone = new FakeKeystone();
  keystone.lifetime = 60_000;
  const context = await authenticate({ authUrl, token: "t", projectId: "p1" }, keystone.options);
  assertEquals((await renewOf(context)).authToken, context.authToken);
  assertEquals(keystone.asked.length, 1);
});

Deno.test("isExpiring() is true from two minutes before the expiry", () => {
  const expiresAt = new Date(1_000_000);
  assertEquals(isExpiring({ expiresAt }, 1_000_000 - 120_001), false);
  assertEquals(isExpiring({ expiresAt }, 1_000_000 - 120_000), true);
  assertEquals(isExpiring({ expiresAt }), true);
  assertEquals(isExpiring({}), false);
});

Deno.test("fetchCatalog() sends the token of the context", async () => {
  const keystone = new FakeKeystone();
  const catalog = [{ type: "image", endpoints: [] }];
  keystone.answers.push(() => Response.json({ catalog, links: {} }));
  assertEquals(await fetchCatalog(authUrl, { authToken: "held" }, keystone.options), catalog);
  const [asked] = keystone.asked;
  assertEquals([asked?.method, asked?.url, asked?.headers["x-auth-token"]], [
    "GET",
    "https://keystone:5000/v3/auth/catalog",
    "held",
  ]);
});

Deno.test("fetchCatalog() names what is missing", async () => {
  const keystone = new FakeKeystone();
  const context = { authToken: "canary-token" };
  const attempt = () => fetchCatalog(authUrl, context, keystone.options);
  keystone.answers.push(() => refusal(401, BARE), () => Response.json({ links: {} }));
  assertSecretsAbsent(
    await assertRejects(attempt, AuthenticationFailed, "read the service catalog"),
  );
  await assertRejects(attempt, UnexpectedResponse, "no catalog");
  await assertRejects(() => fetchCatalog(authUrl, {}), InvalidConfigurationValue, "authToken");
});

async function renewOf(context: RequestContext): Promise<RequestContext> {
  return await context.renew?.() ?? {};
}

/** Checks that no secret is in message, stack, fields, or causes. */
function assertSecretsAbsent(error: Error): void {
  assert(error instanceof GlanceError);
  assertEquals(Deno.inspect(error, { depth: 20 }).includes("canary"), false);
}
