/** Requests that the gateway forwards with the client's retries. */
import { assertEquals, assertRejects } from "@std/assert";
import { GlanceConnectionFailed } from "../../../mod.ts";
import { discard } from "../../../lib/http/transport.ts";
import { forward } from "../../../lib/router/forward/forwarded_request.ts";
import { failureOf, harnessOf } from "../../support/client_harness.ts";
import { empty, refused } from "../../support/scripted_fetch.ts";

const FORWARDED = { method: "GET", path: "/v2/anything", action: "ask anything", idempotent: true };

Deno.test("forward() returns any status, and tries the next server if one is unavailable", async () => {
  for (const status of [200, 300, 304, 400, 401, 404, 409, 500]) {
    const body = status === 304 ? null : "text";
    const { client, script, clock } = harnessOf([503, new Response(body, { status })]);
    const seen = await forward(client, {}, FORWARDED, {}, async ({ response, deadline }) => {
      deadline[Symbol.dispose]();
      await discard(response);
      return response.status;
    });
    assertEquals([seen, script.hosts.join(), clock.pending], [status, "a,b", 0]);
  }
});

Deno.test("forward() throws with its own action if no server responds", async () => {
  const { client, clock } = harnessOf([503, 503, 503, 503]);
  const call = forward(client, {}, FORWARDED, {}, () => Promise.resolve());
  await assertRejects(() => clock.run(call), GlanceConnectionFailed, "Cannot ask anything");
});

Deno.test("forward() does not retry a request that is not idempotent", async () => {
  const once = { ...FORWARDED, method: "POST", idempotent: false };
  const { client, script } = harnessOf([refused(), empty()]);
  await failureOf(forward(client, {}, once, {}, () => Promise.resolve()));
  assertEquals(script.hosts, ["a"]);
});
