/** The request of an upload: its length, its token, its progress, and its errors. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  GlanceConnectionFailed,
  ImageIntegrityError,
  ImageNotAuthorized,
  Invalid,
  type Progress,
  type RequestContext,
  type UploadData,
  type UploadOptions,
} from "../../../mod.ts";
import { streamSupport } from "../../../lib/http/fixed_length.ts";
import { lengthKept } from "../../../lib/http/on_demand/stream_blob.ts";
import { FakeBody } from "../../support/bodies.ts";
import { BYTES, CALLER, chunksOf, ID } from "../../support/image.ts";
import { empty, failure } from "../../support/scripted_fetch.ts";
import { seededBytes } from "../../support/seed.ts";
import {
  cutAfter,
  type PutHandler,
  respondAfter,
  stored,
  UploadGlance,
} from "../../support/upload_glance.ts";
import { failureOf, harnessOn } from "../../support/client_harness.ts";

function uploadHarness(handlers: readonly PutHandler[] = [], context: RequestContext = CALLER) {
  const glance = new UploadGlance(handlers);
  const harness = harnessOn(glance.fetch);
  const upload = async (data: UploadData, options: UploadOptions = {}) =>
    await harness.clock.run(harness.service.update(context, ID, {}, data, options));
  return { ...harness, glance, upload };
}

async function* chunks(bytes = BYTES): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes);
}

/** A context whose token is renewed from `old` to `new`, and how often. */
function renewable() {
  const renewals: string[] = [];
  const context: RequestContext = {
    authToken: "old",
    renew: () => {
      renewals.push("renewed");
      return Promise.resolve({ authToken: "new" });
    },
  };
  return { context, renewals };
}

/** Rejects every token but the new one, after a number of bytes. */
function rejectOldToken(bytes: number): PutHandler {
  return async (glance, put) => {
    if (put.request.headers.get("x-auth-token") === "new") return await stored(glance, put);
    await put.take(bytes);
    put.giveUp("refused");
    return failure(401);
  };
}

Deno.test("upload() renews a refused token once, and sends data that can be read again", async () => {
  for (const bytes of [0, 3_000, Infinity]) {
    for (const data of [() => chunks(), () => BYTES, new Blob([BYTES]), BYTES]) {
      const { context, renewals } = renewable();
      const { glance, upload } = uploadHarness(Array(3).fill(rejectOldToken(bytes)), context);
      assertEquals((await upload(data)).size, 10_000);
      assertEquals([glance.puts.length, renewals.length], [2, 1]);
    }
  }
});

Deno.test("upload() fails with the 401 when the new token is refused too", async () => {
  const { context, renewals } = renewable();
  const { glance, upload } = uploadHarness(Array(9).fill(respondAfter(0, 401)), context);
  await assertRejects(() => upload(() => chunks()), ImageNotAuthorized, "401");
  assertEquals([glance.puts.length, renewals.length], [2, 1]);
});

Deno.test("upload() fails with the 401 when the token cannot be renewed, or the data not be read again", async () => {
  const fixed = uploadHarness([respondAfter(0, 401)]);
  await assertRejects(() => fixed.upload(() => chunks()), ImageNotAuthorized);
  assertEquals(fixed.glance.puts.length, 1);
  const { context, renewals } = renewable();
  const once = uploadHarness([respondAfter(0, 401)], context);
  await assertRejects(() => once.upload(chunks()), ImageNotAuthorized);
  assertEquals([once.glance.puts.length, renewals.length], [1, 0]);
});

Deno.test("upload() reports that data can be read only once when it is a stream, and only then", async () => {
  const cuts = Array.from({ length: 9 }, () => cutAfter(1_000));
  const ONCE = "can be read only once";
  for (const data of [() => chunks(), new Blob([BYTES]), BYTES]) {
    const { message } = await assertRejects(
      () => uploadHarness(cuts).upload(data),
      GlanceConnectionFailed,
    );
    assert(!message.includes(ONCE) && !message.includes("not repeated"), message);
    assertStringIncludes(message, "all 4 uploads of the data failed");
  }
  const { message } = await assertRejects(
    () => uploadHarness(cuts).upload(chunks()),
    GlanceConnectionFailed,
    ONCE,
  );
  assertStringIncludes(message, "check size limits, quotas, and the token");
});

Deno.test("upload() announces the length of every body whose size is known", async () => {
  for (
    const [data, options, length] of [
      [new Blob([BYTES]), {}, "10000"],
      [() => chunks(), { size: 10_000 }, "10000"],
      [chunks(), { size: 10_000 }, "10000"],
      [chunks(), {}, null],
      [() => new Blob([BYTES]), {}, null],
      // Bytes have their length by themselves.
      [BYTES, {}, null],
    ] as const
  ) {
    const { glance, upload } = uploadHarness();
    await upload(data, options);
    assertEquals(glance.puts[0]?.request.headers.get("content-length"), length);
  }
});

Deno.test("upload() throws an error with a hint when a proxy requires a length that is unknown", async () => {
  const { upload } = uploadHarness([respondAfter(0, 411)]);
  await assertRejects(
    () => upload(chunks()),
    Invalid,
    "; a proxy in front of Glance rejects data of unknown size: give its size, or upload it from a file",
  );
});

Deno.test("lengthKept() returns a Blob of the announced length on Deno", async () => {
  const stream = new FakeBody(chunksOf(BYTES)).stream;
  const body = lengthKept(stream, "10000");
  if (!(body instanceof Blob)) throw new TypeError("It is no Blob");
  assertEquals([body.size, await new Response(body).bytes()], [10_000, BYTES]);
  const other = new FakeBody([]).stream;
  assertEquals(lengthKept(other, undefined), other);
  await other.cancel();
});

Deno.test("streamSupport() returns that Deno sends streams", () => {
  assertEquals(streamSupport(), "always");
});

Deno.test("upload() reports a chunk when the runtime reads the next, and a known total after the response", async () => {
  const large = seededBytes(3, 600_000);
  for (const size of [undefined, 600_000]) {
    const seen: number[] = [];
    let onResponse = -1;
    const { upload } = uploadHarness([async (glance, put) => {
      await put.take();
      onResponse = seen.at(-1) ?? 0;
      glance.store(large);
      return empty();
    }]);
    const onProgress = ({ transferred }: Progress) => void seen.push(transferred);
    const options = { onProgress, progressInterval: 0, ...size !== undefined && { size } };
    await upload(() => new FakeBody([large], { isByteStream: false }).stream, options);
    // Without a size, only the end of the source shows which chunk is the last.
    const last = size === undefined ? [600_000, 600_000] : [600_000];
    assertEquals(seen, [262_144, 524_288, ...last]);
    assertEquals(onResponse, size === undefined ? 600_000 : 524_288);
  }
});

Deno.test("upload() never reports a known total when the data was not stored", async () => {
  const faults: readonly PutHandler[] = [
    respondAfter(Infinity, 413),
    async (glance, put) => {
      await put.take();
      glance.store(BYTES.subarray(1));
      return empty();
    },
  ];
  for (const fault of faults) {
    for (const data of [BYTES, new Blob([BYTES]), () => chunks()]) {
      const seen: Progress[] = [];
      const { upload } = uploadHarness([fault]);
      const options = { size: 10_000, onProgress: (one: Progress) => void seen.push(one) };
      const error = await failureOf(upload(data, options));
      assert(
        error instanceof Error && error instanceof ImageIntegrityError === (fault === faults[1]),
      );
      assert(seen.every(({ transferred }) => transferred < 10_000));
    }
  }
});

Deno.test("upload() of size 0 sends an empty body, and throws when the source has bytes", async () => {
  for (const data of [new Blob(), () => new FakeBody([]).stream, new FakeBody([]).stream]) {
    const { glance, upload } = uploadHarness();
    assertEquals((await upload(data, { size: 0 })).size, 0);
    assertEquals([glance.puts[0]?.isWhole, glance.puts[0]?.bytes.byteLength], [true, 0]);
  }
  const { glance, upload } = uploadHarness();
  await assertRejects(() => upload(() => chunks(), { size: 0 }), Invalid, "the announced 0 bytes");
  assertEquals(glance.puts.length, 0);
});

/** Runs a function as if in a browser, whose `Request` may convert streams to text. */
async function inBrowser(sendsStreams: boolean, run: () => Promise<void>): Promise<void> {
  const { Request: RealRequest } = globalThis;
  Object.defineProperty(navigator, "userAgent", { value: "Mozilla/5.0", configurable: true });
  if (!sendsStreams) {
    globalThis.Request = class extends RealRequest {
      constructor(input: RequestInfo | URL, init?: RequestInit) {
        const { body, ...rest } = init ?? {};
        super(input, {
          ...rest,
          body: body instanceof ReadableStream ? String(body) : body ?? null,
        });
      }
    };
  }
  try {
    await run();
  } finally {
    globalThis.Request = RealRequest;
    Reflect.deleteProperty(navigator, "userAgent");
  }
}

Deno.test("upload() sends a Blob as it is in a browser, and compares its hash", async () => {
  for (const sendsStreams of [true, false]) {
    await inBrowser(sendsStreams, async () => {
      assertEquals(streamSupport(), sendsStreams ? "http2" : "never");
      const blob = new Blob([BYTES]);
      for (const data of [blob, () => blob]) {
        const { glance, upload } = uploadHarness([cutAfter(10)]);
        assertEquals((await upload(data)).size, 10_000);
        assert(glance.puts.every(({ request: { body } }) => body === blob));
        const other = uploadHarness([async (glance, put) => {
          glance.store((await put.take()).bytes.map((byte) => byte ^ 1));
          return empty();
        }]);
        await assertRejects(() => other.upload(data), ImageIntegrityError, "sha512");
      }
    });
  }
});

Deno.test("upload() fails in a browser with the error of a Blob whose file has changed", async () => {
  const changed = new DOMException("the file has changed", "NotReadableError");
  class ChangedBlob extends Blob {
    override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
      return new ReadableStream({ start: (controller) => controller.error(changed) });
    }
  }
  await inBrowser(true, async () => {
    const { upload, glance } = uploadHarness([
      () => Promise.reject(new TypeError("Failed to fetch")),
    ]);
    assertEquals(await failureOf(upload(new ChangedBlob([BYTES]))), changed);
    assertEquals(glance.puts.length, 1);
  });
});

Deno.test("upload() names what a browser cannot send", async () => {
  await inBrowser(false, async () => {
    const { upload, glance } = uploadHarness();
    await assertRejects(
      () => upload(chunks()),
      Invalid,
      "this browser cannot send a stream; pass a Blob",
    );
    assertEquals(glance.puts.length, 0);
  });
  await inBrowser(true, async () => {
    const { upload } = uploadHarness([() => Promise.reject(new TypeError("Failed to fetch"))]);
    await assertRejects(
      () => upload(chunks()),
      GlanceConnectionFailed,
      "over HTTP/2 only: pass a Blob",
    );
  });
});

Deno.test("upload() reports sent bytes when its source pauses", async () => {
  const controller = new AbortController();
  const { upload } = uploadHarness();
  const data = new FakeBody([new Uint8Array(300_000), "silence"], { isByteStream: false }).stream;
  const onProgress = ({ transferred }: Progress) => controller.abort(transferred);
  const { signal } = controller;
  assertEquals(await failureOf(upload(data, { onProgress, signal })), 262_144);
});
