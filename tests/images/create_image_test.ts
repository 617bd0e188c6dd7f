/** Creates happen exactly once, even if a request is sent twice. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceConnectionFailed, ImageConflict, ImageUploadFailed, Invalid } from "../../mod.ts";
import { FakeGlance } from "../support/fake_glance.ts";
import { failure, play, refused, silence, type Step } from "../support/scripted_fetch.ts";
import { failureOf, harnessOf } from "../support/client_harness.ts";

const CALLER = { authToken: "token" };

/** A Glance, and one of its responses as a step of a script. */
function fakeGlance(): { glance: FakeGlance; step: Step } {
  const glance = new FakeGlance();
  return {
    glance,
    step: ({ url, method, headers, body }) => glance.fetch(url, { method, headers, body }),
  };
}

/** The names of all images by id, and the number of requests that create one. */
async function contentOf(
  glance: FakeGlance,
): Promise<[names: Record<string, string>, posts: number]> {
  const response = await glance.respond(new Request("http://a/v2/images"));
  const { images } = await response.json() as { images: { id: string; name: string }[] };
  const posts = glance.requested.filter((line) => line.startsWith("POST")).length;
  return [Object.fromEntries(images.map(({ id, name }) => [id, name])), posts];
}

Deno.test("create() chooses a new id for each image", async () => {
  const { glance, step } = fakeGlance();
  const { service } = harnessOf([step, step]);
  const first = await service.create(CALLER, { name: "a" });
  const second = await service.create(CALLER, { name: "a" });
  assert(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/.test(first.id), first.id);
  assert(first.id !== second.id);
  assertEquals(await contentOf(glance), [{ [first.id]: "a", [second.id]: "a" }, 2]);
});

Deno.test("create() omits null properties, except those that can be null", async () => {
  const { glance, step } = fakeGlance();
  const { service } = harnessOf([step]);
  const properties = { gone: null, os_type: "linux" };
  const meta = { name: null, minDisk: null, visibility: null, owner: null, properties };
  const { id } = await service.create(CALLER, meta);
  assertEquals(glance.sentTo("POST /v2/images"), [{ id, name: null, os_type: "linux" }]);
});

/** How the response to a successful POST is lost. */
const LOSSES: readonly (readonly [what: string, loss: (response: Step) => Step])[] = [
  ["is lost with its connection", (response) => async (request) => {
    await play(response, request);
    throw refused();
  }],
  ["is a gateway's 502", (response) => async (request) => {
    await play(response, request);
    return failure(502);
  }],
  ["is replayed by the runtime, unseen", (response) => async (request) => {
    await play(response, request);
    return await play(response, request);
  }],
];

for (const [what, loss] of LOSSES) {
  Deno.test(`create() creates one image if the response ${what}`, async () => {
    const { glance, step } = fakeGlance();
    const { service, clock } = harnessOf([
      loss(step),
      step,
      step,
    ]);
    const image = await clock.run(service.create(CALLER, { name: "a" }));
    assertEquals(await contentOf(glance), [{ [image.id]: "a" }, 2]);
    assertEquals(image.name, "a");
  });
}

Deno.test("create() throws ImageConflict if the caller's id is taken", async () => {
  const { glance, step } = fakeGlance();
  const { service, script } = harnessOf([step, step]);
  const { id } = await service.create(CALLER, { name: "taken" });
  const error = await assertRejects(() => service.create(CALLER, { id }), ImageConflict);
  assertEquals([error.imageId, error.status, script.requested.length], [id, 409, 2]);
  assertEquals(await contentOf(glance), [{ [id]: "taken" }, 2]);
});

Deno.test("create() fails if no server accepts it, without a request for the image", async () => {
  const { service, script, clock } = harnessOf([503, 503, 503, 503]);
  await assertRejects(() => clock.run(service.create(CALLER, {})), GlanceConnectionFailed);
  assertEquals(new Set(script.requested), new Set(["POST /v2/images"]));
});

Deno.test("create() rejects a reserved property before any request", async () => {
  const { service, script } = harnessOf([]);
  const meta = { properties: { os_glance_x: "y" } };
  await assertRejects(() => service.create(CALLER, meta), Invalid, "reserved");
  assertEquals(script.requests.length, 0);
});

/** When a creation is aborted: the image exists in the second case. */
const ABORTS:
  readonly (readonly [when: string, step: (abort: () => void, response: Step) => Step])[] = [
    ["while the request is on its way", (abort, response) => async (request) => {
      abort();
      return await play(response, request);
    }],
    ["while the response is on its way", (abort, response) => async (request) => {
      const answer = await play(response, request);
      abort();
      return answer;
    }],
    ["before the response is lost", (abort, response) => async (request) => {
      await play(response, request);
      abort();
      throw refused();
    }],
    ["and the response is never sent", (abort, response) => async (request) => {
      await play(response, request);
      abort();
      return await silence(request);
    }],
  ];

for (const [when, interrupted] of ABORTS) {
  Deno.test(`create() leaves no image if it is aborted ${when}`, async () => {
    const { glance, step } = fakeGlance();
    const stop = new AbortController();
    const first = interrupted(() => stop.abort("enough"), step);
    const { service, clock, script } = harnessOf([first, step]);
    const reason = await failureOf(
      clock.run(service.create(CALLER, { name: "a" }, null, { signal: stop.signal })),
    );
    assertEquals(reason, "enough");
    assertEquals(script.requests.map(({ method }) => method), ["POST", "DELETE"]);
    assertEquals([await contentOf(glance), clock.pending], [[{}, 1], 0]);
    assert(clock.now() <= 5_000, `waited ${clock.now()} ms`);
  });
}

Deno.test("create() names the image if it is aborted and cannot delete it", async () => {
  const { step } = fakeGlance();
  const stop = new AbortController();
  const [, interrupted] = ABORTS[1]!;
  const { service, clock, script } = harnessOf([
    interrupted(() => stop.abort("enough"), step),
    ...Array<Step>(30).fill(silence),
  ]);
  const error = await assertRejects(
    () => clock.run(service.create(CALLER, { name: "a" }, null, { signal: stop.signal })),
    ImageUploadFailed,
  );
  const { id } = JSON.parse(String(script.requests[0]?.body));
  assertEquals([error.imageId, error.cause], [id, "enough"]);
  assert(clock.now() <= 15_000, `waited ${clock.now()} ms`);
});

Deno.test("create() does not delete an image with a chosen id if its creation is not confirmed", async () => {
  const stop = new AbortController();
  const lost: Step = () => {
    stop.abort("enough");
    throw refused();
  };
  const { service, clock, script } = harnessOf([lost]);
  const id = "7f0f3b9c-3a5c-4a39-9d1a-6f2c6c1f6a11";
  const error = await assertRejects(
    () => clock.run(service.create(CALLER, { id }, null, { signal: stop.signal })),
    ImageUploadFailed,
  );
  assertEquals(error.imageId, id);
  assertEquals(script.requested, ["POST /v2/images"]);
});

Deno.test("create() sends no request if it was aborted before", async () => {
  const { service, script } = harnessOf([]);
  const signal = AbortSignal.abort("enough");
  assertEquals(await failureOf(service.create(CALLER, {}, null, { signal })), "enough");
  assertEquals(script.requests, []);
});

Deno.test("create() sends no further request if it is aborted while it waits for a retry", async () => {
  const stop = new AbortController();
  const { service, clock, script } = harnessOf([503, 503, 503, () => failure(404)], {
    sleep: (_, signal) => {
      stop.abort("enough");
      signal?.throwIfAborted();
      return Promise.resolve();
    },
  });
  const failed = await failureOf(
    clock.run(service.create(CALLER, {}, null, { signal: stop.signal })),
  );
  assertEquals(failed, "enough");
  assertEquals(script.requests.map(({ method }) => method), ["POST", "POST", "POST", "DELETE"]);
});
