/** Requests to a Keystone that is unavailable: they continue for `outageTimeout`. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { authenticate, fetchCatalog } from "../../lib/auth/keystone.ts";
import { AuthenticationFailed, GlanceConnectionFailed } from "../../lib/errors.ts";
import type { GlanceEvent } from "../../lib/events.ts";
import type { GlanceOptions } from "../../lib/options.ts";
import { ALICE, FakeKeystone, refusal, type Responder } from "./fake_keystone.ts";

const OUTAGE_TIMEOUT = 30_000;

/** A Keystone that is unavailable for a number of requests, and the options and events of its clients. */
function keystoneAwayFor(requests: number, response: Responder = () => new TypeError("refused")) {
  const keystone = new FakeKeystone();
  keystone.responses.push(...Array.from({ length: requests }, () => response));
  const events: GlanceEvent[] = [];
  const options: GlanceOptions = {
    ...keystone.options,
    outageTimeout: OUTAGE_TIMEOUT,
    onEvent: (event) => void events.push(event),
  };
  return { keystone, options, reports: () => events.filter(({ kind }) => kind === "outage") };
}

for (const response of [() => new TypeError("refused"), () => refusal(503, "away")]) {
  Deno.test(`authenticate() waits for Keystone, and reports it once: ${response}`, async () => {
    const { keystone, options, reports } = keystoneAwayFor(10, response);
    const context = await authenticate(ALICE, options);
    assertEquals([context.authToken, keystone.requested.length], ["token-1", 11]);
    assertEquals(reports().length, 1);
  });
}

Deno.test("fetchCatalog() waits for Keystone", async () => {
  const { options, reports } = keystoneAwayFor(10);
  const catalog = () => fetchCatalog(ALICE.authUrl, { authToken: "t" }, options);
  await assertRejects(catalog, Error, "Keystone");
  assertEquals(reports().length, 1);
});

Deno.test("authenticate() throws GlanceConnectionFailed when outageTimeout ends", async () => {
  const { keystone, options } = keystoneAwayFor(1_000);
  const error: GlanceConnectionFailed = await assertRejects(
    () => authenticate(ALICE, options),
    GlanceConnectionFailed,
    'within 30000 ms; raise "outageTimeout" to wait longer; last error:',
  );
  assertEquals(error.messageParts.map(({ key }) => key), ["authUrl", "outageTimeout"]);
  assertStringIncludes(error.message, "refused; check authUrl");
  // The delays are 2.5 s after the retries.
  assertEquals(keystone.requested.length, 4 + 12);
});

/** Failures that are not outages. */
const NOT_AWAY: readonly (readonly [what: string, response: Responder])[] = [
  ["name is wrong", () => new TypeError("dns error: no such name")],
  ["answer is 429", () => refusal(429, "slow down")],
];

for (const [what, response] of NOT_AWAY) {
  Deno.test(`authenticate() sends 1 + numRetries requests in spite of outageTimeout when the ${what}`, async () => {
    const { keystone, options, reports } = keystoneAwayFor(100, response);
    await assertRejects(() => authenticate(ALICE, options), GlanceConnectionFailed);
    assertEquals([keystone.requested.length, reports()], [4, []]);
  });
}

Deno.test("authenticate() waits for Keystone when the name of the user contains a word of a TLS error", async () => {
  const { options } = keystoneAwayFor(10, () => refusal(503, "away"));
  const context = await authenticate({ ...ALICE, username: "dns-cert" }, options);
  assertEquals(context.authToken, "token-1");
});

Deno.test("authenticate() fails at once in spite of outageTimeout when Keystone refuses the credentials", async () => {
  const { keystone, options } = keystoneAwayFor(1, () => refusal(401, "no"));
  await assertRejects(() => authenticate(ALICE, options), AuthenticationFailed);
  assertEquals(keystone.requested.length, 1);
});

Deno.test("renew() does not wait for Keystone while the token is valid", async () => {
  const { keystone, options, reports } = keystoneAwayFor(0);
  keystone.lifetime = 60_000;
  const context = await authenticate(ALICE, options);
  keystone.responses.push(...Array.from({ length: 100 }, () => () => new TypeError("refused")));
  assertEquals((await context.renew?.())?.authToken, "token-1");
  assertEquals([keystone.requested.length, reports()], [5, []]);
});
