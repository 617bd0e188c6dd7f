/** The known defects of Cinder's implementation, one by one: this one has none of them. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { toBytes } from "@std/streams";
import { createEmbeddedGlance } from "../lib/embedded/mod.ts";
import {
  getDefaultImageService,
  getRemoteImageService,
  GlanceClientWrapper,
  GlanceConnectionFailed,
  type GlanceImageService,
  type GlanceOptions,
  ImageDownloadFailed,
  ImageNotAuthorized,
  ImageNotFound,
  NotAuthorized,
} from "../mod.ts";
import {
  accepted,
  CONTEXT,
  NO_TOKEN,
  noContent,
  ScenarioGlance,
} from "./scenarios/scenario_glance.ts";

const META = { name: "disk", diskFormat: "raw", containerFormat: "bare" };
const URL_OF_DATA = "https://store.example/disk";

type Fetch = NonNullable<GlanceOptions["fetch"]>;

/** A service over an embedded Glance; `around` wraps its fetch. */
function embedded(around: (fetch: Fetch) => Fetch = (fetch) => fetch): GlanceImageService {
  const glance = createEmbeddedGlance();
  const fetch: Fetch = (input, init) => glance.fetch(new Request(input, init));
  return getDefaultImageService({
    apiServers: ["one:9292", "two:9292"],
    fetch: around(fetch),
    sleep: () => Promise.resolve(),
    timer: () => () => {},
    now: () => 0,
    random: () => 0,
  });
}

Deno.test("addLocation() adds a location with metadata when Glance checks validation_data (defect 1)", async () => {
  const service = embedded();
  const { id } = await service.create(CONTEXT, META);
  const image = await service.addLocation(CONTEXT, id, URL_OF_DATA, { store: "http" });
  assertEquals(image.status, "active");
});

Deno.test("download() throws when the image has no data, with and without a sink (defect 2)", async () => {
  const service = embedded();
  const { id } = await service.create(CONTEXT, META);
  for (const sink of [[], [new WritableStream<Uint8Array>()]] as const) {
    await assertRejects(
      async () => await service.download(CONTEXT, id, ...sink as [WritableStream<Uint8Array>]),
      ImageDownloadFailed,
      "it has no data",
    );
  }
});

Deno.test("detail() retries and translates errors of later pages (defect 3)", async () => {
  const glance = new ScenarioGlance();
  for (let i = 0; i < 4; i++) glance.add();
  const service = glance.service();
  const ok = service.list(CONTEXT, { pageSize: 2 });
  await ok.next();
  glance.respondTo("GET /v2/images", new TypeError("connection reset"), 503);
  assertEquals((await Array.fromAsync(ok)).length, 3);

  const refused = service.list(CONTEXT, { pageSize: 2 });
  await refused.next();
  glance.respondTo("GET /v2/images", 401);
  await assertRejects(() => Array.fromAsync(refused), NotAuthorized);
});

Deno.test("download() continues at the byte of a break, on another server (defect 4)", async () => {
  const requested: string[] = [];
  const service = embedded((fetch) => async (input, init) => {
    const response = await fetch(input, init);
    if (!input.endsWith("/file") || init.method !== "GET") return response;
    requested.push(`${new URL(input).host} ${new Headers(init.headers).get("range")}`);
    return requested.length === 1 ? cutAfter(1000, response) : response;
  });
  const data = crypto.getRandomValues(new Uint8Array(5000));
  const { id } = await service.create(CONTEXT, META, data);
  assertEquals(await toBytes(await service.download(CONTEXT, id)), data);
  const [first, second] = requested.map((line) => line.split(" "));
  assertEquals([first?.[1], second?.[1]], ["null", "bytes=1000-4999"]);
  assert(first?.[0] !== second?.[0]);
});

/** The same response, but its connection breaks after some bytes. */
function cutAfter(count: number, response: Response): Response {
  let left = count;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= Math.min(left, chunk.byteLength);
      if (left === 0) controller.error(new TypeError("connection reset"));
    },
  });
  const { status, headers } = response;
  return new Response(response.body?.pipeThrough(cut), { status, headers });
}

/** Breaks the first upload after its body was read. */
function breakFirstUpload(bodies: { sent: Uint8Array; size: string | null }[]) {
  return (fetch: Fetch): Fetch => async (input, init) => {
    if (init.method !== "PUT") return await fetch(input, init);
    const sent = await new Response(init.body ?? null).bytes();
    bodies.push({ sent, size: new Headers(init.headers).get("x-openstack-image-size") });
    if (bodies.length === 1) throw new TypeError("connection reset");
    return await fetch(input, { ...init, body: sent });
  };
}

Deno.test("create() sends the data again from its first byte, with its size, after a break (defect 5)", async () => {
  const bodies: { sent: Uint8Array; size: string | null }[] = [];
  const service = embedded(breakFirstUpload(bodies));
  const data = crypto.getRandomValues(new Uint8Array(3000));
  const { size } = await service.create(CONTEXT, META, new Blob([data]));
  assertEquals(size, 3000);
  assertEquals(bodies, [{ sent: data, size: "3000" }, { sent: data, size: "3000" }]);
});

Deno.test("create() does not send a stream again that was read (defect 5)", async () => {
  const bodies: { sent: Uint8Array; size: string | null }[] = [];
  const service = embedded(breakFirstUpload(bodies));
  const data = new Blob(["read once"]).stream();
  await assertRejects(() => service.create(CONTEXT, META, data), GlanceConnectionFailed);
  assertEquals(bodies.length, 1);
  assertEquals(await service.detail(CONTEXT), []);
});

/** The headers of an upload with these options, and of the next request. */
async function headersOf(
  options: { storeId?: string; baseImageRef?: string },
  authStrategy: "keystone" | "noauth" = "keystone",
): Promise<[upload: Headers, next: Headers]> {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`PUT /v2/images/${id}/file`, noContent, noContent);
  const netloc = "glance:9292";
  const client = new GlanceClientWrapper({ ...glance.options, netloc, authStrategy });
  await client.call(CONTEXT, "upload", id, "data", options);
  await client.call(CONTEXT, "upload", id, "data");
  const [upload, next] = glance.requests.map(({ headers }) => headers);
  return [upload ?? new Headers(), next ?? new Headers()];
}

for (const authStrategy of ["keystone", "noauth"] as const) {
  Deno.test(`create() sends no header of an earlier upload with ${authStrategy} (defect 6)`, async () => {
    const [upload, next] = await headersOf({ storeId: "ceph" }, authStrategy);
    assertEquals(upload.get("x-image-meta-store"), "ceph");
    assertEquals(next.get("x-image-meta-store"), null);
  });
}

Deno.test("call() sends any text, and values that are not text, in headers (defect 7)", async () => {
  const [upload] = await headersOf({ storeId: "Zürich 1\r\nx-evil: 1" });
  assertEquals(upload.get("x-image-meta-store"), "Z%C3%BCrich%201%0D%0Ax-evil:%201");
  assertEquals(upload.get("x-evil"), null);
  // JavaScript callers can pass this, and Cinder's own tests do.
  const number = 123 as unknown as string;
  assertEquals(
    (await headersOf({ baseImageRef: number }))[0].get("x-openstack-base-image-ref"),
    "123",
  );
});

Deno.test("getLocation() requests the locations of an href from its host (defect 8)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ visibility: "public" });
  glance.respondTo(`POST /v2/images/${id}/locations`, accepted);
  const [service] = getRemoteImageService(CONTEXT, `https://far.example/v2/images/${id}`, {
    ...glance.options,
    apiServers: ["near.example"],
  });
  await service.getLocation(CONTEXT, id);
  await service.addLocation(CONTEXT, id, URL_OF_DATA);
  assertEquals(new Set(glance.requests.map(({ url }) => url.host)), new Set(["far.example"]));
});

Deno.test("call() needs no time limit for https without Keystone (defect 9)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  const client = new GlanceClientWrapper({
    ...glance.options.fetch && { fetch: glance.options.fetch },
    authStrategy: "noauth",
    netloc: "glance:9292",
    useSsl: true,
  });
  assertEquals((await client.call({}, "get", id)).id, id);
});

Deno.test("getLocation() returns locations when Glance hides the direct URL (defect 10)", async () => {
  const glance = new ScenarioGlance({ showLocations: true });
  const locations = [{ url: URL_OF_DATA, metadata: {} }];
  const id = glance.add({ locations });
  glance.respondTo(`GET /v2/images/${id}/locations`, 404);
  assertEquals(await glance.service().getLocation(CONTEXT, id) as unknown, [null, locations]);
});

Deno.test("getLocation() shows locations to those who can see the image when there is no token (defect 11)", async () => {
  const glance = new ScenarioGlance();
  const locations = [{ url: URL_OF_DATA, metadata: {} }];
  const seen = glance.add({ visibility: "public", locations });
  const hidden = glance.add({ visibility: "private", locations });
  const service = glance.service();
  assertEquals(await service.getLocation(NO_TOKEN, seen) as unknown, [null, locations]);
  await assertRejects(() => service.getLocation(NO_TOKEN, hidden), ImageNotFound);
});

Deno.test("update() keeps properties that Glance reserves (defect 12)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add({ os_glance_import_task: "7", os_glance_stage_host: "h", old: "1" });
  await glance.service().update(CONTEXT, id, { properties: { new: "2" } });
  assertEquals(glance.sentTo(`PATCH /v2/images/${id}`), [[
    { op: "remove", path: "/old" },
    { op: "add", path: "/new", value: "2" },
  ]]);
});

Deno.test("create() stores the data of a new image (defect 13)", async () => {
  const service = embedded();
  const { id, size, status } = await service.create(CONTEXT, META, new Blob(["the data"]));
  assertEquals([size, status], [8, "active"]);
  const bytes = await toBytes(await service.download(CONTEXT, id));
  assertEquals(new TextDecoder().decode(bytes), "the data");
});

for (const path of ["/v2", "/v2/", "/v2.17", ""]) {
  Deno.test(`call() requests /image/v2/images when the endpoint is "http://glance/image${path}" (defect 14)`, async () => {
    const glance = new ScenarioGlance();
    glance.respondTo("GET /image/v2/images", () => Response.json({ images: [] }));
    const endpoints = [{ interface: "public", url: `http://glance/image${path}` }];
    const serviceCatalog = [{ type: "image", endpoints }];
    await glance.service().detail({ ...CONTEXT, serviceCatalog });
    assertEquals(glance.requested, ["GET /image/v2/images"]);
  });
}

Deno.test("addLocation() throws NotAuthorized when Glance responds with 403 (defect 15)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.add();
  glance.respondTo(`POST /v2/images/${id}/locations`, 403);
  const error = await assertRejects(
    () => glance.service().addLocation(CONTEXT, id, URL_OF_DATA, { store: "cinder" }),
    NotAuthorized,
  );
  assertInstanceOf(error, ImageNotAuthorized);
  assertEquals(error.imageId, id);
});

Deno.test("call() requests no schema, and uses the catalog of each context (defect 16)", async () => {
  const glance = new ScenarioGlance();
  const service = glance.service();
  const contextAt = (host: string) => ({
    ...CONTEXT,
    serviceCatalog: [{ type: "image", endpoints: [{ publicURL: `http://${host}` }] }],
  });
  const [north, south] = [contextAt("north"), contextAt("south")];
  for (const context of [north, south, north]) await service.detail(context);
  assertEquals(glance.requests.map(({ url }) => url.host), ["north", "south", "north"]);
  assertEquals(glance.requested.filter((line) => line.includes("schema")), []);
});
