/** The tokens of one call, over its attempts. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { TokenSessions } from "../../lib/auth/token_session.ts";
import { resolveOptions } from "../../lib/options.ts";
import type { GlanceEvent, RequestContext } from "../../mod.ts";
import { failureOf } from "../support/client_harness.ts";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-01-02T03:04:05Z");

/** The first call of a context that can be renewed, and the events of its client. */
function callerOf(context: RequestContext) {
  const { sessions, events } = clientTokens();
  return { caller: sessions.of(context), events };
}

/** The tokens of a client, and its events. */
function clientTokens() {
  const events: GlanceEvent[] = [];
  const options = resolveOptions({ onEvent: (event) => events.push(event), wallClock: () => NOW });
  return { sessions: new TokenSessions(options), events };
}

Deno.test("TokenSessions returns its context while the token is valid", async () => {
  const endless = { authToken: "old", renew: () => Promise.reject(new Error("unasked")) };
  for (const expiresAt of [undefined, new Date(NOW + HOUR)]) {
    const context = expiresAt === undefined ? endless : { ...endless, expiresAt };
    const { caller, events } = callerOf(context);
    assertStrictEquals(await caller.context(), context);
    assertEquals(events, []);
  }
});

Deno.test("TokenSessions returns an expired token that cannot be renewed", async () => {
  const context = { authToken: "old", expiresAt: new Date(0) };
  const { caller } = callerOf(context);
  assertStrictEquals(await caller.context(), context);
  assertEquals(caller.isRenewable, false);
});

Deno.test("TokenSessions renews a token two minutes before it expires", async () => {
  for (const [left, token] of [[119_000, "new"], [125_000, "old"], [-HOUR, "new"]] as const) {
    const { caller, events } = callerOf({
      authToken: "old",
      expiresAt: new Date(NOW + left),
      renew: () => Promise.resolve({ authToken: "new", expiresAt: new Date(NOW + HOUR) }),
    });
    assertEquals((await caller.context()).authToken, token);
    const renewal = { kind: "renew", reason: "expiring" } as const;
    assertEquals(events, token === "new" ? [renewal] : []);
    assertEquals((await caller.context()).authToken, token);
    assertEquals(events.length, token === "new" ? 1 : 0);
  }
});

Deno.test("TokenSessions uses a short-lived new token until it expires", async () => {
  for (const [lifetime, expected] of [[90_000, 1], [-1_000, 3]] as const) {
    let renewals = 0;
    const renew = (): Promise<RequestContext> =>
      Promise.resolve({
        authToken: `new-${++renewals}`,
        expiresAt: new Date(NOW + lifetime),
        renew,
      });
    const given = { authToken: "old", expiresAt: new Date(0), renew };
    const { sessions } = clientTokens();
    for (let call = 0; call < 3; call++) await sessions.of(given).context();
    assertEquals(renewals, expected, `${lifetime} ms`);
  }
});

Deno.test("TokenSessions renews a refused token once", async () => {
  let renewals = 0;
  const { caller, events } = callerOf({
    authToken: "old",
    renew: () => Promise.resolve({ authToken: `new-${++renewals}` }),
  });
  assertEquals(caller.isRenewable, true);
  await caller.renewRefused();
  assertEquals((await caller.context()).authToken, "new-1");
  assertEquals(caller.isRenewable, false);
  assertEquals(renewals, 1);
  assertEquals(events, [{ kind: "renew", reason: "refused" }]);
});

Deno.test("TokenSessions keeps the members of the context that do not belong to the token", async () => {
  const { caller } = callerOf({
    authToken: "old",
    serviceToken: "service",
    globalRequestId: "req-1",
    projectId: "p1",
    renew: () => Promise.resolve({ authToken: "new", projectId: "p2" }),
  });
  await caller.renewRefused();
  const { authToken, serviceToken, globalRequestId, projectId } = await caller.context();
  assertEquals([authToken, serviceToken, globalRequestId, projectId], [
    "new",
    "service",
    "req-1",
    "p2",
  ]);
});

Deno.test("TokenSessions emits no event when a renewal returns the same token", async () => {
  const { caller, events } = callerOf({
    authToken: "old",
    renew: () => Promise.resolve({ authToken: "old" }),
  });
  await caller.renewRefused();
  assertEquals(events, []);
});

Deno.test("TokenSessions starts with the newest token of its context", async () => {
  const context = { authToken: "old", renew: () => Promise.resolve({ authToken: "new" }) };
  const { sessions, events } = clientTokens();
  await sessions.of(context).renewRefused();
  const next = sessions.of(context);
  assertEquals((await next.context()).authToken, "new");
  assertEquals([next.isRenewable, events.length], [true, 1]);
});

Deno.test("TokenSessions throws the error of renew() unchanged", async () => {
  const reason = new Error("the vault is sealed");
  const { caller } = callerOf({ authToken: "old", renew: () => Promise.reject(reason) });
  assertStrictEquals(await failureOf(caller.renewRefused()), reason);
});
