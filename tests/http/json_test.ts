/** Documents of every server are limited in bytes, time, and depth. */
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { parseJson, readBytes, readStart } from "../../lib/http/json.ts";
import {
  authenticate,
  getRemoteImageService,
  GlanceClientWrapper,
  GlanceConnectionFailed,
  GlanceError,
} from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { fetchCatalog } from "../../lib/auth/keystone.ts";
import { SimulatedClock } from "../support/clock.ts";

/** Maximum bytes of a document, unless the caller sets another limit. */
const DOCUMENT_LIMIT = 32 * 1024 * 1024;

const CHUNK = new TextEncoder().encode(`[${"1,".repeat(32 * 1024 - 1)}1`);

/** An endless body that counts the bytes read from it. */
class Endless {
  taken = 0;
  isCanceled = false;

  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: (controller) => {
        this.taken += CHUNK.byteLength;
        controller.enqueue(CHUNK.slice());
      },
      cancel: () => {
        this.isCanceled = true;
      },
    }, { highWaterMark: 0 });
  }

  respond(status = 200, headers: Record<string, string> = {}): Response {
    return new Response(this.stream(), {
      status,
      headers: { "content-type": "application/json", "x-subject-token": "t", ...headers },
    });
  }
}

/** The calls that request a document. */
const QUESTIONS: Readonly<Record<string, (fetch: () => Promise<Response>) => Promise<unknown>>> = {
  "an image": (fetch) => client(fetch).call({}, "get", "1"),
  "a page of images": (fetch) => client(fetch).call({}, "list"),
  "a new image": (fetch) =>
    client(async () => {
      const { body, status } = await fetch();
      return new Response(body, { status: status === 200 ? 201 : status });
    }).call({}, "create", {}),
  "a schema": (fetch) => client(fetch).call({}, "schemas.get", "image"),
  "the versions": (fetch) => client(fetch).call({}, "versions.list"),
  "the tags of a namespace": (fetch) => client(fetch).call({}, "metadefs.tags.list", "n"),
  "a foreign image": async (fetch) => {
    const [service, id] = await getRemoteImageService({}, "http://foreign/v2/images/1", {
      fetch,
      numRetries: 0,
    });
    await service.show({}, id);
  },
  "a token": (fetch) =>
    authenticate({ authUrl: "http://keystone/v3", token: "t" }, { fetch, numRetries: 0 }),
  "a catalog": (fetch) =>
    fetchCatalog("http://keystone/v3", { authToken: "t" }, { fetch, numRetries: 0 }),
};

for (const [what, send] of Object.entries(QUESTIONS)) {
  Deno.test(`call() names the limit in its error when the response to a request for ${what} is endless`, async () => {
    const endless = new Endless();
    const error = await assertRejects(
      () => send(() => Promise.resolve(endless.respond())),
      UnexpectedResponse,
      `larger than the limit of ${DOCUMENT_LIMIT} bytes`,
    );
    assert(error instanceof GlanceError);
    assert(endless.isCanceled);
    assertLess(endless.taken, DOCUMENT_LIMIT + 3 * CHUNK.byteLength);
  });

  Deno.test(`call() reads an endless error response to a request for ${what} only up to the limit of a quote`, async () => {
    for (const status of [400, 404, 500, 503]) {
      const endless = new Endless();
      await assertRejects(
        () => send(() => Promise.resolve(endless.respond(status))),
        GlanceError,
      );
      assert(endless.isCanceled, `${status}`);
      assertLess(endless.taken, 4 * CHUNK.byteLength, `${status}`);
    }
  });
}

Deno.test("call() reads nothing of a response whose Content-Length exceeds the limit", async () => {
  const endless = new Endless();
  const response = endless.respond(200, { "content-length": String(DOCUMENT_LIMIT + 1) });
  await assertRejects(() => readBytes(response), UnexpectedResponse, "the limit");
  assertEquals([endless.taken, endless.isCanceled], [0, true]);
});

Deno.test("call() limits the decoded bytes of a body with any Content-Length", async () => {
  const endless = new Endless();
  const response = endless.respond(200, { "content-length": "20", "content-encoding": "gzip" });
  Object.defineProperty(response, "url", { value: "http://glance/v2/images" });
  await assertRejects(() => readBytes(response), UnexpectedResponse, '"http://glance"');
  assertLess(endless.taken, DOCUMENT_LIMIT + 3 * CHUNK.byteLength);
});

Deno.test("call() ends with requestTimeout when a body stalls and ignores its signal", async () => {
  const clock = new SimulatedClock();
  const stalled = () =>
    new Response(new ReadableStream({ pull: () => new Promise(() => {}) }, { highWaterMark: 0 }));
  const glance = new GlanceClientWrapper({
    netloc: "glance.test",
    fetch: () => Promise.resolve(stalled()),
    sleep: clock.sleep,
    timer: clock.timer,
    now: clock.now,
    numRetries: 0,
    requestTimeout: 5_000,
  });
  const requested = assertRejects(() => glance.call({}, "list"), GlanceConnectionFailed, "5000 ms");
  await clock.run(requested);
  assertEquals(clock.now(), 5_000);
});

Deno.test("parseJson() rejects JSON that Python considers too deep, without recursion", () => {
  for (const [open, close] of [["[", "]"], ['{"a":', "}"], ['[{"error":', "}]"]] as const) {
    const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
    assert(parseJson(nested(400)) !== undefined);
    assertEquals(parseJson(nested(1_200)), undefined);
    assertEquals(parseJson(nested(300_000)), undefined);
  }
  assertEquals(parseJson("[".repeat(300_000)), undefined);
});

Deno.test("call() throws UnexpectedResponse for a deeply nested response", async () => {
  const body = `{"images":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  for (const status of [200, 404, 500]) {
    const fetch = () => Promise.resolve(new Response(body, { status }));
    await assertRejects(() => client(fetch).call({}, "list"), GlanceError);
  }
});

Deno.test("readStart() returns the start of a body and cancels the rest", async () => {
  const endless = new Endless();
  const text = await readStart(endless.respond(), { limit: 10 });
  assertEquals([text, endless.isCanceled], ["[1,1,1,1,1", true]);
  assertEquals(await readStart(new Response("short")), "short");
  assertEquals(await readStart(new Response(null)), "");
});

function client(fetch: () => Promise<Response>): GlanceClientWrapper {
  return new GlanceClientWrapper({ netloc: "glance.test", fetch, numRetries: 0 });
}
