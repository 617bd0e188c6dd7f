/** Uploads over real sockets whose response is late, early or not Glance's. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  getDefaultImageService,
  GlanceConnectionFailed,
  GlanceError,
  type GlanceEvent,
  type GlanceOptions,
  ImageUploadFailed,
  type Progress,
  type UploadData,
  type UploadOptions,
} from "../../mod.ts";
import { UnexpectedResponse } from "../../lib/errors.ts";
import { TurnClock } from "../support/turn_clock.ts";
import { seededBytes } from "../support/seed.ts";
import { failureOf } from "../support/client_harness.ts";
import {
  acknowledgeAfter,
  continueAt,
  neverRespond,
  refuseAfter,
  refuseAndCloseAfter,
  resetAfter,
  respondAfterSaving,
  respondWhileSaving,
  type UploadFault,
  UploadServers,
} from "./upload_servers.ts";

const DATA = seededBytes(1, 600_001);

/** More than the sockets between a client and a server that reads nothing can hold. */
const LARGE = seededBytes(2, 16 * 1024 ** 2);

/** The factor by which the client's time is faster. */
const SPEED = 50;

const KINDS: readonly (readonly [what: string, data: (bytes: Uint8Array) => UploadData])[] = [
  ["bytes", (bytes) => bytes],
  ["a Blob", (bytes) => new Blob([bytes.slice()])],
  ["a function", (bytes) => () => new Blob([bytes.slice()]).stream()],
  ["a stream", (bytes) => new Blob([bytes.slice()]).stream()],
];

/** A client whose time is faster. */
function create(
  servers: UploadServers,
  data: UploadData,
  upload: UploadOptions = {},
  options: GlanceOptions = {},
) {
  const service = getDefaultImageService({
    apiServers: servers.urls,
    authStrategy: "noauth",
    random: () => 0,
    ...new TurnClock(SPEED).options,
    stallTimeout: 3_600_000,
    ...options,
  });
  return service.create({}, { name: "image" }, data, upload);
}

function isSame(a: Uint8Array | null, b: Uint8Array): boolean {
  return a?.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** Failures that a client sees although Glance stores the upload. */
const SLOW: readonly (readonly [what: string, fault: UploadFault, requestTimeout?: number])[] = [
  ["a proxy responds with 504", respondWhileSaving("504 Gateway Timeout", 4)],
  ["a proxy responds with 502", respondWhileSaving("502 Bad Gateway", 4)],
  ["a proxy responds with 500", respondWhileSaving("500 Internal Server Error", 4)],
  ["a proxy responds with 408", respondWhileSaving("408 Request Timeout", 4)],
  ["a proxy responds with 409 to its own repetition", respondWhileSaving("409 Conflict", 4)],
  ["the response arrives after requestTimeout", respondAfterSaving(4), 100_000],
];

for (const [how, fault, requestTimeout = Infinity] of SLOW) {
  for (const [what, data] of KINDS) {
    Deno.test(`create() of ${what} ends with the image when ${how}`, async () => {
      await using servers = new UploadServers([fault]);
      const { status, size } = await create(servers, data(DATA), {}, {
        requestTimeout,
        stallTimeout: requestTimeout,
      });
      assertEquals([status, size], ["active", DATA.byteLength]);
      assertEquals(await servers.ended(), { whole: 1, broken: 0 });
      assert(isSame(servers.onlyData, DATA));
    });
  }
}

Deno.test("create() keeps an image that is saving when it is aborted while it waits", async () => {
  await using servers = new UploadServers([respondWhileSaving("504 Gateway Timeout", 1_000)]);
  const controller = new AbortController();
  const onEvent = ({ kind }: GlanceEvent) => kind === "storing" && controller.abort("enough");
  const { signal } = controller;
  const failure = await failureOf(create(servers, new Blob([DATA]), { signal }, { onEvent }));
  assertEquals([failure, servers.images.size], ["enough", 1]);
});

Deno.test("create() keeps an image of which nothing is heard for an hour", async () => {
  await using servers = new UploadServers([respondWhileSaving("504 Gateway Timeout", 100_000)]);
  let now = 0;
  // Each wait takes a minute.
  const options = { now: () => now, sleep: () => Promise.resolve(void (now += 60_000)) };
  const { imageId } = await assertRejects(
    () =>
      create(servers, DATA, {}, { ...options, requestTimeout: Infinity, stallTimeout: Infinity }),
    ImageUploadFailed,
  );
  assertEquals([imageId], [...servers.images.keys()]);
});

/** Responses that arrive while the data is still being sent. */
const EARLY = ["401 Unauthorized", "413 Too Large", "502 Bad Gateway", "503 Busy"];

for (const status of EARLY) {
  for (const [what, data] of KINDS) {
    Deno.test(`create() of ${what} leaves no image when ${status.slice(0, 3)} comes before the last byte`, async () => {
      for (const respond of [refuseAfter, refuseAndCloseAfter]) {
        for (const bytes of [1, 1024 ** 2]) {
          const fault = respond(bytes, status);
          await using servers = new UploadServers([fault, fault]);
          const seen: Progress[] = [];
          const onProgress = (progress: Progress) => void seen.push(progress);
          const error = await failureOf(
            create(servers, data(LARGE), { onProgress }, { numRetries: 1 }),
          );
          // The response may be lost: TCP drops it when unread data resets a connection.
          const isKnown = error instanceof GlanceConnectionFailed ||
            error instanceof GlanceError && error.status === Number(status.slice(0, 3));
          assert(isKnown, String(error));
          assertEquals(servers.images.size, 0);
          assert(seen.every(({ transferred }) => transferred < LARGE.byteLength));
        }
      }
    });
  }
}

for (const [what, data] of KINDS) {
  Deno.test(`create() of ${what} fails and leaves no image when 204 comes before the last byte`, async () => {
    for (const stores of [true, false]) {
      await using servers = new UploadServers([acknowledgeAfter(1, stores)]);
      const seen: Progress[] = [];
      const onProgress = (progress: Progress) => void seen.push(progress);
      assertInstanceOf(await failureOf(create(servers, data(LARGE), { onProgress })), GlanceError);
      assertEquals(servers.images.size, 0);
      assert(seen.every(({ transferred }) => transferred < LARGE.byteLength));
    }
  });
}

Deno.test("create() fails and leaves no image when a 204 arrives while the source of a stream waits", async () => {
  await using servers = new UploadServers([acknowledgeAfter(DATA.byteLength, true)]);
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(DATA),
    pull: () => new Promise(() => {}),
  }, { highWaterMark: 0 });
  await assertRejects(
    () => create(servers, stream),
    UnexpectedResponse,
    "acknowledged before it was sent",
  );
  assertEquals(servers.images.size, 0);
});

for (const [what, data] of KINDS) {
  Deno.test(`create() of ${what} ignores a 100 that it did not request`, async () => {
    await using servers = new UploadServers([continueAt(1_000)]);
    assertEquals((await create(servers, data(DATA))).size, DATA.byteLength);
    assert(isSame(servers.onlyData, DATA));
  });
}

Deno.test("create() sends Content-Length when the size is known", async () => {
  for (
    const [data, options, length] of [
      [DATA, {}, "600001"],
      [new Blob([DATA]), {}, "600001"],
      [() => new Blob([DATA]).stream(), { size: 600_001 }, "600001"],
      [new Blob([DATA]).stream(), { size: 600_001 }, "600001"],
      [new Blob([DATA]).stream(), {}, null],
      [new Blob([]), {}, "0"],
      [() => new Blob([]).stream(), { size: 0 }, "0"],
    ] as const
  ) {
    await using servers = new UploadServers([]);
    const { size } = await create(servers, data, options);
    assertEquals([servers.lengths, size], [[length], length === "0" ? 0 : DATA.byteLength]);
  }
});

Deno.test("create() breaks a body of known length whose source is shorter or longer", async () => {
  for (const size of [600_000, 600_002, 1]) {
    await using servers = new UploadServers([]);
    const data = () => new Blob([DATA]).stream();
    assertInstanceOf(await failureOf(create(servers, data, { size })), GlanceError);
    assertEquals([servers.images.size, (await servers.ended()).whole], [0, 0]);
  }
});

Deno.test("create() names the number of attempts and the likely cause when it fails", async () => {
  await using servers = new UploadServers(Array(9).fill(resetAfter(1_000)));
  const { message } = await assertRejects(
    () => create(servers, () => new Blob([LARGE]).stream()),
    GlanceConnectionFailed,
    "all 4 uploads of the data failed",
  );
  assertStringIncludes(message, "check size limits, quotas, and the token");
});

Deno.test("create() deletes a queued image when its upload gets no response", async () => {
  await using servers = new UploadServers([neverRespond]);
  const stream = new Blob([DATA]).stream();
  const error = await failureOf(create(servers, stream, {}, { requestTimeout: 100_000 }));
  assertInstanceOf(error, GlanceConnectionFailed);
  assertEquals(servers.images.size, 0);
});
