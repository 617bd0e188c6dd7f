/** Scenarios 35 to 39, 62 and 72: locations of image data. */
import { assertEquals, assertRejects } from "@std/assert";
import type { RequestContext } from "../../mod.ts";
import { ProgrammingError } from "../../lib/errors.ts";
import { accepted, CATALOG, CONTEXT, ScenarioGlance } from "./scenario_glance.ts";

const URL = "cinder://fake-store/c984be2b-8789-4b9e-bf71-19164f537e63";
const METADATA = { store: "fake-store" };
const PRIVILEGED: RequestContext = {
  authToken: "token-of-cinder",
  roles: ["service"],
  serviceCatalog: CATALOG,
};

/** The requests with their tokens. */
function requestsOf(glance: ScenarioGlance): string[] {
  return glance.requests.map(({ method, path, headers }) =>
    `${method} ${path} ${headers.get("x-auth-token")}`
  );
}

Deno.test("addLocation() calls the location API as the privileged user (scenario 35)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`POST /v2/images/${id}/locations`, accepted);
  const service = glance.service({ privilegedContext: PRIVILEGED });
  const image = await service.addLocation(CONTEXT, id, URL, METADATA);
  assertEquals(image.id, id);
  assertEquals(requestsOf(glance), [
    `POST /v2/images/${id}/locations token-of-cinder`,
    `GET /v2/images/${id} token-of-fake`,
  ]);
  // The reference puts the metadata into `validation_data`, which Glance refuses (defect B1).
  assertEquals(glance.sentTo(`POST /v2/images/${id}/locations`), [{ url: URL }]);
});

for (const missing of [404, 405, 501]) {
  Deno.test(`addLocation() patches the image as the user when the location API responds with ${missing} (scenario 36)`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.add();
    glance.respondTo(`POST /v2/images/${id}/locations`, missing);
    // The embedded Glance has no store for `cinder` URLs.
    glance.respondTo(`PATCH /v2/images/${id}`, () => Response.json({ id, status: "active" }));
    const service = glance.service({ privilegedContext: PRIVILEGED });
    await service.addLocation(CONTEXT, id, URL, METADATA);
    assertEquals(requestsOf(glance), [
      `POST /v2/images/${id}/locations token-of-cinder`,
      `PATCH /v2/images/${id} token-of-fake`,
    ]);
    assertEquals(glance.sentTo(`PATCH /v2/images/${id}`), [[
      { op: "add", path: "/locations/-", value: { url: URL, metadata: METADATA } },
    ]]);
  });
}

Deno.test("getLocation() calls the location API as the privileged user (scenario 37)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ locations: [{ url: URL, metadata: METADATA }] });
  const service = glance.service({ privilegedContext: PRIVILEGED });
  assertEquals(await service.getLocation(CONTEXT, id) as unknown, [
    null,
    [{ url: URL, metadata: METADATA }],
  ]);
  // The visibility for the user is checked first: the privileged user sees all images.
  assertEquals(requestsOf(glance), [
    `GET /v2/images/${id} token-of-fake`,
    `GET /v2/images/${id}/locations token-of-cinder`,
  ]);
});

for (
  const [number, title, status] of [
    ["38", "is missing", 404],
    ["38", "is not implemented", 501],
    ["39", "is forbidden", 403],
  ] as const
) {
  Deno.test(`getLocation() reads the locations from the image when the location API ${title} (scenario ${number})`, async () => {
    const glance = new ScenarioGlance({ showDirectUrl: true, showLocations: true });
    const locations = [{ url: URL, metadata: METADATA }];
    const id = glance.add({ locations });
    glance.respondTo(`GET /v2/images/${id}/locations`, status);
    const service = glance.service({ privilegedContext: PRIVILEGED });
    assertEquals(await service.getLocation(CONTEXT, id) as unknown, [URL, locations]);
    assertEquals(requestsOf(glance).slice(1), [
      `GET /v2/images/${id}/locations token-of-cinder`,
      `GET /v2/images/${id} token-of-fake`,
    ]);
  });
}

Deno.test("getLocation() calls the location API as the user when there is no privileged context (scenario 62)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ locations: [{ url: URL, metadata: METADATA }] });
  glance.respondTo(`POST /v2/images/${id}/locations`, accepted);
  const service = glance.service();
  await service.getLocation(CONTEXT, id);
  await service.addLocation(CONTEXT, id, URL);
  assertEquals(
    glance.requests.map(({ headers }) => headers.get("x-auth-token")),
    glance.requests.map(() => "token-of-fake"),
  );
});

Deno.test("addLocation() throws ProgrammingError when the cloud does not support it (scenario 72)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`POST /v2/images/${id}/locations`, 404);
  glance.respondTo(`PATCH /v2/images/${id}`, 501);
  await assertRejects(
    () => glance.service().addLocation(CONTEXT, id, URL),
    ProgrammingError,
    `location to image "${id}"`,
  );
});

Deno.test("getLocation() returns null when the cloud shows no location (scenario 72)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`GET /v2/images/${id}/locations`, 404);
  // As the reference documents it; its code returns (None, []).
  assertEquals(await glance.service().getLocation(CONTEXT, id), [null, null]);
});
