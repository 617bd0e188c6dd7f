/** Scenarios 40 to 49 and 77: downloads, and how their errors are translated. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toText } from "@std/streams";
import {
  GlanceConnectionFailed,
  ImageDownloadFailed,
  ImageNotAuthorized,
  ImageNotFound,
  NotAuthorized,
} from "../../mod.ts";
import { CONTEXT, failure, ScenarioGlance } from "./scenario_glance.ts";

/** A sink that records its chunks. */
function sink(): {
  writable: WritableStream<Uint8Array>;
  text: () => string;
  isClosed: () => boolean;
} {
  const decoder = new TextDecoder();
  let [text, isClosed] = ["", false];
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => void (text += decoder.decode(chunk, { stream: true })),
    close: () => void (isClosed = true),
  });
  return { writable, text: () => text, isClosed: () => isClosed };
}

Deno.test("download() fails when a server is unavailable and retries are disabled (scenario 40a)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.addWithData(8);
  glance.respondTo(`GET /v2/images/${id}`, 503);
  await assertRejects(
    () => glance.service({ numRetries: 0 }).download(CONTEXT, id),
    GlanceConnectionFailed,
    "in 1 attempt; last error: the server responded with 503",
  );
  assertEquals(glance.requests.length, 1);
});

Deno.test("download() succeeds when a server is unavailable once and one retry is allowed (scenario 40b)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.addWithData(8);
  glance.respondTo(`GET /v2/images/${id}`, 503);
  const stream = await glance.service({ numRetries: 1 }).download(CONTEXT, id);
  assertEquals(await toText(stream), "********");
});

for (const number of ["41", "77"]) {
  Deno.test(`download() throws ImageDownloadFailed when the image has no data (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.add({ id: "bad-image-id" });
    const error = await assertRejects(
      () => glance.service().download(CONTEXT, id),
      ImageDownloadFailed,
      "it has no data",
    );
    assert(error.message.includes("bad-image-id"));
    assertEquals([error.imageId, error.status], [id, 204]);
  });
}

for (
  const [number, status, ErrorClass, at] of [
    ["42", 403, ImageNotAuthorized, ""],
    ["45", 403, ImageNotAuthorized, "/file"],
    ["46", 404, ImageNotFound, ""],
    ["47", 404, ImageNotFound, "/file"],
  ] as const
) {
  Deno.test(`download() throws ${ErrorClass.name} when the ${at === "" ? "record" : "data"} gets ${status} (scenario ${number})`, async () => {
    const glance = new ScenarioGlance();
    const id = glance.addWithData(8);
    glance.respondTo(`GET /v2/images/${id}${at}`, status);
    const error = await assertRejects(
      () => glance.service().download(CONTEXT, id),
      ErrorClass,
      `download image "${id}"`.slice(at === "" ? "download ".length : 0),
    );
    assertEquals([error.imageId, error.status], [id, status]);
  });
}

Deno.test("download() throws an image error with its original error as cause (scenario 43)", async () => {
  const glance = new ScenarioGlance();
  const id = glance.addWithData(8);
  const forbidden = () =>
    new Response(failure(403, "Not allowed").body, {
      status: 403,
      headers: { "x-openstack-request-id": "req-42" },
    });
  glance.respondTo(`GET /v2/images/${id}/file`, forbidden);
  // A status has no exception as its cause: its message and the request id replace a traceback.
  const error = await assertRejects(
    () => glance.service().download(CONTEXT, id),
    ImageNotAuthorized,
    '403, "Not allowed"',
  );
  assertEquals([error.requestId, error.server], ["req-42", "http://example.com:9292"]);
});

Deno.test("download() throws a connection error with every original error as cause (scenario 43)", async () => {
  const glance = new ScenarioGlance();
  const broken = [new TypeError("connection refused"), new TypeError("connection reset")];
  glance.respondTo("GET /v2/images/1", ...broken);
  const error = await assertRejects(
    () => glance.service({ numRetries: 1 }).show(CONTEXT, "1"),
    GlanceConnectionFailed,
  );
  const { errors } = error.cause as AggregateError;
  assertEquals(errors.map(({ cause }) => cause), broken);
});

Deno.test("detail() throws an error with its original error as cause (scenario 44)", async () => {
  const glance = new ScenarioGlance();
  glance.respondTo("GET /v2/images", 403);
  const error = await assertRejects(
    () => glance.service().detail(CONTEXT),
    NotAuthorized,
    'list images: the server responded with 403, "as scripted"',
  );
  assertEquals([error.name, error.imageId, error.status], ["NotAuthorized", undefined, 403]);
});

async function withFile(
  text: string,
  use: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/disk image`, text);
    await use(`${folder}/disk image`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("download() reads a direct file URL without Glance (scenario 48)", async () => {
  await withFile("from disk", async (path, folder) => {
    const glance = new ScenarioGlance({ showLocations: true });
    const url = `file://${path.replaceAll(" ", "%20")}`;
    const id = glance.addWithData(9, { locations: [{ url, metadata: {} }] });
    const service = glance.service({
      allowedDirectUrlSchemes: ["file"],
      directUrlRoots: [folder],
    });
    const { writable, text, isClosed } = sink();
    await service.download(CONTEXT, id, writable);
    assertEquals([text(), isClosed()], ["from disk", true]);
    assertEquals(glance.requested, [`GET /v2/images/${id}`]);
  });
});

Deno.test("download() reads through Glance when a direct file URL is outside the allowed folders (scenario 48)", async () => {
  await withFile("from disk", async (path) => {
    const glance = new ScenarioGlance({ showDirectUrl: true });
    const id = glance.addWithData(9, { locations: [{ url: `file://${path}`, metadata: {} }] });
    // The reference opens any path that Glance names.
    const service = glance.service({
      allowedDirectUrlSchemes: ["file"],
      directUrlRoots: ["/nowhere"],
    });
    assertEquals(await toText(await service.download(CONTEXT, id)), "*********");
  });
});

Deno.test("download() reads through Glance when a direct URL has another scheme (scenario 49)", async () => {
  const glance = new ScenarioGlance({ showDirectUrl: true });
  const locations = [{ url: "swift+http://test/image", metadata: {} }];
  const id = glance.addWithData(4, { locations });
  const service = glance.service({ allowedDirectUrlSchemes: ["file"], directUrlRoots: ["/"] });
  const { writable, text } = sink();
  await service.download(CONTEXT, id, writable);
  assertEquals(text(), "****");
  assertEquals(glance.requested.at(-1), `GET /v2/images/${id}/file`);
});
