/** Copies of images between clouds. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  copyImage,
  type Image,
  ImageConflict,
  ImageIntegrityError,
  type ImageMeta,
  ImageNotFound,
  ImageUploadFailed,
  Invalid,
  NotAuthorized,
  type Progress,
} from "../../mod.ts";
import { bytesOf, FakeBody } from "../support/bodies.ts";
import { chunksOf, UNHASHED } from "../support/image.ts";
import { refused } from "../support/scripted_fetch.ts";
import { seededBytes } from "../support/seed.ts";
import { failureOf } from "../support/client_harness.ts";
import type { Intercept } from "../support/fake_glance.ts";
import { Cloud, contextOf, FORMATS } from "./embedded.ts";

const BYTES = seededBytes(7, 600_000);

/** A source with an image, a target without one, and the images that remain in the target. */
async function cloudsWith(
  meta: ImageMeta = {},
  from: Cloud = new Cloud(),
  to: Cloud = new Cloud(),
) {
  const image = await from.service.create(
    from.context,
    { name: "disk", ...FORMATS, ...meta },
    BYTES,
  );
  for (const { requested } of [from, to]) requested.length = 0;
  const left = async () => await to.service.detail(contextOf("root"));
  return { from, to, image, left };
}

/** Two clocks as one: advancing it advances the clocks of the source and the target. */
async function run<T>({ from, to }: { from: Cloud; to: Cloud }, work: Promise<T>): Promise<T> {
  return await from.clock.run(to.clock.run(work));
}

/** The body of `response` as a body that breaks after `bytes` bytes. */
async function brokenAfter(bytes: number, response: Response): Promise<Response> {
  const whole = new Uint8Array(await response.arrayBuffer()).slice(0, bytes);
  const { stream } = new FakeBody([...chunksOf(whole, 50_000), new TypeError("connection reset")]);
  return new Response(stream, response);
}

/** The image records of a cloud, with some values replaced. */
function withProperties(cloud: Cloud, mismatch: Readonly<Record<string, unknown>>): Intercept {
  return async ({ request }) => {
    const isRecord = /\/images\/[^/]+$/.test(request.url) && request.method === "GET";
    if (!isRecord) return null;
    const response = await cloud.respond(request);
    return Response.json({ ...await response.json(), ...mismatch });
  };
}

function isData(request: Request): boolean {
  return new URL(request.url).pathname.endsWith("/file");
}

Deno.test("copyImage() copies the data and the portable properties", async () => {
  const properties = { os_type: "linux", "a/b~c": "x", empty: "", mappings: [{ device: "vda" }] };
  const meta: ImageMeta = {
    ...{ minDisk: 3, minRam: 512, protected: true, osHidden: true, visibility: "private" },
    tags: ["gold", "b,c"],
    properties,
  };
  const { from, to, image } = await cloudsWith(meta);
  const copy = await copyImage(from, { ...to, context: contextOf("bob") }, image.id);
  assertEquals(await bytesOf(await to.service.download(contextOf("bob"), copy.id)), BYTES);
  assert(copy.id !== image.id);
  assertEquals([copy.owner, image.owner], ["p2", "p1"]);
  const portable = ({ id: _, owner: __, createdAt: ___, updatedAt: ____, ...rest }: Image) => rest;
  assertEquals(portable(copy), portable(image));
});

Deno.test("copyImage() omits reserved properties", async () => {
  const from = new Cloud({ stores: [{ id: "one" }, { id: "two" }] });
  const { to, image } = await cloudsWith({ properties: { mine: "x" } }, from);
  await from.service.client.call(contextOf("root"), "import", image.id, {
    method: { name: "copy-image" },
    all_stores: true,
  });
  const source = await from.service.show(from.context, image.id);
  assert("os_glance_failed_import" in source.properties);
  const copy = await copyImage(from, to, image.id);
  assertEquals(copy.properties, { mine: "x" });
});

Deno.test("copyImage() overrides properties with `meta`", async () => {
  const { from, to, image } = await cloudsWith({ properties: { keep: "1", drop: "2" } });
  const id = crypto.randomUUID();
  const meta = { id, name: "copy", properties: { drop: null, add: "3" } };
  const copy = await copyImage(from, to, image.id, { meta });
  assertEquals([copy.id, copy.name, copy.properties], [id, "copy", { keep: "1", add: "3" }]);
});

Deno.test("copyImage() keeps the properties that are undefined in `meta`", async () => {
  const { from, to, image } = await cloudsWith({ tags: ["kept"] });
  const meta = { name: undefined, diskFormat: undefined, tags: undefined };
  const copy = await copyImage(from, to, image.id, { meta });
  assertEquals([copy.name, copy.diskFormat, copy.tags], ["disk", FORMATS.diskFormat, ["kept"]]);
});

Deno.test("copyImage() resumes a broken download and reports progress", async () => {
  const clouds = await cloudsWith();
  const { from, to, image } = clouds;
  let breaks = 2;
  from.intercept = async ({ request }) => {
    if (!isData(request) || breaks-- <= 0) return null;
    return await brokenAfter(200_000, await from.respond(request));
  };
  const progress: Progress[] = [];
  const copying = copyImage(from, to, image.id, {
    onProgress: (reported) => progress.push(reported),
  });
  const copy = await run(clouds, copying);
  assertEquals(copy.osHashValue, image.osHashValue);
  assertEquals(to.requested.filter((line) => line.startsWith("PUT")).length, 1);
  const server = "http://a";
  const last = { transferred: BYTES.length, total: BYTES.length, server, resumes: 2 };
  assertEquals(progress.at(-1), last);
  assert(progress.every(({ transferred }, i) => transferred > (progress[i - 1]?.transferred ?? 0)));
});

Deno.test("copyImage() sends the data again if the connection to the target breaks", async () => {
  const clouds = await cloudsWith();
  const { from, to, image, left } = clouds;
  let breaks = 2;
  to.intercept = async ({ request }) => {
    if (request.method !== "PUT" || breaks-- <= 0) return null;
    const reader = request.body?.getReader();
    await reader?.read();
    await reader?.cancel("cut");
    throw refused();
  };
  const copy = await run(clouds, copyImage(from, to, image.id));
  assertEquals(copy.checksum, image.checksum);
  assertEquals(from.requested.filter((line) => line.endsWith("/file")).length, 3);
  assertEquals((await left()).length, 1);
});

Deno.test("copyImage() verifies the new image, and deletes it if it differs", async () => {
  for (const hashAlgorithm of ["sha512", "sha256"]) {
    const { from, to, image, left } = await cloudsWith(
      { protected: true },
      new Cloud(),
      new Cloud({ hashAlgorithm }),
    );
    await to.service.create(to.context, FORMATS, BYTES.slice(1));
    to.intercept = async ({ request }) => {
      if (request.method !== "PUT") return null;
      const { url, method, headers } = request;
      const body = new Uint8Array(await request.arrayBuffer());
      body[1234] = (body[1234] as number) ^ 1;
      return await to.respond(new Request(url, { method, headers, body }));
    };
    const error = await assertRejects(() => copyImage(from, to, image.id), ImageIntegrityError);
    assert(error.actual.startsWith(hashAlgorithm), error.message);
    assertEquals((await left()).length, 1);
  }
});

Deno.test("copyImage() hashes with both algorithms if the clouds use different ones", async () => {
  const to = new Cloud({ hashAlgorithm: "sha256" });
  await to.service.create(to.context, FORMATS, BYTES.slice(1));
  const { from, image } = await cloudsWith({}, new Cloud({ hashAlgorithm: "sha384" }), to);
  for (const cloud of [from, to]) cloud.intercept = withProperties(cloud, { checksum: null });
  const copy = await copyImage(from, to, image.id, { verify: "required" });
  assertEquals([image.osHashAlgo, copy.osHashAlgo, copy.checksum], ["sha384", "sha256", null]);
});

Deno.test("copyImage() compares MD5 if the target's algorithm is unknown", async () => {
  const clouds = await cloudsWith({}, new Cloud(), new Cloud({ hashAlgorithm: "sha256" }));
  const { from, to, image } = clouds;
  const copy = await copyImage(from, to, image.id, { verify: "required" });
  assertEquals([copy.osHashAlgo, copy.checksum], ["sha256", image.checksum]);
});

Deno.test("copyImage() with verify required fails if no hash can be compared, before or after the transfer", async () => {
  for (const which of ["from", "to"] as const) {
    const clouds = await cloudsWith();
    clouds[which].intercept = withProperties(clouds[which], UNHASHED);
    const copying = copyImage(clouds.from, clouds.to, clouds.image.id, { verify: "required" });
    await assertRejects(() => copying, Invalid, "Cannot verify image");
    assertEquals(await clouds.left(), []);
  }
  const clouds = await cloudsWith();
  clouds.from.intercept = withProperties(clouds.from, UNHASHED);
  assertEquals((await copyImage(clouds.from, clouds.to, clouds.image.id)).status, "active");
});

Deno.test("copyImage() keeps the default visibility if it may not set that of the source, unless `meta` sets one", async () => {
  const from = new Cloud({}, {}, "root");
  const { to, image, left } = await cloudsWith({ visibility: "public" }, from);
  const copy = await copyImage(from, to, image.id);
  assertEquals(copy.visibility, "shared");
  const meta = { visibility: "public" } as const;
  await assertRejects(() => copyImage(from, to, image.id, { meta }), NotAuthorized, "publicize");
  assertEquals((await left()).length, 1);
  const asRoot = { ...to, context: contextOf("root") };
  assertEquals((await copyImage(from, asRoot, image.id)).visibility, "public");
});

Deno.test("copyImage() sends no request to the target if the source has no data", async () => {
  const { from, to } = await cloudsWith();
  const { id } = await from.service.create(from.context, { name: "empty" });
  await assertRejects(() => copyImage(from, to, id), ImageConflict, "is queued");
  const missing = crypto.randomUUID();
  await assertRejects(() => copyImage(from, to, missing), ImageNotFound, missing);
  assertEquals(to.requested, []);
});

Deno.test("copyImage() deletes the new image if the download fails", async () => {
  const clouds = await cloudsWith({ protected: true });
  const { from, to, image, left } = clouds;
  from.intercept = ({ request }) => isData(request) ? new Response(null, { status: 503 }) : null;
  const error = await failureOf(run(clouds, copyImage(from, to, image.id)));
  assert(error instanceof Error && /GlanceConnectionFailed/.test(error.name), String(error));
  assertEquals(await left(), []);
});

Deno.test("copyImage() names the new image if it cannot be deleted after a failure", async () => {
  const clouds = await cloudsWith();
  const { from, to, image, left } = clouds;
  to.intercept = ({ request }) => {
    if (request.method === "PUT") return new Response(null, { status: 413 });
    return request.method === "DELETE" ? new Response(null, { status: 409 }) : null;
  };
  const error = await assertRejects(() => copyImage(from, to, image.id), ImageUploadFailed);
  to.intercept = () => null;
  assertEquals((await left()).map(({ id }) => id), [error.imageId]);
});

Deno.test("copyImage() stops on abort, and closes both connections", async () => {
  const clouds = await cloudsWith();
  const { from, to, image, left } = clouds;
  const controller = new AbortController();
  const reason = new Error("enough");
  const bodies: FakeBody[] = [];
  from.intercept = ({ request }) => {
    if (!isData(request)) return null;
    const { signal } = request;
    const body = new FakeBody([BYTES.slice(0, 300_000), "silence"], { signal });
    bodies.push(body);
    return new Response(body.stream, { headers: { "content-length": String(BYTES.length) } });
  };
  const { signal } = controller;
  const error = await failureOf(copyImage(from, to, image.id, {
    signal,
    progressInterval: 0,
    onProgress: ({ transferred }) => transferred > 250_000 && controller.abort(reason),
  }));
  assertStrictEquals(error, reason);
  assertEquals(bodies.map(({ isOver }) => isOver), [true]);
  assertEquals(await left(), []);
});

Deno.test("copyImage() applies backpressure from the target to the source", async () => {
  const clouds = await cloudsWith();
  const { from, to, image } = clouds;
  let given = 0;
  let ahead = 0;
  let taken = 0;
  from.intercept = ({ request }) => {
    if (!isData(request)) return null;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = BYTES.slice(given, given + 10_000);
        given += chunk.length;
        if (chunk.length === 0) return controller.close();
        ahead = Math.max(ahead, given - taken);
        controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
    return new Response(stream, { headers: { "content-length": String(BYTES.length) } });
  };
  to.intercept = async ({ request }) => {
    if (request.method !== "PUT") return null;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of request.body ?? []) {
      taken += chunk.length;
      chunks.push(chunk);
    }
    const { url, method, headers } = request;
    return await to.respond(new Request(url, { method, headers, body: new Blob(chunks) }));
  };
  await copyImage(from, to, image.id);
  assertEquals(given, BYTES.length);
  assert(ahead <= 300_000, `${ahead} bytes ahead`);
});

Deno.test("copyImage() waits for a target that stores the data after its proxy has timed out", async () => {
  const { from, to, image } = await cloudsWith();
  let left = 0;
  to.intercept = async ({ request }) => {
    const response = await to.respond(request);
    if (isData(request)) {
      left = 5;
      return new Response("proxy", { status: 504 });
    }
    if (request.method !== "GET" || left === 0) return response;
    left--;
    return Response.json({ ...await response.json(), status: "saving", size: null });
  };
  const copy = await run({ from, to }, copyImage(from, to, image.id));
  assertEquals([copy.status, copy.size], ["active", BYTES.byteLength]);
  assert(to.requested.every((asked) => !asked.startsWith("DELETE")));
});
