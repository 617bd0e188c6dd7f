/** The locations of image data: the location API, and its older fallbacks. */
import { assertEquals, assertRejects } from "@std/assert";
import { ImageNotAuthorized, ImageNotFound, Invalid } from "../../mod.ts";
import { ProgrammingError } from "../../lib/errors.ts";
import type { Step } from "../support/scripted_fetch.ts";
import { type ClientHarness, harnessOf } from "../support/client_harness.ts";

const CALLER = { authToken: "user" };
const PLACES = [{ url: "rbd://pool/42", metadata: { store: "ceph" } }];

function image(rest: Record<string, unknown> = {}): Step {
  return () => Response.json({ id: "42", status: "active", ...rest });
}

function places(list: readonly unknown[] = PLACES): Step {
  return () => Response.json(list);
}

function getLocation({ service }: ClientHarness) {
  return service.getLocation(CALLER, "42");
}

/** Responses of the location API and the image -> the result of the service. */
const REPORTED: readonly (readonly [
  what: string,
  api: Step,
  rest: Record<string, unknown> | null,
  expected: unknown,
])[] = [
  ["the locations of the location API", places(), null, [null, PLACES]],
  ["the locations of the image when the API has none", places([]), { locations: PLACES }, [
    null,
    PLACES,
  ]],
  ["those of the image when the API is missing (404)", 404, { direct_url: "file:///x" }, [
    "file:///x",
    null,
  ]],
  ["those of the image when the API is missing (405)", 405, { locations: PLACES }, [null, PLACES]],
  ["those of the image when the API is missing (501)", 501, { locations: [] }, [null, []]],
  ["those of the image when the API is forbidden", 403, { direct_url: "a:b", locations: PLACES }, [
    "a:b",
    PLACES,
  ]],
  ["null when Glance shows none", 403, {}, [null, null]],
];

for (const [what, api, rest, reported] of REPORTED) {
  Deno.test(`getLocation() returns ${what}`, async () => {
    const steps = [image(), api, ...rest === null ? [] : [image(rest)]];
    const harness = harnessOf(steps);
    assertEquals(await getLocation(harness), reported as never);
    assertEquals(harness.script.left, 0);
    assertEquals(harness.script.requested[1], "GET /v2/images/42/locations");
  });
}

Deno.test("getLocation() throws other errors of the location API unchanged", async () => {
  await assertRejects(() => getLocation(harnessOf([image(), 400])), Invalid);
});

Deno.test("getLocation() does not request the locations of a missing image", async () => {
  const harness = harnessOf([404]);
  await assertRejects(() => getLocation(harness), ImageNotFound);
  assertEquals(harness.script.requested, ["GET /v2/images/42"]);
});

Deno.test("getLocation() uses the privileged context for the location API, and the caller's for the image", async () => {
  const steps = [image(), places([]), image(), 202, image()];
  const harness = harnessOf(steps, { privilegedContext: { authToken: "service" } });
  await getLocation(harness);
  await harness.service.addLocation(CALLER, "42", "file:///x");
  const tokens = harness.script.requests.map(({ headers }) => headers.get("x-auth-token"));
  assertEquals(tokens, ["user", "service", "user", "service", "user"]);
});

const HASH = { os_hash_algo: "sha512", os_hash_value: "abc" };

/** Metadata -> the body for the location API, and the patch. */
const SENT: readonly (readonly [
  metadata: Record<string, unknown>,
  api: Record<string, unknown>,
  patch: Record<string, unknown>,
])[] = [
  [{}, {}, { metadata: {} }],
  [{ store: "ceph" }, {}, { metadata: { store: "ceph" } }],
  [{ store: "ceph", ...HASH }, { validation_data: HASH }, {
    metadata: { store: "ceph" },
    validation_data: HASH,
  }],
  [{ os_hash_algo: "sha512" }, {}, { metadata: {} }],
  [{ os_hash_algo: "sha512", os_hash_value: 7 }, {}, { metadata: {} }],
];

for (const [metadata, api, patch] of SENT) {
  Deno.test(`addLocation() sends ${JSON.stringify(metadata)} in the form of each API`, async () => {
    const url = "rbd://pool/42";
    const bodyOf = async ({ script }: ClientHarness, i: number) =>
      await new Response(script.requests[i]?.body ?? null).json();

    const newer = harnessOf([202, image({ status: "active" })]);
    assertEquals((await newer.service.addLocation(CALLER, "42", url, metadata)).id, "42");
    assertEquals(newer.script.requested, ["POST /v2/images/42/locations", "GET /v2/images/42"]);
    assertEquals(await bodyOf(newer, 0), { url, ...api });

    for (const missing of [404, 405, 501]) {
      const older = harnessOf([missing, image()]);
      assertEquals((await older.service.addLocation(CALLER, "42", url, metadata)).id, "42");
      assertEquals(older.script.requested, ["POST /v2/images/42/locations", "PATCH /v2/images/42"]);
      const value = { url, ...patch };
      assertEquals(await bodyOf(older, 1), [{ op: "add", path: "/locations/-", value }]);
    }
  });
}

Deno.test("addLocation() throws if the cloud does not support locations", async () => {
  for (const missing of [405, 501]) {
    const { service } = harnessOf([404, missing]);
    const error = await assertRejects(
      () => service.addLocation(CALLER, "42", "file:///x"),
      ProgrammingError,
      "neither the location API nor",
    );
    assertEquals([error.imageId, error.status], ["42", missing]);
  }
});

Deno.test("addLocation() throws the errors of both APIs", async () => {
  const add = ({ service }: ClientHarness) => service.addLocation(CALLER, "42", "file:///x");
  await assertRejects(() => add(harnessOf([403])), ImageNotAuthorized);
  await assertRejects(() => add(harnessOf([400])), Invalid);
  await assertRejects(() => add(harnessOf([404, 403])), ImageNotAuthorized);
  await assertRejects(() => add(harnessOf([404, 404])), ImageNotFound);
});

/** Catalogs of the privileged context and of the caller. */
const OWN = [{ type: "image", endpoints: [{ interface: "public", url: "https://own" }] }];
const USERS = [{ type: "image", endpoints: [{ interface: "public", url: "https://callers" }] }];

for (
  const [what, privileged, host] of [
    ["the caller's servers when the privileged context has no catalog", {}, "callers"],
    ["its own servers when the privileged context has a catalog", { serviceCatalog: OWN }, "own"],
  ] as const
) {
  Deno.test(`addLocation() uses ${what}`, async () => {
    const { service, script } = harnessOf([image(), places()], {
      apiServers: null,
      privilegedContext: { authToken: "service", ...privileged },
    });
    await service.getLocation({ ...CALLER, serviceCatalog: USERS }, "42");
    assertEquals(script.hosts, ["callers", host]);
    const tokens = script.requests.map(({ headers }) => headers.get("x-auth-token"));
    assertEquals(tokens, ["user", "service"]);
  });
}
