/** Bodies of requests at the gateway: unread without a token, limited, and fair between clients. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { settled, SimulatedClock } from "../../support/clock.ts";
import { Cloud } from "../cloud.ts";

const MIB = 2 ** 20;
const CHUNK = new Uint8Array(MIB).fill(0x20);

/** A body without an end, produced as fast as it is read, until it has to wait. */
function endless(limit = Infinity) {
  const state = { taken: 0, isCanceled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (state.taken >= limit) return new Promise<void>(() => {});
      state.taken += CHUNK.byteLength;
      controller.enqueue(CHUNK.slice());
      return Promise.resolve();
    },
    cancel() {
      state.isCanceled = true;
    },
  }, { highWaterMark: 0 });
  return { body, state };
}

/** A cloud that accepts only some tokens. */
function cloudWithTokens(): Cloud {
  return new Cloud({
    identify: (token) =>
      token?.startsWith("good")
        ? { userId: "u", projectId: "p", roles: ["admin", "member"] }
        : null,
  });
}

for (const [size, attempts] of [[1_000, 4], [MIB + 1, 1]] as const) {
  for (const [method, path, text] of [["POST", "", "{}"], ["PATCH", "/1", "[]"]] as const) {
    Deno.test(`${method} /v2/images${path} sends ${size} bytes ${attempts === 1 ? "once" : "again"} when the outcome is unknown`, async () => {
      const cloud = new Cloud();
      cloud.intercept = () => new Response(null, { status: 502 });
      const body = text.padEnd(size);
      const headers = { "x-auth-token": "t" };
      const response = await cloud.router().request(`/v2/images${path}`, { method, body, headers });
      await response.body?.cancel();
      const sent = cloud.requests.filter((request) => request.method === method);
      assertEquals(sent.length, attempts);
    });
  }
}

Deno.test("createImageRouter() sends Glance's 401 before it reads a byte of the body when there is no token", async () => {
  const cloud = cloudWithTokens();
  const router = cloud.router();
  for (
    const [method, path] of [
      ["POST", "/v2/images"],
      ["PATCH", "/v2/images/1"],
      ["POST", "/v2/tasks"],
      ["POST", "/v2/images/1/members"],
      ["PUT", "/v2/metadefs/namespaces/n"],
    ] as const
  ) {
    const { body, state } = endless();
    const response = await router.request(path, { method, body });
    const expected = await cloud.send("/v2/", {});
    assertEquals([response.status, await response.text()], [401, await expected.text()], path);
    assertEquals(state, { taken: 0, isCanceled: true }, path);
  }
  assertEquals(new Set(cloud.requestLines.map((line) => line.slice(2))), new Set(["GET /v2/"]));
});

Deno.test("createImageRouter() reads the body without a token when Glance needs none", async () => {
  const cloud = new Cloud();
  const response = await cloud.router().request("/v2/images", { method: "POST", body: "{}" });
  await response.body?.cancel();
  assertEquals(response.status, 201);
  assertEquals(cloud.requestLines, ["a GET /v2/", "b POST /v2/images"]);
});

Deno.test("withBody() responds with 413 at its limit when a body is endless, with any token", async () => {
  const cloud = new Cloud();
  const { body, state } = endless();
  const headers = { "x-auth-token": "good" };
  const response = await cloud.router().request("/v2/images", { method: "POST", headers, body });
  await response.body?.cancel();
  assertEquals([response.status, state.isCanceled], [413, true]);
  assertLess(state.taken, 20 * MIB);
  assertEquals(cloud.requestLines, []);
});

Deno.test("withBody() responds with 408 after a minute when a body does not arrive", async () => {
  const cloud = new Cloud();
  const clock = new SimulatedClock();
  const router = cloud.router({ sleep: clock.sleep, timer: clock.timer, now: clock.now });
  const { body, state } = endless(MIB);
  const headers = { "x-auth-token": "good" };
  const requested = router.request("/v2/images", { method: "POST", headers, body });
  const response = await clock.run(Promise.resolve(requested));
  await response.body?.cancel();
  assertEquals([response.status, clock.now(), state.isCanceled], [408, 60_000, true]);
});

Deno.test("withBody() leaves room for other clients when one sends many bodies, by token and by address", async () => {
  const cloud = new Cloud();
  const router = cloud.router();
  const slow = [];
  const bodies = [];
  for (let i = 0; i < 40; i++) {
    const sent = endless(4 * MIB);
    bodies.push(sent);
    const env = i % 2 === 0 ? {} : { remoteAddr: { hostname: "192.0.2.1" } };
    const headers: Record<string, string> = i % 2 === 0 ? { "x-auth-token": "good 1" } : {};
    slow.push(router.request("/v2/images", { method: "POST", headers, body: sent.body }, env));
    await settled();
  }
  const open = bodies.filter(({ state }) => !state.isCanceled);
  assert(open.length <= 16, `${open.length} bodies of 4 MiB are held`);
  const headers = { "x-auth-token": "good 2" };
  const body = JSON.stringify({ name: "modest" });
  const response = await router.request("/v2/images", { method: "POST", headers, body });
  assertEquals([response.status, (await response.json()).name], [201, "modest"]);
  const statuses = new Set();
  for (const [i, response] of slow.entries()) {
    if (!bodies[i]?.state.isCanceled) continue;
    const { status, headers, body } = await response;
    await body?.cancel();
    statuses.add(`${status} ${headers.get("retry-after")}`);
  }
  assertEquals(statuses, new Set(["503 1"]));
});

Deno.test("withBody() releases a body when its response is sent", async () => {
  const cloud = new Cloud();
  const gate = Promise.withResolvers<void>();
  cloud.intercept = async (_, respond) => {
    await gate.promise;
    return await respond();
  };
  const router = cloud.router();
  const post = async () => {
    const response = await router.request("/v2/images", {
      method: "POST",
      headers: { "x-auth-token": "good" },
      body: `{"name": "a"${" ".repeat(15 * MIB)}}`,
    });
    await response.body?.cancel();
    return response.status;
  };
  const held = [post(), post()];
  await settled();
  assertEquals(await post(), 503);
  gate.resolve();
  assertEquals(await Promise.all(held), [201, 201]);
  assertEquals(await post(), 201);
});
