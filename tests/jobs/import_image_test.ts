/** Imports with the best method that the cloud offers. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  GlanceConnectionFailed,
  GlanceError,
  type ImageConflict,
  ImageContentRejected,
  ImageIntegrityError,
  importImage,
  type ImportOptions,
  type ImportSource,
  Invalid,
  type Progress,
} from "../../mod.ts";
import { ImageImportFailed } from "../../lib/errors.ts";
import { bytesOf, FakeBody, utf8 } from "../support/bodies.ts";
import { chunksOf } from "../support/image.ts";
import { empty, refused } from "../support/scripted_fetch.ts";
import { seededBytes } from "../support/seed.ts";
import { failureOf } from "../support/client_harness.ts";
import type { Arrived } from "../support/fake_glance.ts";
import { Cloud, contextOf, FORMATS } from "./embedded.ts";

const BYTES = seededBytes(9, 300_000);
const STORES = [{ id: "fast" }, { id: "slow" }];
const URL_OF_DATA = "https://me:pw@web.example/disk.raw?sig=secret";

/** A cloud with a queued image. */
async function cloudWith(options: ConstructorParameters<typeof Cloud>[0] = { stores: STORES }) {
  const cloud = new Cloud(options);
  const { id } = await cloud.service.create(cloud.context, FORMATS);
  cloud.requested.length = 0;
  const work = (source: ImportSource, reported: ImportOptions = {}, context = cloud.context) =>
    cloud.clock.run(importImage(cloud.service, context, id, source, reported));
  return { cloud, id, work };
}

/** A response of the web server. */
type WebResponse = (request: Request) => Response | null | Promise<Response | null>;

/** Handles requests for the import methods and for the data at a URL. */
function offering(methods: readonly string[] | number, web?: WebResponse) {
  return async ({ request }: Pick<Arrived, "request">): Promise<Response | null> => {
    const { hostname, pathname } = new URL(request.url);
    if (hostname === "web.example") return await web?.(request) ?? null;
    if (!pathname.endsWith("/info/import")) return null;
    if (typeof methods === "number") return empty(methods);
    return Response.json({ "import-methods": { value: methods } });
  };
}

async function stored({ service, context }: Cloud, id: string): Promise<Uint8Array> {
  return await bytesOf(await service.download(context, id));
}

Deno.test("importImage() stages and imports data, and reports progress of both", async () => {
  const { cloud, id, work } = await cloudWith();
  const uploaded: Progress[] = [];
  const seen: string[] = [];
  const image = await work({ data: new Blob([BYTES]) }, {
    stores: ["fast", "slow"],
    onUpload: (progress) => uploaded.push(progress),
    onProgress: ({ image: { status } }) => seen.push(status),
  });
  assertEquals([image.status, image.stores], ["active", ["fast", "slow"]]);
  assertEquals(await stored(cloud, id), BYTES);
  assertEquals([uploaded.at(-1)?.transferred, seen], [BYTES.length, ["active"]]);
  const requested = cloud.requested.map((line) => line.replace(id, "{id}"));
  assert(requested.includes("PUT /v2/images/{id}/stage"), requested.join());
  assert(requested.includes("POST /v2/images/{id}/import"), requested.join());
});

Deno.test("importImage() uploads data if the cloud has no import", async () => {
  for (const methods of [[], 404, 405]) {
    const { cloud, id, work } = await cloudWith();
    cloud.intercept = offering(methods);
    const image = await work({ data: BYTES }, { stores: ["slow"] });
    assertEquals([image.status, image.stores], ["active", ["slow"]]);
    assert(cloud.requested.includes(`PUT /v2/images/${id}/file`));
  }
});

Deno.test("importImage() lets Glance download a URL if it offers web-download", async () => {
  const { cloud, id, work } = await cloudWith();
  const bodies: unknown[] = [];
  let state = 0;
  cloud.intercept = async ({ request }) => {
    const offer = await offering(["web-download"])({ request });
    const { pathname } = new URL(request.url);
    if (offer !== null) return offer;
    if (pathname.endsWith(`${id}/import`)) {
      bodies.push(await request.json());
      return empty(202);
    }
    if (pathname.endsWith("/tasks")) return Response.json({ tasks: [] });
    const status = ["queued", "importing", "active"][Math.min(state++, 2)];
    return Response.json({ id, status });
  };
  state = 1;
  const image = await work({ url: URL_OF_DATA }, { allStores: true, allStoresMustSucceed: false });
  assertEquals(image.status, "active");
  assertEquals(bodies, [{
    method: { name: "web-download", uri: URL_OF_DATA },
    all_stores: true,
    all_stores_must_succeed: false,
  }]);
});

Deno.test("importImage() downloads a URL without a token if Glance does not offer web-download", async () => {
  for (const methods of [["glance-direct"], []]) {
    const { cloud, id, work } = await cloudWith();
    const tokens: (string | null)[] = [];
    cloud.intercept = offering(methods, (request) => {
      tokens.push(request.headers.get("x-auth-token"), request.redirect);
      return new Response(BYTES);
    });
    await work({ url: URL_OF_DATA });
    assertEquals(tokens, [null, "manual"]);
    assertEquals(await stored(cloud, id), BYTES);
  }
});

Deno.test("importImage() requests imports from another region and copies to more stores", async () => {
  const { cloud, id, work } = await cloudWith();
  const bodies: unknown[] = [];
  cloud.intercept = async ({ request }) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith(`${id}/import`)) {
      bodies.push(await request.json());
      return empty(202);
    }
    if (pathname.endsWith("/tasks")) return Response.json({ tasks: [] });
    if (pathname.endsWith(id)) return Response.json({ id, status: "active" });
    return await offering(["glance-download", "copy-image"])({ request });
  };
  await work({ region: "north", imageId: "1" });
  await work({ region: "north", imageId: "1", interface: "internal" }, { stores: ["slow"] });
  await work({ own: true }, { stores: ["slow"] });
  const remote = { name: "glance-download", glance_region: "north", glance_image_id: "1" };
  assertEquals(bodies, [
    { method: { ...remote, glance_service_interface: "public" } },
    { method: { ...remote, glance_service_interface: "internal" }, stores: ["slow"] },
    { method: { name: "copy-image" }, stores: ["slow"] },
  ]);
});

Deno.test("importImage() rejects a region that is not in the catalog before any request", async () => {
  const { cloud, work } = await cloudWith();
  let asked = 0;
  cloud.intercept = ({ request }) => {
    asked++;
    return offering(["glance-download"])({ request });
  };
  const endpoints = [{ region: "North", interface: "public", url: "http://north.test" }];
  const serviceCatalog = [
    { type: "image", name: "glance", endpoints },
    { type: "volume", name: "cinder", endpoints: [{ ...endpoints[0], region: "South" }] },
  ];
  const context = { ...contextOf("root"), serviceCatalog };
  await assertRejects(
    () => work({ region: "South", imageId: "1" }, {}, context),
    Invalid,
    'Cannot import from the region "South": the catalog has an image service in "North"; use one of these',
  );
  assertEquals(asked, 0);
  // Glance ignores the case.
  await assertRejects(
    () => work({ region: "NORTH", imageId: "1" }, {}, context),
    Invalid,
    "responded with 400",
  );
});

Deno.test("importImage() copies an image to its other stores once", async () => {
  const { work } = await cloudWith();
  const root = contextOf("root");
  await work({ data: BYTES }, { stores: ["fast"] });
  const copied = await work({ own: true }, { allStores: true }, root);
  assertEquals(copied.stores, ["fast", "slow"]);
  const again = await work({ own: true }, { allStores: true }, root);
  assertEquals(again.stores, ["fast", "slow"]);
  await assertRejects(() => work({ own: true }, { stores: ["slow"] }, root), Invalid, "already");
});

Deno.test("importImage() ignores the failure of an earlier copy", async () => {
  const { cloud, id, work } = await cloudWith();
  const old = { id: "old", status: "failure", message: "long ago" };
  cloud.intercept = async ({ request }) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith(`${id}/import`)) return empty(202);
    if (pathname.endsWith("/tasks")) return Response.json({ tasks: [old] });
    if (pathname.endsWith(id)) return Response.json({ id, status: "active" });
    return await offering(["copy-image"])({ request });
  };
  assertEquals((await work({ own: true }, { allStores: true })).id, id);
});

Deno.test("importImage() does not wait if `wait` is false", async () => {
  const { cloud, id, work } = await cloudWith();
  cloud.intercept = async ({ request }) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith(`${id}/import`)) return empty(202);
    if (pathname.endsWith(id)) return Response.json({ id, status: "importing" });
    return await offering(["web-download"])({ request });
  };
  assertEquals((await work({ url: URL_OF_DATA }, { wait: false })).status, "importing");
  assertEquals(cloud.clock.now(), 0);
});

Deno.test("importImage() continues after a lost response if the import has begun", async () => {
  const states = [["importing", true], ["active", true], ["queued", false]] as const;
  for (const [status, isTaken] of states) {
    const { cloud, id, work } = await cloudWith();
    let polls = 0;
    cloud.intercept = async ({ request }) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith(`${id}/import`) && request.method === "POST") throw refused();
      if (pathname.endsWith("/tasks")) return Response.json({ tasks: [] });
      if (pathname.endsWith(id)) {
        return Response.json({ id, status: polls++ > 0 ? "active" : status });
      }
      return await offering(["web-download"])({ request });
    };
    const error = await failureOf(work({ url: URL_OF_DATA }));
    assertEquals(error === undefined, isTaken, String(error));
    if (!isTaken) assert(error instanceof GlanceConnectionFailed);
    assertEquals(cloud.requested.filter((line) => line.startsWith("POST")).length, 1);
  }
});

Deno.test("importImage() throws if the stored data differs from the staged data, unless Glance converted it", async () => {
  for (const [rest, isRefused] of [[{}, true], [{ disk_format: "qcow2" }, false]] as const) {
    const { cloud, id, work } = await cloudWith();
    let isImported = false;
    cloud.intercept = async ({ request }) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith(`${id}/import`)) isImported = true;
      if (!pathname.endsWith(id) || !isImported) return null;
      const record = await (await cloud.respond(request)).json();
      return Response.json({ ...record, os_hash_value: "0".repeat(128), ...rest });
    };
    const error = await failureOf(work({ data: BYTES }));
    assertEquals(error instanceof ImageIntegrityError, isRefused, String(error));
  }
});

Deno.test("importImage() throws if the import fails", async () => {
  const { cloud, id, work } = await cloudWith();
  cloud.intercept = async ({ request }) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith(`${id}/import`)) return empty(202);
    if (pathname.endsWith("/tasks")) {
      return Response.json({
        tasks: [{ id: "1", status: "failure", message: "404 at the source" }],
      });
    }
    if (pathname.endsWith(id)) {
      return Response.json({ id, status: "queued", os_glance_failed_import: "fast" });
    }
    return await offering(["web-download"])({ request });
  };
  const error = await assertRejects(() => work({ url: URL_OF_DATA }), ImageImportFailed);
  assertEquals([error.stores, error.taskMessage], [["fast"], "404 at the source"]);
});

/** A response of the URL -> the message. */
const WEB_FAILURES:
  readonly (readonly [what: string, web: WebResponse, name: string, words: string])[] = [
    [
      "is missing",
      () => empty(404),
      "NotFound",
      'download "https://web.example/disk.raw": the server responded with 404',
    ],
    ["refuses", () => Promise.reject(refused()), "ServerUnreachable", "; check the URL"],
    [
      "breaks",
      () => {
        const steps = [...chunksOf(BYTES.slice(0, 9_000)), new TypeError("reset")];
        return new Response(new FakeBody(steps).stream);
      },
      "ServerUnreachable",
      "the connection broke",
    ],
    [
      "is silent",
      ({ signal }) => {
        return new Response(new FakeBody([BYTES.slice(0, 9), "silence"], { signal }).stream);
      },
      "ServerUnreachable",
      "it sent no data for 30000 ms",
    ],
    [
      "never answers",
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      "ServerUnreachable",
      "it did not respond within 60000 ms",
    ],
  ];

for (const [what, web, name, words] of WEB_FAILURES) {
  Deno.test(`importImage() reports that the URL ${what}, without secrets of the URL`, async () => {
    const { cloud, id, work } = await cloudWith();
    cloud.intercept = offering([], web);
    const error = await assertRejects(() => work({ url: URL_OF_DATA }), GlanceError);
    assertEquals(error.name, name);
    assert(error.message.includes(words), error.message);
    assert(!/pw|secret/.test(error.message), error.message);
    assertEquals((await cloud.service.show(cloud.context, id)).status, "queued");
  });
}

Deno.test("importImage() rejects an invalid source before any request", async () => {
  const { cloud, work } = await cloudWith();
  const sources = [{ url: "ftp://x/y" }, { url: "/etc/passwd" }, { url: 7 }, {}] as unknown[];
  for (const source of sources as ImportSource[]) {
    await assertRejects(() => work(source), Invalid, "Cannot import from");
  }
  const error = await failureOf(work({ url: "me:pw@host" }));
  assert(error instanceof Invalid && !error.message.includes("pw"), String(error));
  assertEquals(cloud.requested, []);
});

Deno.test("importImage() stops on abort while it stages and while it waits", async () => {
  const reason = new Error("enough");
  const staging = await cloudWith();
  const controller = new AbortController();
  const failure = await failureOf(staging.work({
    data: () =>
      new ReadableStream({
        pull: (stream) => {
          stream.enqueue(utf8("some"));
          controller.abort(reason);
        },
      }),
  }, { signal: controller.signal }));
  assertStrictEquals(failure, reason);

  const waiting = await cloudWith();
  const { cloud, id } = waiting;
  cloud.intercept = async ({ request }) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith(`${id}/import`)) return empty(202);
    if (pathname.endsWith(id)) return Response.json({ id, status: "importing" });
    return await offering(["web-download"])({ request });
  };
  const other = new AbortController();
  const work = waiting.work({ url: URL_OF_DATA }, {
    signal: other.signal,
    onProgress: () => queueMicrotask(() => other.abort(reason)),
  });
  assertStrictEquals(await failureOf(work), reason);
  assertEquals(cloud.clock.pending, 0);
});

Deno.test("importImage() keeps the image if Glance rejects the import", async () => {
  const { cloud, id, work } = await cloudWith();
  await work({ data: BYTES });
  const error: ImageConflict = await failureOf(work({ data: BYTES })) as ImageConflict;
  assertEquals(error.name, "ImageConflict");
  assertEquals(await stored(cloud, id), BYTES);
});

Deno.test("importImage() refuses staged data before it is sent if inspect is set", async () => {
  const { cloud, id, work } = await cloudWith();
  const data = new Blob([new Uint8Array([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 9])]);
  for (const inspect of ["match", "safe"] as const) {
    await assertRejects(() => work({ data }, { inspect }), ImageContentRejected, "qcow2");
  }
  assertEquals((await cloud.service.show(cloud.context, id)).status, "queued");
  assert(!cloud.requested.some((request) => request.includes("/stage")), cloud.requested.join());
});
