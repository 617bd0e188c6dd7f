/** Scenarios 24 and 57 to 62: the client below the service. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  GlanceClientWrapper,
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  ImageLimitExceeded,
  type RequestContext,
} from "../../mod.ts";
import { CONTEXT, noContent, ScenarioGlance } from "./scenario_glance.ts";

Deno.test("upload() sends the store and the base image as headers (scenario 24)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`PUT /v2/images/${id}/file`, noContent);
  const client = new GlanceClientWrapper({ ...glance.options, netloc: "fake_host:9292" });
  const request = { storeId: "xyz", baseImageRef: "123" };
  await client.call(CONTEXT, "upload", id, "data", request);
  await client.call(CONTEXT, "get", id);
  const sent = glance.requests.map(({ headers }) => [
    headers.get("x-image-meta-store"),
    headers.get("x-openstack-base-image-ref"),
  ]);
  assertEquals(sent, [["xyz", "123"], [null, null]]);
  assertEquals([...glance.requests[0]?.url.searchParams ?? []], []);
});

Deno.test("upload() throws ImageLimitExceeded without another attempt when a quota is reached (scenario 57)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`PUT /v2/images/${id}/file`, 413);
  await assertRejects(
    () => glance.service().update(CONTEXT, id, {}, new Blob(["data"])),
    ImageLimitExceeded,
    `upload image "${id}"`,
  );
  assertEquals(glance.requested, [`GET /v2/images/${id}`, `PUT /v2/images/${id}/file`]);
});

/** A server that never responds, and a clock that jumps to each deadline. */
function silence(): { limits: number[]; options: GlanceClientWrapperOptions } {
  const limits: number[] = [];
  return {
    limits,
    options: {
      numRetries: 0,
      fetch: (_, { signal }) =>
        new Promise((_, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
        ),
      timer: (ms, callback) => {
        limits.push(ms);
        queueMicrotask(callback);
        return () => {};
      },
    },
  };
}

async function tokenSentBy(
  options: GlanceClientWrapperOptions,
  context: RequestContext = CONTEXT,
): Promise<[url: string | undefined, token: string | null | undefined]> {
  const glance = new ScenarioGlance();
  const id = glance.add({ id: "1" });
  const client = new GlanceClientWrapper({ ...glance.options, ...options });
  await client.call(context, "get", id);
  const [request] = glance.requests;
  return [request?.url.href, request?.headers.get("x-auth-token")];
}

// A TLS client with its own CA or certificate is passed as `fetch`; there is no other option.

Deno.test("call() sends the token over http with Keystone and without TLS (scenario 58)", async () => {
  const options = { netloc: "fake_host:9292", useSsl: false };
  assertEquals(await tokenSentBy(options), [
    "http://fake_host:9292/v2/images/1",
    "token-of-fake",
  ]);
});

Deno.test("call() starts no timer when requestTimeout is Infinity (scenario 58)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  const { limits, options } = silence();
  const client = new GlanceClientWrapper({
    ...options,
    ...glance.options.fetch && { fetch: glance.options.fetch },
    netloc: "fake_host:9292",
    requestTimeout: Infinity,
  });
  await client.call(CONTEXT, "get", id);
  assertEquals(limits, []);
});

Deno.test("call() sends the token over https with Keystone and TLS (scenario 59)", async () => {
  const options = { netloc: "fake_host:9292", useSsl: true };
  assertEquals(await tokenSentBy(options), [
    "https://fake_host:9292/v2/images/1",
    "token-of-fake",
  ]);
});

for (const [number, authStrategy] of [["59", "keystone"], ["60", "noauth"]] as const) {
  Deno.test(`call() fails when a server does not respond within 60 s with ${authStrategy} (scenario ${number})`, async () => {
    const { limits, options } = silence();
    const client = new GlanceClientWrapper({
      ...options,
      authStrategy,
      netloc: "fake_host:9292",
      useSsl: true,
      requestTimeout: 60_000,
    });
    await assertRejects(
      () => client.call(CONTEXT, "get", "1"),
      GlanceConnectionFailed,
      "last error: the server did not respond within 60000 ms",
    );
    assertEquals(limits, [60_000]);
  });
}

for (const [number, useSsl, scheme] of [["60", true, "https"], ["61", false, "http"]] as const) {
  Deno.test(`call() sends no token over ${scheme} without Keystone (scenario ${number})`, async () => {
    const options = { netloc: "fake_host:9292", useSsl, authStrategy: "noauth" } as const;
    assertEquals(await tokenSentBy(options), [`${scheme}://fake_host:9292/v2/images/1`, null]);
  });
}

Deno.test("call() sends the privileged user's token to the location API (scenario 62)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  // The reference creates a second client for it; here it is a second context of the same client.
  const service = glance.service({
    apiServers: ["https://fake_host:9292"],
    privilegedContext: { authToken: "token-of-cinder" },
  });
  await service.getLocation(CONTEXT, id);
  const tokens = glance.requests
    .filter(({ path }) => path.endsWith("/locations"))
    .map(({ url, headers }) => [url.host, headers.get("x-auth-token")]);
  assertEquals(tokens, [["fake_host:9292", "token-of-cinder"]]);
});
