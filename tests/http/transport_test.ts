/** One request: its headers and body, the redirects that it follows, and the messages of its failures. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { parseApiServer } from "../../lib/api_server.ts";
import type { WireRequest } from "../../lib/http/request_spec.ts";
import { credentialHeaders, discard, send } from "../../lib/http/transport.ts";
import { resolveOptions } from "../../lib/options.ts";
import { Invalid } from "../../mod.ts";
import { RedirectRefused, ServerUnreachable } from "../../lib/errors.ts";
import { FakeBody, utf8 } from "../support/bodies.ts";
import { redirect, ScriptedFetch, silence, type Step } from "../support/scripted_fetch.ts";
import { failureOf } from "../support/client_harness.ts";

const SERVER = parseApiServer("http://glance:9292/image");
const CANARY = "canary-token";
const GET: WireRequest = {
  method: "GET",
  path: "/v2/images?limit=1",
  headers: { "x-auth-token": CANARY },
};
const NEVER = new AbortController().signal;

/** Sends a request to a server that plays `steps`. */
function sendTo(steps: readonly Step[], request: WireRequest = GET, signal = NEVER) {
  const script = new ScriptedFetch(steps);
  const options = resolveOptions({ fetch: script.fetch });
  return { script, response: send(options, SERVER, request, signal) };
}

Deno.test("send() keeps the prefix of the endpoint, accepts only identity encoding, and uses manual redirects", async () => {
  const { script, response } = sendTo([200]);
  await discard(await response);
  const [request] = script.requests;
  assertEquals(request?.url, "http://glance:9292/image/v2/images?limit=1");
  assertEquals(request?.method, "GET");
  assertEquals(request?.redirect, "manual");
  assertEquals(request?.body, null);
  assertEquals(Object.fromEntries(request?.headers ?? []), {
    "accept": "application/json",
    "accept-encoding": "identity",
    "x-auth-token": CANARY,
  });
});

Deno.test("send() lets a request choose its media type, but not its encoding", async () => {
  const headers = { accept: "application/octet-stream", "accept-encoding": "gzip" };
  const { script, response } = sendTo([200], { ...GET, headers });
  await discard(await response);
  assertEquals(script.requests[0]?.headers.get("accept"), "application/octet-stream");
  assertEquals(script.requests[0]?.headers.get("accept-encoding"), "identity");
});

Deno.test("send() sets half duplex, which Node requires for a stream", async () => {
  const inits: (RequestInit & { duplex?: string })[] = [];
  const options = resolveOptions({
    fetch: (_, init) => {
      inits.push(init);
      return Promise.resolve(new Response());
    },
  });
  const put = { method: "PUT", path: "/v2/images/42/file" };
  for (const body of [new FakeBody([]).stream, utf8("bytes"), "text"]) {
    await send(options, SERVER, { ...put, body }, NEVER);
  }
  assertEquals(inits.map(({ duplex }) => duplex), ["half", "half", "half"]);
  assertEquals(inits.map(({ body }) => body === undefined), [false, false, false]);
});

Deno.test("send() returns a response that is not a redirect unread", async () => {
  for (const status of [200, 201, 204, 206, 300, 304, 400, 401, 404, 500, 503]) {
    const body = [204, 304].includes(status) ? null : "text";
    const response = await sendTo([new Response(body, { status })]).response;
    assertEquals(response.status, status);
    assertEquals(response.bodyUsed, false);
    await discard(response);
  }
});

/** Method, status -> whether it is followed within the origin. */
const FOLLOWED: readonly (readonly [method: string, status: number, isFollowed: boolean])[] = [
  ...[301, 302, 303, 307, 308].map((status) => ["GET", status, true] as const),
  ...[301, 302, 303, 307, 308].map((status) => ["HEAD", status, true] as const),
  ...["POST", "PUT", "PATCH", "DELETE"].flatMap((method) =>
    [301, 302, 303, 307, 308].map((status) => [method, status, status > 306] as const)
  ),
];

for (const [method, status, isFollowed] of FOLLOWED) {
  Deno.test(`send() ${isFollowed ? "follows" : "refuses"} a ${status} of ${method} within the origin`, async () => {
    const request = { ...GET, method, ...method !== "GET" && method !== "HEAD" && { body: "{}" } };
    const { script, response } = sendTo([redirect(status, "/elsewhere?x=1#y"), 200], request);
    if (isFollowed) await discard(await response);
    else {
      const error = await assertRejects(() => response, RedirectRefused, "change the method");
      assertEquals([error.status, error.server], [status, "http://glance:9292/image"]);
    }
    assertEquals(
      script.requested,
      [`${method} /image/v2/images?limit=1`, `${method} /elsewhere?x=1`].slice(
        0,
        isFollowed ? 2 : 1,
      ),
    );
    for (const { headers, body } of script.requests) {
      assertEquals(headers.get("x-auth-token"), CANARY);
      assertEquals(body, request.body ?? null);
    }
  });
}

Deno.test("send() resolves a Location against the URL of its response", async () => {
  const steps = [
    redirect(302, "other?marker=1"),
    redirect(302, "//glance:9292/absolute"),
    redirect(302, "http://GLANCE:9292/again"),
    200,
  ];
  const { script, response } = sendTo(steps);
  await discard(await response);
  assertEquals(script.requests.map(({ url }) => url), [
    "http://glance:9292/image/v2/images?limit=1",
    "http://glance:9292/image/v2/other?marker=1",
    "http://glance:9292/absolute",
    "http://glance:9292/again",
  ]);
});

Deno.test("send() follows five redirects and refuses the sixth", async () => {
  const { script, response } = sendTo(Array.from({ length: 9 }, () => redirect(307, "/loop")));
  await assertRejects(() => response, RedirectRefused, "redirects more than 5 times");
  assertEquals(script.requests.length, 6);
});

/** Redirect targets to which no token may be sent. */
const FOREIGN = [
  "http://evil.example/",
  "http://glance/v2/images",
  "http://glance:9293/image/v2/images",
  "https://glance:9292/image/v2/images",
  "//evil.example/image",
  "http://glance:9292@evil.example/",
  "http://glance.evil.example:9292/",
  "http:\\\\evil.example\\",
  "ftp://glance:9292/",
  "file:///etc/passwd",
  "data:application/json,{}",
];

for (const location of FOREIGN) {
  Deno.test(`send() refuses a redirect to ${location}, with an error that shows no token`, async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const { script, response } = sendTo([redirect(status, location)]);
      const error = await assertRejects(() => response, RedirectRefused, "another origin");
      assertEquals(script.requests.length, 1);
      assertEquals(error.message.includes(CANARY), false);
      assertEquals(error.message.includes("limit=1"), false);
    }
  });
}

Deno.test("send() refuses a redirect from https to http on the same host", async () => {
  const script = new ScriptedFetch([redirect(301, "http://glance/v2/images")]);
  const options = resolveOptions({ fetch: script.fetch });
  const response = send(options, parseApiServer("https://glance"), GET, NEVER);
  await assertRejects(() => response, RedirectRefused, '"http://glance"');
  assertEquals(script.requests.length, 1);
});

Deno.test("send() refuses another origin after a redirect that it followed", async () => {
  const { script, response } = sendTo([
    redirect(302, "/near"),
    redirect(302, "http://evil.example"),
  ]);
  await assertRejects(() => response, RedirectRefused, '"http://evil.example"');
  assertEquals(script.hosts, ["glance:9292", "glance:9292"]);
});

Deno.test("send() does not show the query of a redirect target", async () => {
  const { response } = sendTo([redirect(302, "http://evil.example/?temp_url_sig=s3cret")]);
  const { message } = await assertRejects(() => response, RedirectRefused);
  assertEquals(message.includes("s3cret"), false, message);
});

for (const location of ["", "http://", "http://[::1"]) {
  Deno.test(`send() refuses a redirect to ${JSON.stringify(location)}`, async () => {
    const steps = Array.from({ length: 9 }, () => redirect(302, location));
    await assertRejects(() => sendTo(steps).response, RedirectRefused);
  });
}

Deno.test("send() refuses a redirect without Location", async () => {
  const { response } = sendTo([new Response(null, { status: 302 })]);
  await assertRejects(() => response, RedirectRefused, "without a valid Location");
});

Deno.test("send() refuses a redirect of a stream that was already sent", async () => {
  const body = new FakeBody([utf8("data")]);
  const request = { method: "PUT", path: "/v2/images/42/file", body: body.stream };
  const { script, response } = sendTo([redirect(307, "/elsewhere"), 204], request);
  await assertRejects(() => response, RedirectRefused, "cannot be sent again");
  assertEquals(script.requests.length, 1);
});

Deno.test("send() sends bytes again when a redirect keeps the method", async () => {
  const request = { method: "PUT", path: "/v2/images/42/file", body: utf8("data") };
  const { script, response } = sendTo([redirect(307, "/elsewhere"), 204], request);
  await discard(await response);
  assertStrictEquals(script.requests[1]?.body, request.body);
});

Deno.test("send() cancels the body of every redirect", async () => {
  const bodies = [new FakeBody([utf8("moved")]), new FakeBody([utf8("moved")])];
  const [first, second] = bodies;
  const steps = [
    new Response(first?.stream, { status: 302, headers: { location: "/near" } }),
    new Response(second?.stream, { status: 302, headers: { location: "http://evil.example" } }),
  ];
  await failureOf(sendTo(steps).response);
  assertEquals(bodies.map(({ cancels }) => cancels.length), [1, 1]);
});

Deno.test("send() throws ServerUnreachable with the runtime's message when a connection fails", async () => {
  const cause = new TypeError("fetch failed", {
    cause: new Error("connect ECONNREFUSED 10.0.0.1:9292", { cause: new Error("fetch failed") }),
  });
  const error = await assertRejects(() => sendTo([cause]).response, ServerUnreachable);
  assertStrictEquals(error.cause, cause);
  assertEquals(error.server, "http://glance:9292/image");
  assertEquals(
    error.message,
    'Cannot reach the server "http://glance:9292/image": fetch failed: connect ECONNREFUSED 10.0.0.1:9292',
  );
});

/** The error of a runtime -> the cause in the message. */
const MESSAGES: readonly (readonly [said: unknown, shown: string])[] = [
  [new TypeError(""), "the connection failed"],
  ["no error at all", "the connection failed"],
  [undefined, "the connection failed"],
  [new TypeError("two\n lines"), "two lines"],
  [
    new TypeError("error sending request for url (http://glance/v2/images?sig=s3cret#s3cret)"),
    "error sending request",
  ],
  [
    new TypeError(
      "fetch failed: error sending request for url (http://glance/v2): client error (Connect): dns error: no such name",
    ),
    "dns error: no such name",
  ],
  [
    new TypeError("fetch failed", {
      cause: new Error(
        "error sending request from 127.0.0.1:5 for http://glance/v2 (127.0.0.1:9292): client error (SendRequest): connection reset",
      ),
    }),
    "connection reset",
  ],
  [
    new TypeError("cannot fetch 'https://me:s3cret@glance/x?y=s3cret', really"),
    "cannot fetch 'https://glance/x', really",
  ],
];

for (const [said, shown] of MESSAGES) {
  Deno.test(`send() reports "${shown}" for a fetch that fails with ${Deno.inspect(said).slice(0, 60)}`, async () => {
    const { response } = sendTo([() => Promise.reject(said)]);
    const { message } = await assertRejects(() => response, ServerUnreachable);
    assertEquals(message, `Cannot reach the server "http://glance:9292/image": ${shown}`);
  });
}

Deno.test("send() gives a hint when the certificate of a server is not trusted", async () => {
  const cause = new TypeError("invalid peer certificate: UnknownIssuer");
  await assertRejects(() => sendTo([cause]).response, ServerUnreachable, "OS_CACERT");
});

Deno.test("send() names the scheme when a server does not use TLS, on every runtime", async () => {
  const causes = [
    new TypeError("client error (Connect): received corrupt message of type InvalidContentType"),
    new TypeError("error sending request: client error (Connect): tls handshake eof"),
    new TypeError("fetch failed", {
      cause: new Error("error:0A00010B:SSL routines:ssl3_get_record:wrong version number"),
    }),
  ];
  for (const cause of causes) {
    await assertRejects(() => sendTo([cause]).response, ServerUnreachable, 'write "http://"');
  }
});

Deno.test("send() names the scheme when a server that uses TLS is requested without it", async () => {
  const causes = [
    new TypeError("client error (SendRequest): invalid HTTP version parsed"),
    new TypeError("fetch failed", {
      cause: new Error("Response does not match the HTTP/1.1 protocol (Expected HTTP/)"),
    }),
  ];
  for (const cause of causes) {
    await assertRejects(() => sendTo([cause]).response, ServerUnreachable, 'write "https://"');
  }
});

Deno.test("send() throws a GlanceError of the fetch unchanged", async () => {
  const error = new Invalid("Cannot do it");
  assertStrictEquals(await failureOf(sendTo([error]).response), error);
});

Deno.test("send() throws the reason of its signal unchanged, before, during and instead of a failure", async () => {
  for (const reason of [new Error("stop"), new DOMException("stop", "AbortError"), "stop", 0]) {
    const before = sendTo([200], GET, AbortSignal.abort(reason));
    assertStrictEquals(await failureOf(before.response), reason);
    assertEquals(before.script.requests.length, 0);

    const controller = new AbortController();
    const during = sendTo([silence], GET, controller.signal);
    controller.abort(reason);
    assertStrictEquals(await failureOf(during.response), reason);

    const instead = new AbortController();
    const failing = sendTo(
      [() => {
        instead.abort(reason);
        throw new TypeError("socket closed");
      }],
      GET,
      instead.signal,
    );
    assertStrictEquals(await failureOf(failing.response), reason);
  }
});

Deno.test("discard() cancels a body, and ignores a failing cancel", async () => {
  const body = new FakeBody([utf8("rest")]);
  await discard(new Response(body.stream));
  assertEquals(body.cancels.length, 1);

  const locked = new Response("text");
  const reader = locked.body?.getReader();
  await discard(locked);
  await reader?.cancel();

  await discard(new Response(null));
  await discard(
    new Response(new ReadableStream({ cancel: () => Promise.reject(new Error("no")) })),
  );
  const broken = new FakeBody([new TypeError("reset")]);
  const response = new Response(broken.stream);
  await failureOf(response.clone().text());
  await discard(response);
});

const CONTEXT = {
  authToken: "user-token",
  serviceToken: "service-token",
  globalRequestId: "req-1",
};

Deno.test("credentialHeaders() returns the tokens and the request id of the context", () => {
  assertEquals(credentialHeaders(resolveOptions(), CONTEXT), {
    "x-auth-token": "user-token",
    "x-service-token": "service-token",
    "x-openstack-request-id": "req-1",
  });
  assertEquals(credentialHeaders(resolveOptions(), {}), {});
  assertEquals(credentialHeaders(resolveOptions(), { authToken: "", serviceToken: "" }), {});
});

Deno.test("credentialHeaders() returns no token with noauth", () => {
  const options = resolveOptions({ authStrategy: "noauth" });
  assertEquals(credentialHeaders(options, CONTEXT), { "x-openstack-request-id": "req-1" });
});

for (const token of ["to ken", "token\n", "\u2026", "tok\u0000en", "t\r\nx-admin: 1"]) {
  Deno.test(`credentialHeaders() refuses the token ${JSON.stringify(token)} without showing it`, () => {
    for (const context of [{ authToken: token }, { serviceToken: token }]) {
      const { message } = assertThrows(() => credentialHeaders(resolveOptions(), context), Invalid);
      assert(!message.includes(token), message);
    }
  });
}
