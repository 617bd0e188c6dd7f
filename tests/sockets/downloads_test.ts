/** Downloads over real sockets from faulty servers: the exact image or a typed error. */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  type DownloadOptions,
  getDefaultImageService,
  type GlanceError,
  type GlanceImageService,
  type GlanceOptions,
  ImageDownloadFailed,
  ImageIntegrityError,
  ImageNotFound,
} from "../../mod.ts";
import { RedirectRefused } from "../../lib/errors.ts";
import { failureOf } from "../support/client_harness.ts";
import { FaultServers, IMAGE_ID, IMAGE_SIZE } from "./fault_servers.ts";
import {
  announceOtherLength,
  announceTwoLengths,
  closeWithoutResponse,
  delimitByClose,
  exceedLength,
  type Fault,
  flipBit,
  healthy,
  labelAsGzip,
  lengthAndChunks,
  mislabelAsMultipart,
  multipart,
  neverRespond,
  omitContentRange,
  redirectElsewhere,
  refuse,
  rejectToken,
  reset,
  restAs200,
  restAs200InChunks,
  sendBlock,
  sendExtraBytes,
  sendGarbage,
  sendLess,
  sendSlowly,
  shiftContentRange,
  stall,
  stallHead,
  startAtBlock,
  truncate,
  truncateChunk,
  wholeAs200,
  wholeAs206,
  wholeAs206InChunks,
  wholeAs206Labeled,
  withholdLastChunk,
  withholdLastLine,
} from "./faults.ts";
import { TurnClock } from "../support/turn_clock.ts";
import { closedServer } from "./raw_server.ts";

/** The fraction of the image after which the faulty body breaks. */
const AT = 0.4;
const BREAK = Math.floor(AT * IMAGE_SIZE);

/** The request after the break. */
const REST = `bytes=${BREAK}-${IMAGE_SIZE - 1}`;

/** Timeout in milliseconds; short, because tests wait for it. */
const SILENCE = 150;

/** Parts of a parallel download, none of which fits into one read. */
const PARTS: DownloadOptions = { connections: 3, partSize: 90_000 };

/** A fault and its consequence. */
interface Case {
  readonly what: string;
  readonly plan: readonly Fault[];
  /** The ranges that one connection requests; null is the whole image. */
  readonly ranges?: readonly (string | null)[];
  readonly options?: GlanceOptions;
  /** Whether some bytes of the image are sent twice: only if ranges do not work. */
  readonly readsTwice?: true;
}

const INSTEAD_OF_ALL: readonly Case[] = [
  { what: "ends early by Content-Length", plan: [truncate(AT)], ranges: [null, REST] },
  { what: "ends in the middle of a chunk", plan: [truncateChunk(AT)], ranges: [null, REST] },
  { what: "ends without the last chunk", plan: [withholdLastChunk(AT)], ranges: [null, REST] },
  { what: "ends without the last line", plan: [withholdLastLine], ranges: [null] },
  { what: "ends early without a length", plan: [delimitByClose(AT)], ranges: [null, REST] },
  { what: "ends in time without a length", plan: [delimitByClose(1)], ranges: [null] },
  {
    what: "falls silent in the body",
    plan: [stall(AT)],
    ranges: [null, REST],
    options: { stallTimeout: SILENCE },
  },
  {
    what: "trickles for longer than silence may last",
    plan: [sendSlowly(6, SILENCE / 2)],
    ranges: [null],
    options: { stallTimeout: 2 * SILENCE },
  },
  {
    what: "sends a response that was not requested",
    plan: [sendExtraBytes],
    ranges: [null],
  },
  { what: "sends more than the image has", plan: [exceedLength], ranges: [null] },
  { what: "announces a length and sends chunks", plan: [lengthAndChunks], ranges: [null] },
  {
    what: "announces two lengths",
    plan: [announceTwoLengths],
    ranges: [null, null],
    readsTwice: true,
  },
  { what: "announces the wrong length", plan: [announceOtherLength], readsTwice: true },
  { what: "labels its bytes as gzip", plan: [labelAsGzip], ranges: [null, null], readsTwice: true },
  { what: "sends no byte of the body", plan: [truncate(0)], ranges: [null, null] },
  { what: "responds with 503", plan: [refuse("503 Busy", "retry-after: 7")], ranges: [null, null] },
  { what: "responds with 502 as text", plan: [refuse("502 Bad Gateway")], ranges: [null, null] },
  { what: "no longer accepts the token", plan: [rejectToken], ranges: [null, null] },
  { what: "does not send HTTP", plan: [sendGarbage], ranges: [null, null] },
  { what: "never answers", plan: [neverRespond], options: { requestTimeout: SILENCE } },
  { what: "never ends its head", plan: [stallHead], options: { requestTimeout: SILENCE } },
  { what: "closes instead of a response", plan: [closeWithoutResponse] },
  { what: "does not have the image", plan: [refuse("404 Not Found")], ranges: [null, null] },
  { what: "denies the image", plan: [refuse("403 Forbidden")], ranges: [null, null] },
  { what: "responds with 500", plan: [refuse("500 Oops")], ranges: [null, null] },
  { what: "responds with 206 with all bytes", plan: [wholeAs206Labeled], ranges: [null] },
  { what: "responds with 206 with the first bytes", plan: [sendLess(0.4)], ranges: [null, REST] },
  { what: "sends the client to a foreign host", plan: [redirectElsewhere], ranges: [null, null] },
];

const INSTEAD_OF_THE_REST: readonly Case[] = [
  {
    what: "starts too early",
    plan: [shiftContentRange({ start: -1 })],
    ranges: [REST],
    readsTwice: true,
  },
  { what: "starts at a block", plan: [startAtBlock(65_536)], ranges: [REST], readsTwice: true },
  {
    what: "is a part of the requested bytes",
    plan: [sendLess(0.3), sendLess(0.5)],
    ranges: [REST, after(0.3, BREAK), after(0.5, BREAK + Math.floor(0.3 * (IMAGE_SIZE - BREAK)))],
  },
  {
    what: "is one block of a cache",
    plan: [sendBlock(131_072), sendBlock(131_072)],
    ranges: [REST, "bytes=262144-400000", "bytes=393216-400000"],
    readsTwice: true,
  },
  {
    what: "is the whole image, labeled",
    plan: [wholeAs206Labeled],
    ranges: [REST],
    readsTwice: true,
  },
  { what: "is 200 with its label", plan: [restAs200(true)], ranges: [REST] },
  { what: "is 200 without a label", plan: [restAs200(false)], ranges: [REST] },
  { what: "is 200 without a length", plan: [restAs200InChunks], readsTwice: true },
  { what: "is multipart/byteranges", plan: [multipart], ranges: [REST] },
  {
    what: "is called multipart",
    plan: [mislabelAsMultipart],
    ranges: [REST, REST],
    readsTwice: true,
  },
  { what: "starts too late", plan: [shiftContentRange({ start: 1 })], readsTwice: true },
  {
    what: "ends too early",
    plan: [shiftContentRange({ end: -1 })],
    ranges: [REST, `bytes=${IMAGE_SIZE - 1}-${IMAGE_SIZE - 1}`],
  },
  { what: "has another total", plan: [shiftContentRange({ total: 5 })], readsTwice: true },
  {
    what: "does not say what it is",
    plan: [omitContentRange],
    ranges: [REST, REST],
    readsTwice: true,
  },
  { what: "is the whole image as 206", plan: [wholeAs206], ranges: [REST], readsTwice: true },
  { what: "is the whole image as 206, in chunks", plan: [wholeAs206InChunks], readsTwice: true },
  { what: "is the whole image as 200", plan: [wholeAs200], ranges: [REST], readsTwice: true },
  {
    what: "is 400, since the store cannot seek",
    plan: [refuse("400 Bad Request")],
    ranges: [REST, null],
    readsTwice: true,
  },
  { what: "is 416", plan: [refuse("416 Range Not Satisfiable")], ranges: [REST, REST] },
  { what: "is 503", plan: [refuse("503 Busy", "retry-after: 0")], ranges: [REST, REST] },
  { what: "is 500", plan: [refuse("500 Oops")], ranges: [REST, REST] },
  { what: "is 404", plan: [refuse("404 Not Found")], ranges: [REST, REST] },
  { what: "is 410", plan: [refuse("410 Gone")], ranges: [REST, REST] },
  { what: "is 403", plan: [refuse("403 Forbidden")], ranges: [REST, REST] },
  { what: "is 409", plan: [refuse("409 Conflict")], ranges: [REST, REST] },
  { what: "is sent to a foreign host", plan: [redirectElsewhere], ranges: [REST, REST] },
  { what: "is 401", plan: [rejectToken], ranges: [REST, REST] },
  { what: "is called gzip", plan: [labelAsGzip], ranges: [REST, REST], readsTwice: true },
  { what: "has two lengths", plan: [announceTwoLengths], ranges: [REST, REST], readsTwice: true },
  { what: "is no HTTP", plan: [sendGarbage], ranges: [REST, REST] },
  { what: "does not come", plan: [neverRespond], options: { requestTimeout: SILENCE } },
  { what: "does not come, and the connection ends", plan: [closeWithoutResponse] },
  {
    what: "is silent after its head",
    plan: [stall(0)],
    ranges: [REST, REST],
    options: { stallTimeout: SILENCE },
  },
  {
    what: "breaks, too, and so does what follows",
    plan: [truncate(0.5), truncate(0.5)],
    ranges: [
      REST,
      `bytes=${half(BREAK)}-${IMAGE_SIZE - 1}`,
      `bytes=${half(half(BREAK))}-${IMAGE_SIZE - 1}`,
    ],
  },
];

for (const { what, plan, ...expected } of INSTEAD_OF_ALL) {
  Deno.test(`download() returns every byte when a server ${what}`, async () => {
    await assertEndsWhole({ what, plan, ...expected });
  });
}

for (const { what, plan, ranges, ...expected } of INSTEAD_OF_THE_REST) {
  Deno.test(`download() returns every byte after a break when the next response ${what}`, async () => {
    const requested = ranges === undefined ? {} : { ranges: [null, ...ranges] };
    await assertEndsWhole({ what, plan: [truncate(AT), ...plan], ...requested, ...expected });
  });
}

Deno.test("download() continues at the byte of the break when a connection is reset", async () => {
  for (const way of WAYS) {
    await using servers = new FaultServers([reset(AT)]);
    assertEquals(await way(serviceOf(servers), servers, {}), servers.sha512);
    const [first, second, ...others] = servers.ranges;
    const start = Number(/^bytes=(\d+)-/.exec(second ?? "bytes=0-")?.[1]);
    assertEquals([first, others], [null, []]);
    assert(start <= BREAK, `it went on at ${start}`);
  }
  await using servers = new FaultServers([reset(AT), reset(AT)]);
  assertEquals(await toStream(serviceOf(servers), servers, PARTS), servers.sha512);
});

Deno.test("download() uses the next server when one refuses connections", async () => {
  for (const options of [{}, PARTS]) {
    await using servers = new FaultServers([truncate(AT)]);
    const apiServers = [closedServer(), ...servers.urls];
    assertEquals(
      await toStream(serviceOf(servers, { apiServers }), servers, options),
      servers.sha512,
    );
  }
});

/** Faults from which no other server can recover, with their errors. */
const UNRECOVERABLE: readonly (readonly [
  what: string,
  plan: readonly Fault[],
  error: new (...args: never[]) => GlanceError,
])[] = [
  ["one bit of each response has changed on its way", always(flipBit), ImageIntegrityError],
  ["it is sent to a foreign host", always(redirectElsewhere), RedirectRefused],
  [
    "it is sent to a foreign host in the middle",
    [truncate(AT), ...always(redirectElsewhere)],
    RedirectRefused,
  ],
  [
    "the image is deleted during the download",
    [truncate(AT), ...always(refuse("404 Not Found"))],
    ImageNotFound,
  ],
  ["every server ends at once", always(truncate(0)), ImageDownloadFailed],
];

for (const [what, plan, error] of UNRECOVERABLE) {
  Deno.test(`download() throws ${error.name}, and completes no file, when ${what}`, async () => {
    for (const options of [{}, PARTS]) {
      await using servers = new FaultServers(plan);
      const calls: string[] = [];
      const sink = new WritableStream({
        close: () => void calls.push("closed"),
        abort: () => void calls.push("aborted"),
      });
      const service = serviceOf(servers, { stallTimeout: SILENCE });
      const work = service.download(servers.context, IMAGE_ID, sink, options);
      assertInstanceOf(await failureOf(work), error);
      assertEquals(calls.includes("closed"), false);
      assertEquals(servers.foreignConnections, 0);
    }
  });
}

Deno.test("download() ignores unsolicited responses of an earlier request", async () => {
  await using servers = new FaultServers([
    sendExtraBytes,
    sendExtraBytes,
    sendExtraBytes,
    sendExtraBytes,
  ]);
  const service = serviceOf(servers);
  for (let round = 0; round < 3; round++) {
    assertEquals(await toStream(service, servers, {}), servers.sha512);
    assertEquals((await service.show(servers.context, IMAGE_ID)).id, IMAGE_ID);
  }
});

/** A server that stalls, and reports when a download connects and disconnects. */
function stallingServers(): { servers: FaultServers; here: Promise<void>; gone: Promise<void> } {
  const here = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const silent: Fault = async (request) => {
    here.resolve();
    await stall(AT)(request);
    gone.resolve();
    return false;
  };
  const servers = new FaultServers([silent, silent, silent, silent]);
  return { servers, here: here.promise, gone: gone.promise };
}

Deno.test("download() closes its connections when it is canceled during a read", async () => {
  for (const options of [{}, PARTS]) {
    const { servers, here, gone } = stallingServers();
    await using _ = servers;
    const stream = await serviceOf(servers).download(servers.context, IMAGE_ID, options);
    const reader = stream.getReader();
    const taken = (async () => {
      while (!(await reader.read()).done);
    })();
    await here;
    await reader.cancel("enough");
    await Promise.all([taken, gone]);
  }
});

Deno.test("download() rejects with the reason, and closes its connections, when it is aborted", async () => {
  for (const options of [{}, PARTS]) {
    const { servers, here, gone } = stallingServers();
    await using _ = servers;
    const stop = new AbortController();
    const { signal } = stop;
    const failure = failureOf(toSink(serviceOf(servers), servers, { ...options, signal }));
    await here;
    stop.abort("changed my mind");
    assertEquals(await failure, "changed my mind");
    await gone;
  }
});

Deno.test("download() returns every byte of a range when its server fails", async () => {
  const range = { start: 1_000, end: 300_000 };
  await using servers = new FaultServers([truncate(0.5), wholeAs206, healthy]);
  const stream = await serviceOf(servers).download(servers.context, IMAGE_ID, { range });
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  assertEquals(digestOf([bytes]), digestOf([servers.image.subarray(1_000, 300_001)]));
});

/** Reads a download, and returns the hash of its bytes. */
type Way = (
  service: GlanceImageService,
  servers: FaultServers,
  options: DownloadOptions,
) => Promise<string>;

const toStream: Way = async (service, servers, options) => {
  const stream = await service.download(servers.context, IMAGE_ID, options);
  return digestOf(await Array.fromAsync(stream));
};

const toOwnMemory: Way = async (service, servers, options) => {
  const stream = await service.download(servers.context, IMAGE_ID, options);
  const reader = stream.getReader({ mode: "byob" });
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(50_001));
    if (done) return digestOf(parts);
    parts.push(value);
  }
};

const toSink: Way = async (service, servers, options) => {
  const parts: Uint8Array[] = [];
  let isClosed = false;
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => void parts.push(chunk),
    close: () => void (isClosed = true),
  });
  await service.download(servers.context, IMAGE_ID, sink, options);
  assert(isClosed, "the sink was not closed");
  return digestOf(parts);
};

const WAYS: readonly Way[] = [toStream, toOwnMemory, toSink];

/** Over one connection in every way, and over three. */
async function assertEndsWhole({ plan, ranges, options, readsTwice }: Case): Promise<void> {
  for (const way of WAYS) {
    await using servers = new FaultServers(plan);
    assertEquals(await way(serviceOf(servers, options), servers, {}), servers.sha512);
    if (ranges !== undefined) assertEquals(servers.ranges, ranges);
    const surplus = plan.includes(exceedLength) ? 1_000 : 0;
    if (!readsTwice) assertEquals(servers.sent, IMAGE_SIZE + surplus);
    assertEquals([servers.unusedFaults, servers.foreignConnections], [0, 0]);
  }
  await using servers = new FaultServers(plan);
  assertEquals(await toStream(serviceOf(servers, options), servers, PARTS), servers.sha512);
  assertEquals([servers.unusedFaults, servers.foreignConnections], [0, 0]);
}

/** Without randomness, no round has a delay. */
function serviceOf(servers: FaultServers, options: GlanceOptions = {}): GlanceImageService {
  const { options: time } = new TurnClock();
  return getDefaultImageService({ apiServers: servers.urls, random: () => 0, ...time, ...options });
}

function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** From every server, for every request. */
function always(fault: Fault): Fault[] {
  return Array.from({ length: 9 }, () => fault);
}

/** The range that is left after a part of the bytes from an offset. */
function after(part: number, offset: number): string {
  const start = offset + Math.floor(part * (IMAGE_SIZE - offset));
  return `bytes=${start}-${IMAGE_SIZE - 1}`;
}

/** Halfway from an offset to the end of the image. */
function half(offset: number): number {
  return offset + Math.floor((IMAGE_SIZE - offset) / 2);
}
