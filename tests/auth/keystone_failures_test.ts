/** `authenticate` when Keystone rejects the request, is not trusted, or is not available. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { authenticate, type Credentials } from "../../lib/auth/keystone.ts";
import {
  AuthenticationFailed,
  GlanceConnectionFailed,
  type GlanceError,
  Invalid,
  InvalidConfigurationValue,
  RedirectRefused,
  UnexpectedResponse,
  UnexpectedStatus,
} from "../../lib/errors.ts";
import type { GlanceEvent } from "../../lib/events.ts";
import {
  ALICE,
  assertSecretsAbsent,
  FakeKeystone,
  PASSWORD,
  refusal,
  type Responder,
} from "./fake_keystone.ts";

const { authUrl } = ALICE;
const BARE = "The request you have made requires authentication.";

interface Refused {
  readonly claim: string;
  readonly response: Responder;
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
    response: () => refusal(401, BARE),
    type: AuthenticationFailed,
    message:
      'Cannot authenticate as user "alice" for project "demo": Keystone at "https://keystone:5000/v3" refused with 401; check the user, the password',
  },
  {
    claim: "an expired password",
    response: () => refusal(401, "The password is expired and needs to be changed for user: u1."),
    type: AuthenticationFailed,
    message: 'refused with 401, "The password is expired and needs to be changed for user: u1";',
  },
  {
    claim: "a second factor",
    response: () => refusal(401, BARE, { "openstack-auth-receipt": "receipt" }),
    type: AuthenticationFailed,
    message: "it requires another factor",
  },
  {
    claim: "a forbidden action",
    response: () => refusal(403, "You are not authorized to perform the requested action."),
    type: AuthenticationFailed,
    message: "refused with 403",
  },
  {
    claim: "an unknown application credential",
    response: () => refusal(404, "Could not find Application Credential: robot."),
    type: AuthenticationFailed,
    message: 'with application credential "robot": Keystone at',
    credentials: ROBOT,
  },
  {
    claim: "an expired token",
    response: () => refusal(404, "Failed to validate token"),
    type: AuthenticationFailed,
    message: "sign in with a password or an application credential",
    credentials: { authUrl, token: "canary-token", projectId: "p1" },
  },
  {
    claim: "a secret that Keystone repeats",
    response: () => refusal(401, `No match for ${PASSWORD} here`),
    type: AuthenticationFailed,
    message: '"No match for *** here"',
  },
  {
    claim: "a page that is not found",
    response: () => new Response("<h1>Not Found</h1>", { status: 404 }),
    type: InvalidConfigurationValue,
    message: '"https://keystone:5000/v3" is not a Keystone v3 endpoint (status 404)',
  },
  {
    claim: "a list of versions",
    response: () => Response.json({ versions: [] }, { status: 300 }),
    type: InvalidConfigurationValue,
    message: "(status 300)",
  },
  {
    claim: "a wrong method",
    response: () => new Response("", { status: 405 }),
    type: InvalidConfigurationValue,
    message: "(status 405)",
  },
  {
    claim: "a malformed request",
    response: () => refusal(400, "Expecting to find domain in user."),
    type: Invalid,
    message: 'the server responded with 400, "Expecting to find domain in user"',
  },
  {
    claim: "an error of Keystone's own",
    response: () => refusal(500, "An unexpected error prevented the server from fulfilling it."),
    type: UnexpectedStatus,
    message: "responded with 500",
  },
  {
    claim: "a web page",
    response: () => new Response("<html>Welcome</html>", { status: 200 }),
    type: UnexpectedResponse,
    message: "something other than a JSON object; check that authUrl (OS_AUTH_URL) is Keystone's",
  },
  {
    claim: "another service's JSON",
    response: () => Response.json([1, 2], { status: 200 }),
    type: UnexpectedResponse,
    message: "check that authUrl",
  },
  {
    claim: "a response without a token",
    response: () => Response.json({ token: {} }, { status: 201 }),
    type: UnexpectedResponse,
    message: "returned no token",
  },
  {
    claim: "a redirect to another host",
    response: () => new Response(null, { status: 307, headers: { location: "https://evil/v3" } }),
    type: RedirectRefused,
    message: "https://evil",
  },
];

for (const { claim, response, type, message, credentials } of REFUSED) {
  Deno.test(`authenticate() names ${claim}, once, and no secret`, async () => {
    const keystone = new FakeKeystone();
    keystone.responses.push(response);
    const error = await assertRejects(
      () => authenticate(credentials ?? ALICE, keystone.options),
      type,
      message,
    );
    assertEquals(keystone.requested.length, 1);
    assertSecretsAbsent(error);
  });
}

const TLS: readonly (readonly [said: string, hint: string])[] = [
  ["client error (Connect): invalid peer certificate: UnknownIssuer", "OS_CACERT"],
  ["self-signed certificate", "DENO_CERT"],
  ["self signed certificate in certificate chain", "cacert (OS_CACERT)"],
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

for (const [said, hint] of TLS) {
  Deno.test(`authenticate() recognizes "${said}" as a TLS failure, with a hint`, async () => {
    const keystone = new FakeKeystone();
    // Deno and Node put the reason below a TypeError.
    keystone.responses.push(() => new TypeError("fetch failed", { cause: new Error(said) }));
    const error = await assertRejects(
      () => authenticate(ALICE, keystone.options),
      GlanceConnectionFailed,
      hint,
    );
    assertEquals(keystone.requested.length, 1);
    assertEquals(error.message.includes('handshake with "https://keystone:5000"'), true);
  });
}

Deno.test("authenticate() retries while Keystone is not available, and emits events", async () => {
  const keystone = new FakeKeystone();
  const events: GlanceEvent[] = [];
  keystone.responses.push(
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

Deno.test("authenticate() fails after numRetries, and keeps the error of each attempt", async () => {
  const keystone = new FakeKeystone();
  for (let i = 0; i < 3; i++) keystone.responses.push(() => new TypeError("connection refused"));
  const error = await assertRejects(
    () => authenticate(ALICE, { ...keystone.options, numRetries: 2 }),
    GlanceConnectionFailed,
    "gave no usable response in 3 attempts",
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
    "did not respond within 1234 ms",
  );
});

Deno.test("authenticate() retries when the connection closes during a response", async () => {
  const keystone = new FakeKeystone();
  keystone.responses.push(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new TypeError("connection reset")),
      }),
    )
  );
  assertEquals((await authenticate(ALICE, keystone.options)).authToken, "token-1");
  assertEquals(keystone.requested.length, 2);
});
