/**
 * Image data at a real Glance: uploads of every kind of source, failed uploads, and downloads with
 * every kind of verification, whole and partial.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  connect,
  type Connection,
  type GlanceOptions,
  type ImageData,
  ImageDownloadFailed,
  ImageIntegrityError,
  ImageLimitExceeded,
  Invalid,
  type Progress,
} from "../../mod.ts";
import { digestOf, type Fields, randomBytes, RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";
import { Traffic } from "./traffic.ts";

const MIB = 1024 * 1024;
const IMAGE_SIZE_CAP = 8 * MIB;
const FORMATS = { diskFormat: "raw", containerFormat: "bare" };

/** Not a power of two, so that the end is not at a chunk boundary. */
const BYTES = randomBytes(3 * MIB + 12_345);

Deno.test("GlanceImageService moves the bytes of images to and from a real Glance", async (t) => {
  await using stack = await startStack({ imageSizeCap: IMAGE_SIZE_CAP });
  await t.step("whatever gives them", (t) => uploading(t, stack));
  await t.step("and cleans up when the upload fails", (t) => failing(t, stack));
  await t.step("and back, checked", (t) => downloading(t, stack));
  await t.step("and back in parts", (t) => reading(t, stack));
});

async function uploading(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack);
  const sha512 = await digestOf("SHA-512", BYTES);
  const kinds: Record<string, () => ImageData> = {
    "bytes": () => BYTES,
    "an ArrayBuffer": () => BYTES.slice().buffer,
    "a view of a larger buffer": () => new Uint8Array([1, ...BYTES, 1]).subarray(1, -1),
    "a Blob": () => new Blob([BYTES]),
    "a stream": () => new Blob([BYTES]).stream(),
    "a stream of one chunk": () => ReadableStream.from([BYTES]),
    "an async iterable": () => chunks(BYTES, 7_777),
    "a function that gives a stream": () => () => new Blob([BYTES]).stream(),
    "a function that promises an iterable": () => () => Promise.resolve(chunks(BYTES, 100_000)),
  };
  for (const [kind, data] of Object.entries(kinds)) {
    await t.step(kind, async () => {
      const progress: Progress[] = [];
      const image = await service.create(context, { name: kind, ...FORMATS }, data(), {
        onProgress: (p) => progress.push(p),
      });
      assertEquals([image.status, image.size, image.osHashValue], ["active", BYTES.length, sha512]);
      assertEquals(progress.at(-1)?.transferred, BYTES.length);
      const stored = await Deno.readFile(`${stack.directory}/stores/fast/${image.id}`);
      assertEquals(await digestOf("SHA-512", stored), sha512);
      await service.delete(context, image.id);
    });
  }

  await t.step("into a store, of a known size, into an image that is there", async () => {
    const { id } = await service.create(context, { name: "there", ...FORMATS });
    const stream = new Blob([BYTES]).stream();
    const options = { size: BYTES.length, storeId: "slow", purgeProps: false };
    const image = await service.update(context, id, {}, stream, options);
    assertEquals([image.stores, image.size], [["slow"], BYTES.length]);
  });

  await t.step("and zero bytes are not data", async () => {
    for (const nothing of [new Uint8Array(), new ArrayBuffer(), null, undefined]) {
      const image = await service.create(context, { name: "empty", ...FORMATS }, nothing);
      assertEquals([image.status, image.size], ["queued", null]);
    }
    const empty = await service.create(context, { name: "empty", ...FORMATS }, new Blob([]));
    assertEquals([empty.status, empty.size], ["active", 0]);
    assertEquals(await bytesOf(await service.download(context, empty.id)), new Uint8Array());
  });
  await raw.deleteAll((await raw.images()).map(({ id }) => String(id)));
}

async function failing(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack);
  const meta = { name: "fails", ...FORMATS };
  const left = async (): Promise<readonly Fields[]> => await raw.images();

  await t.step("because its source does", async () => {
    const failure = new Error("the disk is gone");
    const sources: ImageData[] = [
      failingAfter(0, failure),
      failingAfter(2 * MIB, failure),
      () => failingAfter(2 * MIB, failure),
      iterableOf(failingAfter(2 * MIB, failure)),
    ];
    for (const source of sources) {
      assertEquals(await assertRejects(() => service.create(context, meta, source)), failure);
      assertEquals(await left(), []);
    }
  });

  await t.step("because it gives something else than was said", async () => {
    for (const size of [BYTES.length - 1, BYTES.length + 1]) {
      const stream = new Blob([BYTES]).stream();
      await assertRejects(
        () => service.create(context, meta, stream, { size }),
        Invalid,
        "announced",
      );
    }
    const texts = ReadableStream.from(["text"]) as unknown as ReadableStream<Uint8Array>;
    await assertRejects(() => service.create(context, meta, texts), Invalid, "string");
    assertEquals(await left(), []);
  });

  await t.step("because it is aborted", async () => {
    const reason = new DOMException("enough", "AbortError");
    for (const endless of [pausingAfter(2 * MIB), () => pausingAfter(2 * MIB)]) {
      const abort = new AbortController();
      const options = {
        signal: abort.signal,
        onProgress: ({ transferred }: Progress) => transferred === 2 * MIB && abort.abort(reason),
      };
      const error = await assertRejects(() => service.create(context, meta, endless, options));
      assertEquals(error, reason);
      assertEquals(await left(), []);
    }
  });

  await t.step("because Glance has a limit", async () => {
    for (
      const data of [randomBytes(IMAGE_SIZE_CAP + 1), new Blob([randomBytes(9 * MIB)]).stream()]
    ) {
      await assertRejects(
        () => service.create(context, meta, data),
        ImageLimitExceeded,
        "too large",
      );
      assertEquals(await left(), []);
    }
  });

  await t.step("because there is no such store", async () => {
    await assertRejects(
      () => service.create(context, meta, BYTES, { storeId: "nowhere" }),
      Invalid,
      "nowhere",
    );
    assertEquals(await left(), []);
  });

  await t.step("and an image that was there can be filled another time", async () => {
    const { id } = await service.create(context, meta);
    const failure = new Error("the disk is gone");
    const source = giving(MIB, async () => {
      await untilStatus(raw, id, "saving");
      throw failure;
    });
    await assertRejects(() => service.update(context, id, {}, source), Error, "the disk is gone");
    await untilStatus(raw, id, "queued");
    const image = await service.update(context, id, {}, BYTES);
    assertEquals([image.status, image.size], ["active", BYTES.length]);
    await service.delete(context, id);
  });

  await t.step("not even in the stores", async () => {
    for (const store of ["fast", "slow"]) {
      await untilEmpty(`${stack.directory}/stores/${store}`);
    }
  });
}

async function downloading(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const { service, context } = await signIn(stack, { random: () => 0 });
  const id = await raw.create({ name: "whole" }, BYTES);
  const fileOf = (image: string) => `${stack.directory}/stores/fast/${image}`;

  await t.step("as a stream, with every check", async () => {
    for (const verify of ["auto", "required", "off"] as const) {
      const progress: Progress[] = [];
      const stream = await service.download(context, id, {
        verify,
        onProgress: (p) => progress.push(p),
      });
      assertEquals(await bytesOf(stream), BYTES);
      const last = { transferred: BYTES.length, total: BYTES.length, resumes: 0 };
      assertEquals(progress.at(-1), { ...last, server: stack.glanceUrls[0] });
    }
  });

  await t.step("as a byte stream, into memory of one's own", async () => {
    const reader = (await service.download(context, id)).getReader({ mode: "byob" });
    const whole = new Uint8Array(BYTES.length);
    let at = 0;
    for (let memory = new Uint8Array(10_000);;) {
      const { done, value } = await reader.read(memory);
      if (done || value === undefined) break;
      whole.set(value, at);
      at += value.byteLength;
      memory = new Uint8Array(value.buffer);
    }
    assertEquals([at, whole], [BYTES.length, BYTES]);
  });

  await t.step("into a sink, which is closed", async () => {
    const { sink, state } = collecting();
    await service.download(context, id, sink);
    assertEquals([state.end, await new Blob(state.chunks).bytes()], ["closed", BYTES]);
  });

  await t.step("and wrong bytes are an error, at the end of the stream", async () => {
    const damaged = await raw.create({ name: "damaged" }, BYTES);
    const wrong = BYTES.slice();
    wrong[MIB] = (wrong[MIB] ?? 0) ^ 1;
    await Deno.writeFile(fileOf(damaged), wrong);
    const stream = await service.download(context, damaged);
    const error = await assertRejects(() => bytesOf(stream), ImageIntegrityError);
    assertEquals(error.expected, `sha512 ${await digestOf("SHA-512", BYTES)}`);
    assertEquals(error.actual, `sha512 ${await digestOf("SHA-512", wrong)}`);
    const { sink, state } = collecting();
    await assertRejects(() => service.download(context, damaged, sink), ImageIntegrityError);
    assertEquals(state.end, "aborted");
    const unchecked = await service.download(context, damaged, { verify: "off" });
    assertEquals(await bytesOf(unchecked), wrong);
  });

  await t.step("as are missing bytes and an image without data", async () => {
    // Glance announces the full length, sends the data it has, and keeps the connection open.
    const { service, context } = await signIn(stack, {
      stallTimeout: 300,
      numRetries: 1,
      random: () => 0,
    });
    const short = await raw.create({ name: "short" }, BYTES);
    await Deno.truncate(fileOf(short), BYTES.length - 1);
    for (const verify of ["auto", "off"] as const) {
      const error = await assertRejects(
        async () => await bytesOf(await service.download(context, short, { verify })),
        ImageDownloadFailed,
      );
      assertEquals(error.imageId, short);
    }
    const queued = await raw.create({ name: "queued" });
    await assertRejects(() => service.download(context, queued), ImageDownloadFailed, "no data");
  });

  await t.step("and an image without a hash is read when no verification is required", async () => {
    const url = `${stack.glanceUrls[1]}/versions`;
    const placed = await raw.create({ name: "placed" });
    await service.addLocation(context, placed, url, { store: "web" });
    const expected = await (await fetch(url)).bytes();
    for (const verify of ["auto", "off"] as const) {
      assertEquals(await bytesOf(await service.download(context, placed, { verify })), expected);
    }
    await assertRejects(
      () => service.download(context, placed, { verify: "required" }),
      Invalid,
      "no hash",
    );
  });

  await t.step("and past Glance, from a file", async () => {
    const traffic = new Traffic();
    const direct = await signIn(stack, {
      allowedDirectUrlSchemes: ["file"],
      directUrlRoots: [`${stack.directory}/stores`],
      fetch: traffic.fetch,
    });
    assertEquals(await bytesOf(await direct.service.download(context, id)), BYTES);
    assertEquals(traffic.to("/file").length, 0);
    const elsewhere = await signIn(stack, {
      allowedDirectUrlSchemes: ["file"],
      directUrlRoots: [`${stack.directory}/stores/slow`],
      fetch: traffic.fetch,
    });
    assertEquals(await bytesOf(await elsewhere.service.download(context, id)), BYTES);
    assertEquals(traffic.to("/file").length, 1);
  });
}

async function reading(t: Deno.TestContext, stack: LiveStack): Promise<void> {
  const raw = await RawGlance.as(stack, "alice");
  const traffic = new Traffic();
  const { service, context } = await signIn(stack, { fetch: traffic.fetch });
  const id = await raw.create({ name: "parts" }, BYTES);
  const last = BYTES.length - 1;
  const parts = [
    { start: 0, end: 0 },
    { start: 0, end: 999 },
    { start: 1_000_000, end: 2_500_000 },
    { start: last - 10 },
    { start: last, end: last },
    { start: 0, end: last },
    { start: 0 },
  ];

  await t.step("of a store that can seek", async () => {
    for (const range of parts) {
      traffic.clear();
      const part = await bytesOf(await service.download(context, id, { range }));
      assertEquals(part, BYTES.slice(range.start, (range.end ?? last) + 1), JSON.stringify(range));
      assertEquals(traffic.to("/file").map(({ taken }) => taken), [part.length]);
    }
  });

  await t.step("of a store that cannot", async () => {
    const url = `${stack.glanceUrls[1]}/versions`;
    const placed = await raw.create({ name: "placed" });
    await service.addLocation(context, placed, url, { store: "web" });
    const expected = await (await fetch(url)).bytes();
    for (const range of [{ start: 10, end: 19 }, { start: 100 }, { start: 0, end: 5 }]) {
      const part = await bytesOf(await service.download(context, placed, { range }));
      assertEquals(part, expected.slice(range.start, (range.end ?? expected.length) + 1));
    }
  });

  await t.step("but none that is not there", async () => {
    for (
      const range of [{ start: last + 1 }, { start: 5, end: 4 }, { start: -1 }, { start: 0.5 }]
    ) {
      await assertRejects(() => service.download(context, id, { range }), Invalid);
    }
    const required = { range: { start: 1, end: 2 }, verify: "required" } as const;
    const error = await assertRejects(() => service.download(context, id, required), Invalid);
    assertStringIncludes(error.message, "part");
  });

  await t.step("and no more than is read", async () => {
    traffic.clear();
    const reader = (await service.download(context, id)).getReader();
    const first = (await reader.read()).value?.byteLength ?? 0;
    await reader.cancel("enough");
    const taken = traffic.to("/file")[0]?.taken ?? 0;
    assert(taken >= first && taken < BYTES.length, `${taken} of ${BYTES.length} bytes taken`);
  });
}

async function signIn(stack: LiveStack, options: GlanceOptions = {}): Promise<Connection> {
  return await connect({ credentials: stack.credentials("alice"), ...options });
}

async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return await new Response(stream).bytes();
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* iterableOf<T>(stream: ReadableStream<T>): AsyncGenerator<T, void> {
  yield* stream;
}

/** A stream that fails after `size` bytes. */
function failingAfter(size: number, failure: Error): ReadableStream<Uint8Array> {
  return giving(size, (controller) => controller.error(failure));
}

/** A stream that stalls after `size` bytes until it is canceled. */
function pausingAfter(size: number): ReadableStream<Uint8Array> {
  return giving(size, () => new Promise(() => {}));
}

function giving(
  size: number,
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    pull(controller) {
      if (given >= size) return then(controller);
      const chunk = randomBytes(64 * 1024);
      given += chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

function collecting(): {
  readonly sink: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly state: { readonly chunks: Uint8Array<ArrayBuffer>[]; end: "closed" | "aborted" | null };
} {
  const state = {
    chunks: [] as Uint8Array<ArrayBuffer>[],
    end: null as "closed" | "aborted" | null,
  };
  const sink = new WritableStream<Uint8Array<ArrayBuffer>>({
    write: (chunk) => void state.chunks.push(chunk),
    close: () => void (state.end = "closed"),
    abort: () => void (state.end = "aborted"),
  });
  return { sink, state };
}

/** Polls, because Glance notices the start and end of an upload with a delay. */
async function untilStatus(raw: RawGlance, id: string, status: string): Promise<void> {
  await until(
    `image ${id} is ${status}`,
    async () => (await raw.record(id))?.["status"] === status,
  );
}

async function untilEmpty(folder: string): Promise<void> {
  await until(
    `"${folder}" is empty`,
    () => Promise.resolve([...Deno.readDirSync(folder)].length === 0),
  );
}

async function until(claim: string, check: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 200; look++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Cannot see that ${claim}: not after 200 looks`);
}
