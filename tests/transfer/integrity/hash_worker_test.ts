/** Hashes in threads: the same digests, and no leaked thread. */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Deadline } from "../../../lib/http/deadline.ts";
import { readerOf } from "../../../lib/transfer/body_reader.ts";
import { streamOf } from "../../../lib/transfer/download/byte_stream.ts";
import type { StartThread, Thread } from "../../../lib/transfer/integrity/hash_worker.ts";
import { createTransferHasher } from "../../../lib/transfer/transfer_hasher.ts";
import { type ContentDescriptor, Verifier } from "../../../lib/transfer/integrity/descriptor.ts";
import { ParallelReader } from "../../../lib/transfer/parallel/parallel_reader.ts";
import type { RangeResponse } from "../../../lib/transfer/download/range_response.ts";
import { Candidates } from "../../../lib/transfer/download/candidates.ts";
import type { RangeSource } from "../../../lib/transfer/download/range_source.ts";
import { RangesUnavailable } from "../../../lib/transfer/range_errors.ts";
import { ResumingReader } from "../../../lib/transfer/download/resuming_reader.ts";
import type { TransferHasher } from "../../../lib/transfer/types.ts";
import { GlanceError, ImageIntegrityError } from "../../../mod.ts";
import { bytesOf, FakeBody } from "../../support/bodies.ts";
import { CALLER, chunksOf, ID, record, Served } from "../../support/image.ts";
import { between, seededBytes, seededRandom } from "../../support/seed.ts";
import { failureOf, harnessOf } from "../../support/client_harness.ts";

const MIB = 2 ** 20;

/** The default size from which an image is hashed in a thread. */
const LARGE = 128 * MIB;

/** The threads that a test has started, and how many of them have ended. */
let started: Thread[] = [];
let ended = 0;

const startThread: StartThread = (code, workerData) => {
  const thread: Thread = new Worker(code, { eval: true, workerData });
  thread.on("exit", () => ended++);
  started.push(thread);
  return thread;
};

async function hasherInThread(start = startThread, algorithm = "sha512"): Promise<TransferHasher> {
  const hasher = await createTransferHasher(algorithm, 1, { start, minSize: 1 });
  if (hasher === null) throw new Error(`There is no ${algorithm} here`);
  return hasher;
}

function digestOf(bytes: Uint8Array, algorithm = "sha512"): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

for (const algorithm of ["sha512", "md5", "blake2b", "sha3_256"]) {
  Deno.test(`createTransferHasher() computes ${algorithm}`, async () => {
    const bytes = seededBytes(1, MIB);
    const inline = await createTransferHasher(algorithm, bytes.byteLength);
    inline?.update(bytes);
    started = [];
    const hasher = await hasherInThread(startThread, algorithm);
    await hasher.update(bytes);
    assertEquals(started.length, 1);
    assertEquals(await hasher.digest(), await inline?.digest());
    await hasher.close?.();
  });
}

Deno.test("createTransferHasher() hashes chunks of every size in order, and returns digests in between", async () => {
  const random = seededRandom(7);
  const bytes = seededBytes(7, 3 * MIB);
  const hasher = await hasherInThread();
  for (let round = 0; round < 3; round++) {
    for (let offset = 0; offset < bytes.byteLength;) {
      const size = between(random, 0, random() < 0.5 ? 1_000 : 600_000);
      await hasher.update(bytes.subarray(offset, offset + size));
      offset += size;
    }
    const all = createHash("sha512");
    for (let i = 0; i <= round; i++) all.update(bytes);
    assertEquals(await hasher.digest(), all.digest("hex"));
  }
  await hasher.close?.();
});

Deno.test("createTransferHasher() needs no chunk after write() has resolved", async () => {
  const bytes = seededBytes(3, 5 * MIB);
  const hasher = await hasherInThread();
  const memory = new Uint8Array(bytes.byteLength);
  for (let round = 0; round < 4; round++) {
    memory.set(bytes);
    await hasher.update(memory);
    memory.fill(0);
  }
  const expected = createHash("sha512");
  for (let round = 0; round < 4; round++) expected.update(bytes);
  assertEquals(await hasher.digest(), expected.digest("hex"));
  await hasher.close?.();
});

Deno.test("createTransferHasher() hashes inline for small images, little data, and runtimes without workers", async () => {
  const bytes = seededBytes(1, 100);
  for (
    const [size, start] of [
      [LARGE - 1, startThread],
      [null, startThread],
      [LARGE, null],
    ] as const
  ) {
    started = [];
    const hasher = await createTransferHasher("sha512", size, { start });
    assertEquals(hasher?.update(bytes), undefined);
    assertEquals(await hasher?.digest(), digestOf(bytes));
    assertEquals(started, []);
  }
  assertEquals(await createTransferHasher("whirlpool9", LARGE, { start: startThread }), null);
});

Deno.test("createTransferHasher() hashes inline when there are as many threads as processors less one", async () => {
  const bytes = seededBytes(1, 1_000);
  const most = navigator.hardwareConcurrency - 1;
  for (let round = 0; round < 2; round++) {
    started = [];
    const hashers = await Promise.all(Array.from({ length: most + 2 }, () => hasherInThread()));
    for (const hasher of hashers) await hasher.update(bytes);
    assertEquals(started.length, most);
    for (const hasher of hashers) assertEquals(await hasher.digest(), digestOf(bytes));
    for (const hasher of hashers) await hasher.close?.();
  }
});

Deno.test("createTransferHasher() hashes inline on workerd, whose threads are a stub", async () => {
  const runtime = globalThis as { FixedLengthStream?: unknown };
  runtime.FixedLengthStream = TransformStream;
  try {
    const hasher = await createTransferHasher("sha512", LARGE);
    assertEquals(hasher?.update(BYTES), undefined);
    assertEquals(hasher?.digest(), digestOf(BYTES));
  } finally {
    delete runtime.FixedLengthStream;
  }
});

/** A thread that ends before it has received a byte: at once, or after it has sent some slabs. */
class LostThread implements Thread {
  readonly #slabs: number;
  readonly #listeners = new Map<string, (message: never) => void>();

  constructor(slabs: number) {
    this.#slabs = slabs;
  }

  on(event: string, listener: (message: never) => void): void {
    this.#listeners.set(event, listener);
  }

  postMessage(): void {}

  /** Called when the thread has started. */
  unref(): void {
    if (this.#slabs === 0) queueMicrotask(() => this.end());
    for (let slabs = 0; slabs < this.#slabs; slabs++) {
      queueMicrotask(() => this.#listeners.get("message")?.(new ArrayBuffer(MIB) as never));
    }
  }

  terminate(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    this.#listeners.get("error")?.(new Error("no threads here") as never);
  }
}

Deno.test("createTransferHasher() hashes inline when no worker can be started", async () => {
  const bytes = seededBytes(5, 6 * MIB);
  const refuse: StartThread = () => {
    throw new Error("no threads here");
  };
  for (const start of [refuse, () => new LostThread(0)]) {
    const hasher = await hasherInThread(start);
    await hasher.update(bytes);
    await hasher.update(bytes.subarray(0, 5));
    const expected = createHash("sha512").update(bytes).update(bytes.subarray(0, 5));
    assertEquals(await hasher.digest(), expected.digest("hex"));
    await hasher.close?.();
  }
  for (const slabs of [0, 2]) {
    const thread = new LostThread(slabs);
    const brief = await hasherInThread(() => thread);
    await brief.update(bytes.subarray(0, 9));
    thread.end();
    await brief.update(bytes.subarray(9, 20));
    assertEquals(await brief.digest(), digestOf(bytes.subarray(0, 20)));
    await brief.close?.();
  }
});

Deno.test("createTransferHasher() rejects when its worker exits", async () => {
  started = [];
  const hasher = await hasherInThread();
  const bytes = seededBytes(5, MIB);
  await hasher.update(bytes);
  await hasher.digest();
  await started[0]?.terminate();
  await assertRejects(
    async () => {
      for (let round = 0; round < 9; round++) await hasher.update(bytes);
    },
    GlanceError,
    "Cannot continue hashing",
  );
  await hasher.close?.();
});

Deno.test("close() of a hasher ends a wait for room, and does nothing the second time", async () => {
  const hasher = await hasherInThread();
  const work = failureOf(Promise.resolve(hasher.update(new Uint8Array(9 * MIB))));
  await hasher.close?.();
  await hasher.close?.();
  assertInstanceOf(await work, GlanceError);
});

Deno.test("close() of a hasher ends every wait when a digest is requested while bytes wait for room", async () => {
  const hasher = await hasherInThread();
  const adding = failureOf(Promise.resolve(hasher.update(new Uint8Array(64 * MIB))));
  const digest = failureOf(Promise.resolve(hasher.digest()));
  await hasher.close?.();
  assertInstanceOf(await adding, GlanceError);
  assertInstanceOf(await digest, GlanceError);
});

Deno.test("digest() of a hasher delays no bytes that wait for room", async () => {
  const hasher = await hasherInThread();
  const adding = hasher.update(seededBytes(4, 9 * MIB));
  const digest = hasher.digest();
  await adding;
  assertEquals((await digest).length, 128);
  assertEquals(await hasher.digest(), digestOf(seededBytes(4, 9 * MIB)));
  await hasher.close?.();
});

/** Bytes that go around the slots more than twice. */
const BYTES = seededBytes(9, 9 * MIB + 5);

/** A source of {@linkcode BYTES}, and the worker that hashes them. */
async function threadedFixture(
  hashValue = digestOf(BYTES),
): Promise<{ rangeSource: RangeSource; verifier: Verifier | null }> {
  const identity: ContentDescriptor = {
    imageId: "42",
    size: BYTES.byteLength,
    hashAlgorithm: "sha512",
    hashValue,
    checksum: null,
  };
  const open = (start: number, signal: AbortSignal): Promise<RangeResponse> => {
    const reader = readerOf(new FakeBody(chunksOf(BYTES.slice(start), 100_000)).stream, signal);
    return Promise.resolve({
      reader,
      server: "http://a",
      bodyStart: start,
      skipBytes: 0,
      endExclusive: BYTES.byteLength,
      isRange: false,
      isSame: true,
      reportBreak: () => true,
      close: (reason) => reader.cancel(reason).catch(() => {}),
    });
  };
  [started, ended] = [[], 0];
  const verifier = await Verifier.create(identity, "required", () => hasherInThread());
  return {
    rangeSource: { identity, candidates: new Candidates(), hasPrefer: false, open },
    verifier,
  };
}

/** A download of {@linkcode BYTES} whose hash is computed in a thread. */
async function threadedReader(hashValue: string, signal?: AbortSignal): Promise<ResumingReader> {
  const { rangeSource, verifier } = await threadedFixture(hashValue);
  return new ResumingReader(rangeSource, {
    options: harnessOf([]).client.options,
    start: 0,
    end: null,
    isPart: false,
    verifier,
    isHashed: true,
    signal,
    onProgress: undefined,
  });
}

async function readAll(reader: ResumingReader): Promise<Uint8Array> {
  return await bytesOf(streamOf(reader));
}

const RIGHT = digestOf(BYTES);

Deno.test("download() returns right bytes or rejects when it is hashed in a thread", async () => {
  assertEquals(await readAll(await threadedReader(RIGHT)), BYTES);
  const wrong = readAll(await threadedReader("ab".repeat(64)));
  assertInstanceOf(await failureOf(wrong), ImageIntegrityError);
});

Deno.test("download() leaves no thread when it is canceled", async () => {
  const reader = streamOf(await threadedReader(RIGHT)).getReader();
  for (let read = 0; read < 50; read++) await reader.read();
  await reader.cancel();
  assertEquals([started.length, ended], [1, 1]);

  const stop = new AbortController();
  const stopped = await threadedReader(RIGHT, stop.signal);
  await stopped.read(new Uint8Array(MIB));
  stop.abort("enough");
  assertEquals(await failureOf(readAll(stopped)), "enough");
  assertEquals([started.length, ended], [1, 1]);
});

Deno.test("download() ends its thread when it is aborted between reads", async () => {
  const stop = new AbortController();
  const reader = await threadedReader(RIGHT, stop.signal);
  await reader.read(new Uint8Array(MIB));
  const end = new Promise((resolve) => started[0]?.on("exit", resolve));
  stop.abort("enough");
  await end;
  assertEquals(await failureOf(reader.read(new Uint8Array(MIB))), "enough");
});

Deno.test("download() over several connections ends its thread when it is aborted between reads", async () => {
  const stop = new AbortController();
  const { options } = harnessOf([]).client;
  const { rangeSource, verifier } = await threadedFixture();
  const reader = new ParallelReader({
    options,
    connections: 1,
    servers: ["http://a"],
    isHashed: true,
    rangeSource: () => rangeSource,
    rest: rangeSource,
    end: null,
    isPart: false,
    start: 0,
    endExclusive: BYTES.byteLength,
    partSize: BYTES.byteLength,
    shared: { Deadline, RangesUnavailable, ResumingReader },
    verifier,
    signal: stop.signal,
    onProgress: undefined,
  });
  await reader.read(new Uint8Array(MIB));
  const end = new Promise((resolve) => started[0]?.on("exit", resolve));
  stop.abort("enough");
  await end;
  assertEquals(await failureOf(reader.read(new Uint8Array(MIB))), "enough");
});

Deno.test("download() rejects when its thread exits", async () => {
  const reader = await threadedReader(RIGHT);
  for (let count = 0; count < 6 * MIB;) {
    count += (await reader.read(new Uint8Array(MIB)))?.byteLength ?? 0;
  }
  await started[0]?.terminate();
  await assertRejects(() => readAll(reader), GlanceError, "Cannot continue hashing");
});

Deno.test("download() verifies a large image like a small one", async () => {
  const blocks = Array.from({ length: LARGE / MIB }, () => BYTES.slice(0, MIB));
  const hash = createHash("sha512");
  for (const block of blocks) hash.update(block);
  const rest = { size: LARGE, checksum: null, os_hash_value: hash.digest("hex") };
  const harness = harnessOf([record(rest), new Served().data(blocks)]);
  let count = 0;
  const sink = new WritableStream({ write: ({ byteLength }) => void (count += byteLength) });
  await harness.service.download(CALLER, ID, sink);
  assertEquals(count, LARGE);
});

Deno.test("createTransferHasher() keeps the process alive for a digest, and not when it is unused", async () => {
  const module = import.meta.resolve("../../../lib/transfer/transfer_hasher.ts");
  const code = `
    const { createTransferHasher } = await import("${module}");
    const hasher = await createTransferHasher("sha512", 1, { minSize: 1 });
    await hasher.update(new Uint8Array(${9 * MIB}));
    console.log(await hasher.digest());
  `;
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", code], stderr: "inherit" });
  const { code: exit, stdout } = await command.output();
  const printed = new TextDecoder().decode(stdout).trim();
  assertEquals([exit, printed], [0, digestOf(new Uint8Array(9 * MIB))]);
});
