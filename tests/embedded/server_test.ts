/** The embedded Glance beyond the contract: options, ports, shared storage, races. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  createEmbeddedGlance,
  directoryStorage,
  type EmbeddedGlanceOptions,
  memoryStorage,
} from "../../lib/embedded/mod.ts";
import {
  create,
  download,
  patch,
  send,
  show,
  stalledBody,
  temporaryDirectory,
  upload,
} from "./glance.ts";

Deno.test("createEmbeddedGlance() serves the same images when two servers share a store", async () => {
  const store = memoryStorage();
  const a = createEmbeddedGlance({ storage: store });
  const b = createEmbeddedGlance({ storage: store, supportsRanges: false });
  const id = await create(a, { name: "shared" });
  assertEquals(await upload(b, id, "0123456789"), 204);
  assertEquals(await download(a, id, "bytes=2-3"), "23");
  const refused = await send(b, "GET", `/v2/images/${id}/file`, undefined, { range: "bytes=2-3" });
  await refused.body?.cancel();
  assertEquals(refused.status, 400);
  await send(a, "DELETE", `/v2/images/${id}`);
  assertEquals((await show(b, id)).code, 404);
});

Deno.test("createEmbeddedGlance() keeps concurrent changes of one image by two servers", async () => {
  const store = memoryStorage();
  const [first, second] = [
    createEmbeddedGlance({ storage: store }),
    createEmbeddedGlance({ storage: store }),
  ];
  const id = await create(first);
  const tags = Array.from({ length: 40 }, (_, i) => `t${i}`);
  await Promise.all(
    tags.map((tag, i) => send(i % 2 === 0 ? first : second, "PUT", `/v2/images/${id}/tags/${tag}`)),
  );
  assertEquals((await show(first, id)).image["tags"], tags);
});

Deno.test("createEmbeddedGlance() rejects one of two concurrent uploads and completes the other", async () => {
  const glance = createEmbeddedGlance();
  const id = await create(glance);
  const { body, reached, resume } = stalledBody("first");
  const slow = upload(glance, id, body);
  await reached;
  assertEquals(await upload(glance, id, "second"), 409);
  resume();
  assertEquals(await slow, 204);
  assertEquals(await download(glance, id), "first");
});

Deno.test("fetch() rejects an upload with 410 when its image is deleted meanwhile", async () => {
  const glance = createEmbeddedGlance();
  const id = await create(glance);
  const { body, reached, resume } = stalledBody("data");
  const status = upload(glance, id, body);
  await reached;
  assertEquals((await send(glance, "DELETE", `/v2/images/${id}`)).status, 204);
  resume();
  assertEquals(await status, 410);
});

Deno.test("fetch() does not read the body when it rejects an upload", async () => {
  const glance = createEmbeddedGlance();
  let canceled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: () => assert(false, "the body must not be read"),
    cancel: () => {
      canceled = true;
    },
  }, { highWaterMark: 0 });
  assertEquals(await upload(glance, "nope", body), 404);
  assertEquals(canceled, true);
});

Deno.test("fetch() aborts an upload when it exceeds imageSizeCap", async () => {
  const glance = createEmbeddedGlance({ imageSizeCap: 10 });
  const id = await create(glance);
  let given = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      given++;
      controller.enqueue(new Uint8Array(4));
    },
  }, { highWaterMark: 0 });
  assertEquals(await upload(glance, id, body), 413);
  assertEquals(given, 3);
  assertEquals(await upload(glance, id, new Uint8Array(10)), 204);
});

Deno.test("createEmbeddedGlance() does not call onError when an upload is interrupted or a request is rejected", async () => {
  const errors: unknown[] = [];
  const glance = createEmbeddedGlance({ onError: (error) => errors.push(error) });
  const id = await create(glance);
  assertEquals(await upload(glance, "nope", "x"), 404);
  assertEquals(errors, []);
  const { body, fail } = stalledBody("half");
  fail(new Error("the sender is gone"));
  assertEquals(await upload(glance, id, body), 400);
  assertEquals(errors, []);
});

Deno.test("createEmbeddedGlance() takes all times from now and all ids from randomUUID", async () => {
  let count = 0;
  const glance = createEmbeddedGlance({
    now: () => Date.parse("2030-01-02T03:04:05.678Z"),
    randomUUID: () => `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
  });
  const id = await create(glance);
  assertEquals(id, "00000000-0000-4000-8000-000000000002");
  const { image } = await show(glance, id);
  assertEquals(image["created_at"], "2030-01-02T03:04:05Z");
  const response = await send(glance, "GET", "/v2/images");
  await response.body?.cancel();
  const requestId = response.headers.get("x-openstack-request-id");
  assertEquals(requestId, "req-00000000-0000-4000-8000-000000000004");
});

Deno.test("createEmbeddedGlance() serves one project with the role admin when identify is not set", async () => {
  const glance = createEmbeddedGlance();
  const id = await create(glance, { visibility: "public" });
  assertEquals((await show(glance, id)).image["owner"], "local");
});

Deno.test("createEmbeddedGlance() sets os_hash_algo when hashAlgorithm is set", async () => {
  const glance = createEmbeddedGlance({ hashAlgorithm: "sha256" });
  const id = await create(glance);
  await upload(glance, id, "abc");
  const { image } = await show(glance, id);
  assertEquals([image["os_hash_algo"], image["os_hash_value"]], [
    "sha256",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ]);
});

Deno.test("createEmbeddedGlance() reads the size and data of a location URL when fetch is set", async () => {
  const requests: string[] = [];
  const glance = createEmbeddedGlance({
    showLocations: true,
    stores: [{ id: "local", default: "true" }, { id: "web", "read-only": "true" }],
    fetch: (input, init) => {
      requests.push(`${init?.method} ${input}`);
      const body = init?.method === "HEAD" ? null : "from the web";
      return Promise.resolve(new Response(body, { headers: { "content-length": "12" } }));
    },
  });
  const id = await create(glance);
  assertEquals(await addLocation(glance, id, "http://elsewhere/image"), 200);
  const { image } = await show(glance, id);
  assertEquals([image["status"], image["size"], image["stores"]], ["active", 12, "web"]);
  assertEquals(await download(glance, id), "from the web");
  assertEquals(requests, ["HEAD http://elsewhere/image", "GET http://elsewhere/image"]);
  const part = await send(glance, "GET", `/v2/images/${id}/file`, undefined, {
    range: "bytes=0-1",
  });
  await part.body?.cancel();
  assertEquals(part.status, 400);
});

Deno.test("createEmbeddedGlance() adds a location URL but does not read it when fetch is not set", async () => {
  const glance = createEmbeddedGlance({ showLocations: true });
  const id = await create(glance);
  assertEquals(await addLocation(glance, id, "https://elsewhere/image"), 200);
  assertEquals((await show(glance, id)).image["size"], null);
  const response = await send(glance, "GET", `/v2/images/${id}/file`);
  await response.body?.cancel();
  assertEquals(response.status, 503);
});

Deno.test("createEmbeddedGlance() lets a service add and list locations when the version is 2.17", async () => {
  const glance = createEmbeddedGlance({
    identify: (token) => ({ projectId: "p", userId: "u", roles: [token ?? "member"] }),
  });
  const id = await create(glance);
  const path = `/v2/images/${id}/locations`;
  const location = { url: "https://elsewhere/image" };
  const added = await send(glance, "POST", path, JSON.stringify(location));
  assertEquals(added.status, 202);
  const listed = await send(glance, "GET", path, undefined, { "x-auth-token": "service" });
  assertEquals(await listed.json(), [{ ...location, metadata: { store: "local" } }]);
});

/** Invalid options and a part of the error message. */
const BAD_OPTIONS: readonly (readonly [options: EmbeddedGlanceOptions, text: string])[] = [
  [{ imageSizeCap: -1 }, '"imageSizeCap" is -1'],
  [{ tagQuota: 1.5 }, '"tagQuota" is 1.5'],
  [{ stores: [] }, "no store"],
  [{ stores: [{ id: "web", "read-only": "true" }] }, "no store"],
  [{ stores: [{ id: "../x" }] }, 'the store id "../x" cannot name a directory'],
  [{ stores: [{ id: ".." }] }, 'the store id ".." cannot name a directory'],
  [{ stores: [{ id: "os_glance_staging_store" }] }, "cannot name a directory"],
  [{ version: "2.99" }, 'the version "2.99" is not supported'],
  [{ hashAlgorithm: "nope" }, 'the hash algorithm "nope" is not supported'],
];

for (const [options, text] of BAD_OPTIONS) {
  Deno.test(`createEmbeddedGlance() throws for ${JSON.stringify(options)}`, () => {
    assertThrows(() => createEmbeddedGlance(options), TypeError, text);
  });
}

Deno.test("fetch() deletes the data of a location when PATCH removes it", async () => {
  await using directory = await temporaryDirectory();
  const glance = createEmbeddedGlance({
    storage: directoryStorage(directory.path),
    showLocations: true,
    stores: [{ id: "one" }, { id: "two" }],
  });
  const id = await create(glance);
  await upload(glance, id, "data");
  const order = JSON.stringify({ method: { name: "copy-image" }, all_stores: true });
  assertEquals((await send(glance, "POST", `/v2/images/${id}/import`, order)).status, 202);
  assertEquals(await patch(glance, id, [{ op: "remove", path: "/locations/0" }]), 200);
  const stored = await Array.fromAsync(Deno.readDir(`${directory.path}/data/one`));
  assertEquals(stored, []);
  assertEquals(await download(glance, id), "data");
});

Deno.test("fetch() responds with 405 when the method is unknown", async () => {
  const glance = createEmbeddedGlance();
  for (const method of ["constructor", "toString", "PROPFIND"]) {
    const response = await send(glance, method, "/v2/images");
    await response.body?.cancel();
    assertEquals(response.status, 405, method);
  }
});

Deno.test("fetch() accepts a custom property when it is named like a member of Object.prototype", async () => {
  const glance = createEmbeddedGlance();
  const body = '{"__proto__": "a", "constructor": "b", "toString": "c"}';
  const response = await send(glance, "POST", "/v2/images", body);
  const text = await response.text();
  const image = new Map(Object.entries(JSON.parse(text) as Record<string, unknown>));
  assertEquals(["__proto__", "constructor", "toString"].map((key) => image.get(key)), [
    "a",
    "b",
    "c",
  ]);
  const listed = await (await send(glance, "GET", "/v2/images?__proto__=a")).json() as {
    images: unknown[];
  };
  assertEquals(listed.images.length, 1);
});

async function addLocation(
  glance: ReturnType<typeof createEmbeddedGlance>,
  id: string,
  url: string,
): Promise<number> {
  return await patch(glance, id, [
    { op: "add", path: "/locations/-", value: { url, metadata: {} } },
  ]);
}

Deno.test("createEmbeddedGlance() throws when storage is not a storage", () => {
  const store = { ready: () => Promise.resolve() };
  assertThrows(
    () => createEmbeddedGlance({ storage: store }),
    TypeError,
    '"storage" is not a storage',
  );
});
