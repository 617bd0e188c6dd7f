/** Uploads over real sockets: one complete image, or none and a typed error. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  getDefaultImageService,
  GlanceConnectionFailed,
  type GlanceImageService,
  type GlanceOptions,
  ImageIntegrityError,
  ImageLimitExceeded,
  Invalid,
  type UploadData,
  type UploadOptions,
} from "../../mod.ts";
import { seededBytes } from "../support/seed.ts";
import { failureOf } from "../support/client_harness.ts";
import { TurnClock } from "../support/turn_clock.ts";
import { closedServer } from "./raw_server.ts";
import {
  endAfter,
  neverRespond,
  refuseAfter,
  refuseAndCloseAfter,
  resetAfter,
  stopReadingAfter,
  storeOther,
  storeWithoutResponse,
  type UploadFault,
  UploadServers,
} from "./upload_servers.ts";

const KIB = 1024;
const DATA = seededBytes(1, 600 * KIB + 1);

/** The byte at which a server closes the connection. */
const MIDDLE = 200 * KIB;

/** More than the sockets between a client and a server that reads nothing can hold. */
const SLICES_THAT_BLOCK = 256;

/** Timeout in milliseconds; short, because tests wait for it. */
const SILENCE = 150;

/** Data that can be sent again. */
const REPLAYABLE: readonly (readonly [what: string, data: () => UploadData])[] = [
  ["bytes", () => DATA],
  ["a blob", () => new Blob([DATA])],
  ["a function that returns a stream", () => () => new Blob([DATA]).stream()],
];

/** Data that can be read once. */
const ONCE: readonly (readonly [what: string, data: () => UploadData])[] = [
  ["a stream", () => new Blob([DATA]).stream()],
  ["an iterable", () => slices(DATA)],
];

/** How a server breaks an upload, without a response. */
const BREAKS: readonly (readonly [what: string, fault: UploadFault])[] = [
  ["resets its connection", resetAfter(MIDDLE)],
  ["ends its connection", endAfter(MIDDLE)],
];

for (const [what, data] of [...REPLAYABLE, ...ONCE]) {
  Deno.test(`create() of ${what} stores the data once`, async () => {
    await using servers = new UploadServers([]);
    const { size } = await create(servers, data());
    assertEquals(size, DATA.byteLength);
    assertEquals(servers.onlyData, DATA);
    assertEquals(await servers.ended(), { whole: 1, broken: 0 });
  });
}

for (const [how, fault] of BREAKS) {
  for (const [what, data] of REPLAYABLE) {
    Deno.test(`create() of ${what} sends the data again when a server ${how}`, async () => {
      await using servers = new UploadServers([fault]);
      await create(servers, data());
      assertEquals(servers.onlyData, DATA);
      assertEquals(await servers.ended(), { whole: 1, broken: 1 });
    });
  }
  for (const [what, data] of ONCE) {
    Deno.test(`create() of ${what} fails and leaves no image when a server ${how}`, async () => {
      await using servers = new UploadServers([fault]);
      assertInstanceOf(await failureOf(create(servers, data())), GlanceConnectionFailed);
      assertEquals(servers.images.size, 0);
      assertEquals(await servers.ended(), { whole: 0, broken: 1 });
    });
  }
}

for (const [what, data] of [...REPLAYABLE, ...ONCE]) {
  Deno.test(`create() of ${what} throws ImageLimitExceeded when 413 comes early`, async () => {
    await using servers = new UploadServers([refuseAfter(MIDDLE, "413 Too Large")]);
    assertInstanceOf(await failureOf(create(servers, data())), ImageLimitExceeded);
    assertEquals(servers.images.size, 0);
    assertEquals(await servers.ended(), { whole: 0, broken: 1 });
  });

  Deno.test(`create() of ${what} leaves no image when an early 413 is cut off`, async () => {
    const refusal = refuseAndCloseAfter(MIDDLE, "413 Too Large");
    await using servers = new UploadServers(Array.from({ length: 9 }, () => refusal));
    const error = await failureOf(create(servers, data(), { numRetries: 1 }));
    // Its response may be lost with the connection: TCP drops what was not read when it is reset.
    const isKnown = error instanceof ImageLimitExceeded || error instanceof GlanceConnectionFailed;
    assert(isKnown, String(error));
    assertEquals(servers.images.size, 0);
  });

  Deno.test(`create() of ${what} succeeds when the response is lost`, async () => {
    await using servers = new UploadServers([storeWithoutResponse]);
    assertEquals((await create(servers, data())).size, DATA.byteLength);
    assertEquals(servers.onlyData, DATA);
    assertEquals(await servers.ended(), { whole: 1, broken: 0 });
  });

  Deno.test(`create() of ${what} throws ImageIntegrityError when Glance stored other bytes`, async () => {
    await using servers = new UploadServers([storeOther]);
    assertInstanceOf(await failureOf(create(servers, data())), ImageIntegrityError);
    assertEquals(servers.images.size, 0);
  });
}

Deno.test("create() fails in time when no response arrives after the last byte", async () => {
  await using servers = new UploadServers([neverRespond]);
  const options = { requestTimeout: SILENCE };
  const error = await failureOf(create(servers, new Blob([DATA]).stream(), options));
  assertInstanceOf(error, GlanceConnectionFailed);
  assertEquals(servers.images.size, 0);
  assertEquals(await servers.ended(), { whole: 1, broken: 0 });
});

Deno.test("create() fails in time when a server stops reading", async () => {
  const gone = Promise.withResolvers<void>();
  await using servers = new UploadServers([stopReadingAfter(MIDDLE, gone.promise)]);
  const source = repeated(DATA.subarray(0, 256 * KIB), SLICES_THAT_BLOCK);
  const error = await failureOf(create(servers, source, { stallTimeout: SILENCE }));
  gone.resolve();
  assertInstanceOf(error, GlanceConnectionFailed);
  assertEquals(servers.images.size, 0);
});

/** Slices; the last one waits until a server has received the first, and for what happens then. */
async function* slicesAround(
  servers: UploadServers,
  event: () => void,
): AsyncGenerator<Uint8Array> {
  yield* slices(DATA.subarray(0, MIDDLE));
  await servers.arrival;
  event();
  yield* slices(DATA.subarray(MIDDLE));
}

Deno.test("create() fails and leaves no image when the source fails", async () => {
  const failure = new Error("the disk is gone");
  const fail = () => {
    throw failure;
  };
  for (const toData of [(data: AsyncGenerator<Uint8Array>) => data, ReadableStream.from]) {
    await using servers = new UploadServers([]);
    const data = toData(slicesAround(servers, fail));
    assertEquals(await failureOf(create(servers, data)), failure);
    assertEquals(servers.images.size, 0);
    assertEquals(await servers.ended(), { whole: 0, broken: 1 });
  }
});

Deno.test("create() fails and leaves no image when the source has another size than announced", async () => {
  for (const size of [DATA.byteLength - 1, DATA.byteLength + 1]) {
    await using servers = new UploadServers([]);
    const data = slicesAround(servers, () => {});
    assertInstanceOf(await failureOf(create(servers, data, {}, { size })), Invalid);
    assertEquals(servers.images.size, 0);
    assertEquals(await servers.ended(), { whole: 0, broken: 1 });
  }
});

Deno.test("create() fails and leaves no image when it is aborted", async () => {
  await using servers = new UploadServers([]);
  const stop = new AbortController();
  const data = slicesAround(servers, () => stop.abort("changed my mind"));
  const { signal } = stop;
  assertEquals(await failureOf(create(servers, data, {}, { signal })), "changed my mind");
  assertEquals(servers.images.size, 0);
  assertEquals(await servers.ended(), { whole: 0, broken: 1 });
});

Deno.test("create() creates one image when the response to POST is lost", async () => {
  await using servers = new UploadServers([], 2);
  await create(servers, DATA);
  assertEquals(servers.onlyData, DATA);
});

Deno.test("create() uses the next server when one refuses connections", async () => {
  for (const [, data] of REPLAYABLE) {
    await using servers = new UploadServers([]);
    await create(servers, data(), { apiServers: [closedServer(), ...servers.urls] });
    assertEquals(servers.onlyData, DATA);
  }
});

function create(
  servers: UploadServers,
  data: UploadData,
  options: GlanceOptions = {},
  upload: UploadOptions = {},
): ReturnType<GlanceImageService["create"]> {
  const service = getDefaultImageService({
    apiServers: servers.urls,
    authStrategy: "noauth",
    random: () => 0,
    ...new TurnClock().options,
    ...options,
  });
  return service.create({}, { name: "image" }, data, upload);
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 64 * KIB) {
    yield await Promise.resolve(bytes.subarray(at, at + 64 * KIB));
  }
}

async function* repeated(bytes: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let time = 0; time < times; time++) yield await Promise.resolve(bytes);
}
