/** A download resumes at the byte where it broke, on the next server, with the same image. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type GlanceClientWrapperOptions,
  GlanceConnectionFailed,
  ImageDownloadFailed,
  type Progress,
} from "../../../mod.ts";
import { type BodyStep, bytesOf } from "../../support/bodies.ts";
import { CUT, downloadAll, LENGTH, until } from "../../support/downloads.ts";
import {
  BYTES,
  CALLER,
  chunksOf,
  digest,
  ID,
  record,
  Served,
  UNHASHED,
} from "../../support/image.ts";
import {
  play,
  refused,
  type SeenRequest,
  silence,
  type Step,
} from "../../support/scripted_fetch.ts";
import { type ClientHarness, factsOf, failureOf, harnessOf } from "../../support/client_harness.ts";

function rangesOf({ script }: ClientHarness): (string | null)[] {
  return script.requests.filter(({ path }) => path.includes("/file"))
    .map(({ headers, origin }) => `${new URL(origin).host} ${headers.get("range")}`);
}

/** Ways in which a body ends before it should. */
const BREAKS: readonly (readonly [what: string, steps: readonly BodyStep[]])[] = [
  ["breaks off", until(4_321, CUT)],
  ["ends too early, as if it were whole", until(4_321)],
];

for (const [what, steps] of BREAKS) {
  Deno.test(`download() continues at the byte of the break, on the next server, when a body ${what}`, async () => {
    const served = new Served();
    const harness = harnessOf([record(), served.data(steps, LENGTH), served.part()]);
    const progress: Progress[] = [];
    const onProgress = (now: Progress) => progress.push(now);
    assertEquals(await downloadAll(harness, { onProgress, progressInterval: 0 }), BYTES);
    assertEquals(rangesOf(harness), ["a null", "b bytes=4321-9999"]);
    assertEquals([served.areOver, harness.clock.pending], [true, 0]);
    assertEquals(factsOf(harness.events), [
      { kind: "cooldown", server: "http://a", delay: 1_000 },
      { kind: "resume", server: "http://b", imageId: ID, offset: 4_321 },
    ]);
    const last = { transferred: 10_000, total: 10_000, server: "http://b", resumes: 1 };
    assertEquals(progress.at(-1), last);
    assertEquals(progress[0], { transferred: 997, total: 10_000, server: "http://a", resumes: 0 });
    assertEquals(progress.map(({ transferred }) => transferred).includes(4_321), true);
  });
}

Deno.test("download() continues on the next server when a body falls silent for 4 s", async () => {
  const served = new Served();
  const steps = [record(), served.data(until(4_321, "silence"), LENGTH), served.part()];
  const harness = harnessOf(steps);
  const progress: Progress[] = [];
  const onProgress = (now: Progress) => progress.push(now);
  assertEquals(await downloadAll(harness, { onProgress }), BYTES);
  assertEquals(rangesOf(harness), ["a null", "b bytes=4321-9999"]);
  assertEquals([served.areOver, harness.clock.now(), harness.clock.pending], [true, 4_400, 0]);
  assertEquals(factsOf(harness.events), [
    { kind: "cooldown", server: "http://a", delay: 1_000 },
    { kind: "move", server: "http://b", from: "http://a", imageId: ID, offset: 4_321 },
  ]);
  const last = { transferred: 10_000, total: 10_000, server: "http://b", resumes: 0 };
  assertEquals(progress.at(-1), last);
});

Deno.test("download() closes a stalled body after stallTimeout and reports the cause", async () => {
  const served = new Served();
  const steps = [record(), served.data(until(10, "silence"), LENGTH), served.part()];
  const harness = harnessOf(steps, { stallTimeout: 700 });
  await downloadAll(harness);
  assertEquals(harness.clock.now(), 700);
  const causes = harness.events.map((event) => "cause" in event ? String(event.cause) : "");
  assert(
    causes.every((cause) => cause.includes('sent nothing for 700 ms; raise "stallTimeout"')),
    causes.join(),
  );
});

Deno.test("download() names requestTimeout when no response arrives in time", async () => {
  const options = { requestTimeout: 60_000, numRetries: 0, apiServers: ["http://a"] };
  const harness = harnessOf([record(), silence, silence, silence], options);
  const error = await failureOf(downloadAll(harness));
  const { message, cause } = error as Error;
  assert(
    `${message} ${cause}`.includes('did not respond within 60000 ms; raise "requestTimeout"'),
    message,
  );
});

Deno.test("download() never times out when the reader is slow", async () => {
  const served = new Served();
  const harness = harnessOf([record(), served.whole()], { stallTimeout: 100, requestTimeout: 100 });
  const slowly = async () => {
    const parts: Uint8Array[] = [];
    for await (const chunk of await harness.service.download(CALLER, ID)) {
      parts.push(chunk);
      await harness.clock.sleep(3_600_000);
    }
    return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  };
  assertEquals(await harness.clock.run(slowly()), BYTES.byteLength);
  assertEquals(harness.events, []);
  assert(harness.clock.now() > 10 * 3_600_000);
});

Deno.test("download() resumes after a break at any byte", async () => {
  const image = BYTES.slice(0, 40);
  const served = new Served();
  const steps: Step[] = [record({}, image), served.whole(image)];
  for (let byte = 1; byte < 40; byte++) {
    steps.splice(byte, 0, (request: SeenRequest) => {
      const { headers } = request;
      const at = Number(/\d+/.exec(headers.get("range") ?? "bytes=0-")?.[0]);
      assertEquals(at, byte - 1);
      const options = at === 0 ? {} : {
        status: 206,
        headers: { "content-range": `bytes ${at}-39/40`, "content-md5": digest("md5", image) },
      };
      const length = { "content-length": String(40 - at) };
      const reported = { ...options, headers: { ...options.headers, ...length } };
      const step = served.data([image.slice(at, at + 1), CUT], reported);
      return (step as (request: SeenRequest) => Response)(request);
    });
  }
  steps.splice(40, 1, served.part(image));
  const harness = harnessOf(steps);
  assertEquals(await downloadAll(harness), image);
  assertEquals(harness.events.filter(({ kind }) => kind === "resume").length, 39);
});

/** A first body that breaks after 4,321 bytes; then these responses. */
function brokenThen(steps: readonly Step[], options: GlanceClientWrapperOptions = {}, rest = {}) {
  const served = new Served();
  return {
    served,
    harness: harnessOf([record(rest), served.data(until(4_321, CUT), LENGTH), ...steps], options),
  };
}

/** Answers to a resumption that cannot be used, though another server's may. */
const REFUSED: readonly (readonly [what: string, step: (served: Served) => Step])[] = [
  ["a refused connection", () => refused()],
  ["a 503", () => 503],
  ["a 500", () => 500],
  ["silence", () => silence],
  ["no Content-Range", (served) => served.data(chunksOf(BYTES), { status: 206 })],
  ["a wrong start", (served) => served.part(BYTES, { "content-range": "bytes 1-9999/10000" })],
  ["a wrong end", (served) => served.part(BYTES, { "content-range": "bytes 4321-9998/10000" })],
  ["a wrong total", (served) => served.part(BYTES, { "content-range": "bytes 4321-9999/10001" })],
  ["a wrong length", (served) => served.part(BYTES, { "content-length": "17" })],
  ["a compressed body", (served) => served.part(BYTES, { "content-encoding": "gzip" })],
  ["another image's MD5", (served) => served.part(BYTES, { "content-md5": "0".repeat(32) })],
  ["a whole of another length", (served) => served.whole(BYTES.slice(1))],
];

for (const [what, step] of REFUSED) {
  Deno.test(`download() continues on another server when it meets ${what}`, async () => {
    const served = new Served();
    const harness = harnessOf([
      record(),
      served.data(until(4_321, CUT), LENGTH),
      step(served),
      served.part(),
    ], { apiServers: ["a", "b", "c", "d"] });
    assertEquals(await downloadAll(harness), BYTES);
    assertEquals([served.areOver, harness.clock.pending], [true, 0]);
    assertEquals(new Set(rangesOf(harness)).size, 3);
  });
}

Deno.test("download() skips to the requested byte when a server sends the whole image for a range", async () => {
  const { harness: harness, served } = brokenThen([]);
  const steps = [record(), served.data(until(4_321, CUT), LENGTH), served.whole(), record()];
  const { service, clock, script } = harnessOf(steps);
  assertEquals(await clock.run(service.download(CALLER, ID).then(bytesOf)), BYTES);
  assertEquals([served.areOver, script.left, harness.script.left], [true, 0, 2]);
});

Deno.test("download() refuses a whole image whose beginning differs from the delivered bytes", async () => {
  const other = BYTES.slice();
  other[17] = (other[17] ?? 0) ^ 1;
  const served = new Served();
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.whole(other),
    record(),
    served.part(),
  ], { apiServers: ["a", "b", "c", "d", "e"] });
  assertEquals(await downloadAll(harness), BYTES);
  assert(
    harness.events.some((event) => "cause" in event && String(event.cause).includes("differ")),
  );
  assertEquals(served.areOver, true);
});

Deno.test("download() requests no further range after a 400 from a store that cannot seek", async () => {
  const served = new Served();
  const harness = harnessOf([
    record({ stores: "ceph" }),
    served.data(until(4_321, CUT), LENGTH),
    400,
    served.whole(),
    record(),
    record({ stores: "ceph" }),
    served.data(until(99, CUT), LENGTH),
    served.whole(),
    record(),
    record({ stores: "file" }),
    served.data(until(99, CUT), LENGTH),
    served.part(),
  ]);
  for (let i = 0; i < 3; i++) assertEquals(await downloadAll(harness), BYTES);
  const ranges = rangesOf(harness).map((requested) => requested?.split(" ")[1]);
  assertEquals(ranges, [
    ...["null", "bytes=4321-9999", "null"],
    ...["null", "null"],
    ...["null", "bytes=99-9999"],
  ]);
  assertEquals([served.areOver, harness.script.left], [true, 0]);
});

Deno.test("download() requests the whole image when a part has no length", async () => {
  const served = new Served();
  const unproven = served.data(chunksOf(BYTES), {
    status: 206,
    headers: { "content-range": "bytes 4321-9999/10000" },
  });
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    unproven,
    served.whole(),
    record(),
  ]);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(served.bodies[1]?.cancels.length, 1);
});

Deno.test("download() never mixes the data of two images when the image is replaced", async () => {
  const other = { checksum: "0".repeat(32), os_hash_value: "1".repeat(128) };
  const steps = (served: Served) => [
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.part(BYTES, { "content-md5": "None" }),
    record(other),
  ];
  const served = new Served();
  const harness = harnessOf(steps(served));
  const error = await assertRejects(() => downloadAll(harness), ImageDownloadFailed, "replaced");
  assertEquals([error.imageId, served.areOver, harness.clock.pending], [ID, true, 0]);
});

Deno.test("download() refuses a replaced image by its MD5 on every server", async () => {
  const served = new Served();
  const headers = { "content-md5": "f".repeat(32) };
  const stranger = () => (request: SeenRequest) =>
    play(
      request.headers.has("range") ? served.part(BYTES, headers) : served.whole(BYTES, { headers }),
      request,
    );
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    // Each server gets one request for the range, then requests for the whole image up to the retry limit.
    ...Array.from({ length: 3 + 4 }, stranger),
  ]);
  await assertRejects(() => downloadAll(harness), ImageDownloadFailed, "its MD5 is ffff");
  assertEquals([served.areOver, harness.clock.pending, harness.script.left], [true, 0, 0]);
});

Deno.test("download() leaves no body open when the record cannot be read while resuming", async () => {
  const served = new Served();
  const seen: boolean[] = [];
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    served.part(BYTES, { "content-md5": "None" }),
    500,
    (request) => {
      seen.push(served.bodies[1]?.isOver === true);
      return (served.part() as (request: SeenRequest) => Response)(request);
    },
  ]);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals([seen, served.areOver], [[true], true]);
});

Deno.test("download() renews a token that expires during the download", async () => {
  const served = new Served();
  const { service, clock, script } = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    401,
    served.part(),
  ]);
  const context = { authToken: "old", renew: () => Promise.resolve({ authToken: "new" }) };
  assertEquals(await clock.run(service.download(context, ID).then(bytesOf)), BYTES);
  const tokens = script.requests.map(({ headers }) => headers.get("x-auth-token"));
  assertEquals(tokens, ["old", "old", "old", "new"]);
});

Deno.test("download() reports its offset and every break when no server can finish", async () => {
  const served = new Served();
  const harness = harnessOf([
    record(),
    served.data(until(4_321, CUT), LENGTH),
    ...Array.from({ length: 4 }, () =>
      served.data([CUT], {
        status: 206,
        headers: {
          "content-range": "bytes 4321-9999/10000",
          "content-length": "5679",
          "content-md5": digest("md5", BYTES),
        },
      })),
  ], { stallTimeout: Infinity });
  const error = await assertRejects(() => downloadAll(harness), ImageDownloadFailed);
  assert(error.message.includes("it broke after 4321 of 10000 bytes"), error.message);
  assert(error.cause instanceof AggregateError);
  assertEquals([error.attempts, error.cause.errors.length, error.imageId], [5, 5, ID]);
  assertEquals([served.areOver, harness.clock.pending, harness.script.left], [true, 0, 0]);
  assert(harness.clock.now() > 0);
});

Deno.test("download() throws ImageDownloadFailed when all servers fail after the first byte", async () => {
  const { harness } = brokenThen(Array.from({ length: 40 }, () => refused()));
  const error = await assertRejects(() => downloadAll(harness), ImageDownloadFailed);
  assert(error.cause instanceof AggregateError);
  assert(error.cause.errors.at(-1) instanceof GlanceConnectionFailed);
  assertEquals(harness.clock.pending, 0);
});

Deno.test("download() throws GlanceConnectionFailed when all servers fail before the first byte", async () => {
  const steps = [record(), ...Array.from({ length: 4 }, () => refused())];
  const harness = harnessOf(steps);
  await assertRejects(() => downloadAll(harness), GlanceConnectionFailed, "download image");
});

/** A response to a resumption with the time after which the server may be tried again. */
function busy(seconds: number): Step {
  return () => new Response(null, { status: 503, headers: { "retry-after": `${seconds}` } });
}

Deno.test("download() waits for Retry-After while a server is unavailable, and not longer than stallTimeout", async () => {
  const one = { apiServers: ["http://a"] };
  const { harness, served } = brokenThen([busy(5), busy(7), new Served().part()], one);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals([served.areOver, harness.script.left], [true, 0]);
  assert(harness.clock.now() >= 12_000 && harness.clock.now() < 13_000, `${harness.clock.now()}`);
  const { harness: long } = brokenThen(Array.from({ length: 9 }, () => busy(60)), one);
  await assertRejects(() => downloadAll(long), ImageDownloadFailed, "within 30000 ms");
  assert(long.clock.now() >= 30_000 && long.clock.now() < 40_000, `${long.clock.now()}`);
});

Deno.test("download() counts one resume when requests after a break fail first", async () => {
  const one = { apiServers: ["http://a"] };
  const { harness } = brokenThen([busy(1), busy(1), busy(1), new Served().part()], one);
  const progress: Progress[] = [];
  assertEquals(await downloadAll(harness, { onProgress: (now) => progress.push(now) }), BYTES);
  assertEquals(progress.at(-1)?.resumes, 1);
});

Deno.test("download() waits no longer than stallTimeout for the Retry-After of one of two servers", async () => {
  const two = { apiServers: ["http://a", "http://b"] };
  const { harness } = brokenThen([busy(60), new Served().part()], two);
  assertEquals(await downloadAll(harness), BYTES);
  assert(harness.clock.now() <= 30_000, `${harness.clock.now()}`);
});

Deno.test("download() gives a silent server all of requestTimeout after a break, and not more", async () => {
  const one = { apiServers: ["http://a"] };
  const { harness } = brokenThen([silence, new Served().part()], one);
  assertEquals(await downloadAll(harness), BYTES);
  assertEquals(harness.clock.now(), 60_000);
  const { harness: dead } = brokenThen(Array.from({ length: 20 }, () => silence), one);
  await assertRejects(() => downloadAll(dead), ImageDownloadFailed, 'raise "stallTimeout"');
  assertEquals(dead.clock.pending, 0);
  // Each of three more requests gets two seconds.
  assert(dead.clock.now() >= 90_000 && dead.clock.now() < 98_000, `${dead.clock.now()}`);
});

/** Responses that break after one byte each. */
function crumbs(served: Served, length: number): Step[] {
  const crumb = (request: SeenRequest) => {
    const at = Number(/\d+/.exec(request.headers.get("range") ?? "0")?.[0]);
    const headers = {
      "content-range": `bytes ${at}-9999/10000`,
      "content-length": String(10_000 - at),
      "content-md5": digest("md5", BYTES),
    };
    const init = { status: at === 0 ? 200 : 206, headers };
    const step = served.data([BYTES.slice(at, at + 1), CUT], init);
    return (step as (request: SeenRequest) => Response)(request);
  };
  return Array.from({ length }, () => crumb);
}

Deno.test("download() waits between requests when breaks use up the retry budget", async () => {
  const served = new Served();
  const harness = harnessOf([record(), ...crumbs(served, 150), served.part()]);
  assertEquals(await downloadAll(harness), BYTES);
  // A break costs five tokens, and the next request returns one: from the 125th break on, four of five wait.
  assertEquals([harness.clock.now(), served.areOver, harness.clock.pending], [21_000, true, 0]);
});

Deno.test("download() ends when breaks use up the retry budget and stallTimeout is Infinity", async () => {
  const steps = [record(), ...crumbs(new Served(), 500)];
  const harness = harnessOf(steps, { stallTimeout: Infinity });
  const error = await assertRejects(() => downloadAll(harness), ImageDownloadFailed);
  // A break costs five tokens, and the next request returns one.
  assertEquals(error.attempts, 125);
});

Deno.test("download() reads to the end of the body when the size is unknown", async () => {
  const unknown = { size: null };
  for (const headers of [{}, LENGTH.headers]) {
    const served = new Served();
    const harness = harnessOf([record(unknown), served.data(chunksOf(BYTES), { headers })]);
    const totals = new Set<number | null>();
    const onProgress = ({ total }: Progress) => totals.add(total);
    assertEquals(await downloadAll(harness, { onProgress }), BYTES);
    assertEquals([...totals], "content-length" in headers ? [10_000] : [null, 10_000]);
    assertEquals(served.areOver, true);
  }
});

Deno.test("download() of an image of unknown size resumes only when no byte was delivered", async () => {
  const unknown = { size: null, ...UNHASHED };
  const served = new Served();
  const lost = harnessOf([record(unknown), served.data(until(4_321, CUT))]);
  await assertRejects(() => downloadAll(lost), ImageDownloadFailed, "4321 bytes");
  const whole = [served.data([CUT]), served.data(chunksOf(BYTES))];
  const healed = harnessOf([record(unknown), ...whole]);
  assertEquals(await downloadAll(healed), BYTES);
  assertEquals(served.areOver, true);
});
