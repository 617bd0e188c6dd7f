/** Creates happen exactly once, even if a request is sent twice. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceConnectionFailed, ImageConflict, Invalid } from "../../mod.ts";
import { FakeGlance } from "../support/fake_glance.ts";
import { failure, play, refused, type Step } from "../support/scripted_fetch.ts";
import { harnessOf } from "../support/client_harness.ts";

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
