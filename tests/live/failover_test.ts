/**
 * Two real Glance servers, one of which is killed, frozen, or restarted during a transfer: what
 * happens to interrupted downloads and uploads.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  connect,
  type Connection,
  GlanceConnectionFailed,
  type GlanceEvent,
  type GlanceOptions,
  ImageDownloadFailed,
  ImageNotFound,
  ImageUploadFailed,
} from "../../mod.ts";
import { randomBytes, RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";
import { Traffic } from "./traffic.ts";

const MIB = 1024 * 1024;

/** Larger than all buffers, so a server is always killed during the transfer. */
const IMAGE_SIZE = 200 * MIB;
const KILL_AT = 50 * MIB;

/** No pause between retry rounds. */
const AT_ONCE = { random: () => 0 };

const FORMATS = { diskFormat: "raw", containerFormat: "bare" };

/** Index of a server. */
type Index = 0 | 1;

Deno.test("create() and download() continue when servers are killed", async (t) => {
  await using stack = await startStack();
  const raw = await RawGlance.as(stack, "alice");
  const image = await uploadLarge(stack);

  await t.step(
    "download() completes and reads no byte twice when its server is killed",
    async () => {
      const { service, context, traffic, events } = await signIn(stack);
      const receiver = new Receiver(() => killServing(stack, traffic));
      for await (const chunk of await service.download(context, image.id)) {
        await receiver.take(chunk);
      }
      assertEquals(receiver.result, [IMAGE_SIZE, image.sha512]);
      assertContinues(stack, traffic, events, receiver.broken);
      await stack.startGlance(receiver.broken);
    },
  );

  await t.step("download() into a sink completes when its server is killed", async () => {
    const { service, context, traffic, events } = await signIn(stack);
    const receiver = new Receiver(() => killServing(stack, traffic));
    let isClosed = false;
    const sink = new WritableStream<Uint8Array>({
      write: (chunk) => receiver.take(chunk),
      close: () => void (isClosed = true),
    });
    await service.download(context, image.id, sink);
    assertEquals([isClosed, ...receiver.result], [true, IMAGE_SIZE, image.sha512]);
    assertContinues(stack, traffic, events, receiver.broken);
    await stack.startGlance(receiver.broken);
  });

  await t.step("download() completes when its server freezes", async () => {
    const { service, context, traffic, events } = await signIn(stack, { stallTimeout: 3_000 });
    let ended = Promise.resolve();
    const receiver = new Receiver(() => {
      const index = servingIndex(stack, traffic);
      ended = stack.stopGlance(index, "SIGSTOP");
      return Promise.resolve(index);
    });
    for await (const chunk of await service.download(context, image.id)) await receiver.take(chunk);
    assertEquals(receiver.result, [IMAGE_SIZE, image.sha512]);
    assertContinues(stack, traffic, events, receiver.broken);

    const aborting = await signIn(stack, { requestTimeout: 3_000 });
    for (let call = 0; call < 2; call++) await aborting.service.show(context, image.id);
    assertEquals(aborting.events.map(({ kind }) => kind), ["hedge", "cooldown"]);
    await stack.stopGlance(receiver.broken, "SIGKILL");
    await ended;
    await stack.startGlance(receiver.broken);
  });

  await t.step("download() uses a restarted server again", async () => {
    let now = 0;
    // The first response of a restarted server may take longer than a probe waits.
    const options = { now: () => now, hedgeDelay: Infinity };
    const { service, context, traffic } = await signIn(stack, options);
    await stack.stopGlance(0, "SIGKILL");
    for (let call = 0; call < 4; call++) await service.show(context, image.id);
    assertEquals(requestCounts(stack, traffic), [1, 4]);
    await stack.startGlance(0);
    traffic.clear();
    now += 60_000;
    for (let call = 0; call < 4; call++) await service.show(context, image.id);
    assertEquals(requestCounts(stack, traffic), [2, 2]);
  });

  await t.step("create() fails and leaves no image when its server is killed", async () => {
    const { service, context, traffic } = await signIn(stack);
    const killed: Index[] = [];
    const source = async function* () {
      for (let given = 0; given < 20; given++) {
        if (given === 10) killed.push(await killServing(stack, traffic));
        yield randomBytes(MIB);
      }
    };
    const id = crypto.randomUUID();
    const error = await assertRejects(() =>
      service.create(context, { id, name: "lost", ...FORMATS }, source())
    );
    assert(
      error instanceof GlanceConnectionFailed || error instanceof ImageUploadFailed,
      String(error),
    );
    await assertRejects(() => service.show(context, id), ImageNotFound);
    for (const index of killed) await stack.startGlance(index);
    assertEquals(killed.length, 1);
  });

  await t.step("create() sends re-readable data to the next server when one is down", async () => {
    await stack.stopGlance(0, "SIGKILL");
    const bytes = randomBytes(3 * MIB);
    for (const data of [bytes, new Blob([bytes]), () => new Blob([bytes]).stream()]) {
      // A new service has no record yet of which server is down.
      const { service, context } = await signIn(stack);
      const { id, size } = await service.create(context, { name: "again", ...FORMATS }, data);
      assertEquals(size, bytes.length);
      await service.delete(context, id);
    }
    await stack.startGlance(0);
  });

  await t.step("every call fails in time when all servers are down", async () => {
    const { service, context, traffic } = await signIn(stack, {
      numRetries: 1,
      stallTimeout: 3_000,
      random: Math.random, // without jitter, a download spends its retry budget during the outage
    });
    const reader = (await service.download(context, image.id)).getReader();
    const first = await reader.read();
    assert(!first.done);
    await Promise.all([stack.stopGlance(0, "SIGKILL"), stack.stopGlance(1, "SIGKILL")]);
    const started = performance.now();
    const broken = await assertRejects(async () => {
      while (!(await reader.read()).done);
    }, ImageDownloadFailed);
    assertEquals(broken.imageId, image.id);
    assertInstanceOf(broken.cause, AggregateError);
    const taken = traffic.to("/file").reduce((sum, one) => sum + one.taken, 0);
    assert(taken < IMAGE_SIZE / 2, `${taken} bytes were on their way`);

    for (
      const call of [
        () => service.show(context, image.id),
        () => service.detail(context),
        () => service.download(context, image.id),
        () => service.create(context, { name: "down", ...FORMATS }),
        () => service.delete(context, image.id),
      ]
    ) {
      const failed = await assertRejects(call, GlanceConnectionFailed);
      assertInstanceOf(failed.cause, AggregateError);
      for (const url of stack.glanceUrls) assert(failed.message.includes(url));
    }
    assert(performance.now() - started < 15_000);
    await Promise.all([stack.startGlance(0), stack.startGlance(1)]);
    assertEquals((await raw.record(image.id))?.["status"], "active");
  });
});

/** Counts and hashes the received data, and breaks the sending server once, halfway. */
class Receiver {
  readonly #hash = createHash("sha512");
  readonly #breakServer: () => Promise<Index>;
  #offset = 0;
  #broken: Index | null = null;

  constructor(breakServer: () => Promise<Index>) {
    this.#breakServer = breakServer;
  }

  /** Reads nothing while the server is killed, so the data in flight stays limited. */
  async take(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#offset += chunk.byteLength;
    if (this.#broken === null && this.#offset >= KILL_AT) this.#broken = await this.#breakServer();
  }

  /** The server that was killed or frozen. */
  get broken(): Index {
    if (this.#broken === null) throw new Error("no server was broken");
    return this.#broken;
  }

  get result(): [size: number, sha512: string] {
    return [this.#offset, this.#hash.digest("hex")];
  }
}

/** Connects to both servers and records the requests. */
async function signIn(
  stack: LiveStack,
  options: GlanceOptions = {},
): Promise<Connection & { readonly traffic: Traffic; readonly events: GlanceEvent[] }> {
  const traffic = new Traffic();
  const events: GlanceEvent[] = [];
  const connection = await connect({
    credentials: stack.credentials("alice"),
    apiServers: stack.glanceUrls,
    fetch: traffic.fetch,
    onEvent: (event) => events.push(event),
    ...AT_ONCE,
    ...options,
  });
  traffic.clear();
  return { ...connection, traffic, events };
}

/** Uploads an image of {@linkcode IMAGE_SIZE} with random chunks. */
async function uploadLarge(
  stack: LiveStack,
): Promise<{ readonly id: string; readonly sha512: string }> {
  const { service, context } = await signIn(stack);
  const hash = createHash("sha512");
  const source = async function* () {
    const chunk = randomBytes(MIB);
    for (let at = 0; at < IMAGE_SIZE; at += MIB) {
      new DataView(chunk.buffer).setUint32(0, at);
      hash.update(chunk);
      yield chunk.slice();
    }
  };
  const { id } = await service.create(context, { name: "large", ...FORMATS }, source());
  return { id, sha512: hash.digest("hex") };
}

/** The server that is transferring image data. */
function servingIndex(stack: LiveStack, traffic: Traffic): Index {
  const url = traffic.to("/file").at(-1)?.url ?? "";
  return url.startsWith(stack.glanceUrls[0]) ? 0 : 1;
}

async function killServing(stack: LiveStack, traffic: Traffic): Promise<Index> {
  const index = servingIndex(stack, traffic);
  await stack.stopGlance(index, "SIGKILL");
  return index;
}

/** Asserts that after one break exactly the missing bytes were requested from the next server. */
function assertContinues(
  stack: LiveStack,
  traffic: Traffic,
  events: readonly GlanceEvent[],
  broken: Index,
): void {
  const [first, second, ...more] = traffic.to("/file");
  if (first === undefined || second === undefined) throw new Error("the download did not break");
  assertEquals(more, []);
  assert(first.url.startsWith(stack.glanceUrls[broken]));
  assert(second.url.startsWith(stack.glanceUrls[broken === 0 ? 1 : 0]));
  assertEquals([second.status, second.headers.get("range")], [
    206,
    `bytes=${first.taken}-${IMAGE_SIZE - 1}`,
  ]);
  assert(first.taken >= KILL_AT && first.taken < IMAGE_SIZE);
  assertEquals(first.taken + second.taken, IMAGE_SIZE);
  const [cooldown, continued, ...others] = events.map(({ kind }) => kind);
  assertEquals([cooldown, others], ["cooldown", []]);
  // The silence of a frozen server ends its response, or moves the download before that.
  assert(continued === "resume" || continued === "move", continued);
}

/** Number of requests to each server. */
function requestCounts(stack: LiveStack, traffic: Traffic): number[] {
  return stack.glanceUrls.map((url) => traffic.to(url).length);
}
