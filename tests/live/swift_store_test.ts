/** Glance with a real Swift as its store, which has no ranges: downloads, and the cache of a gateway. */
import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { connect, type Connection, type GlanceEvent } from "../../mod.ts";
import { memoryStore } from "../../lib/cache/mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { BreakingProxy } from "./breaking_proxy.ts";
import { FORMATS, randomBytes, RawGlance } from "./raw_glance.ts";
import { type LiveStack, startStack } from "./stack.ts";
import { startSwift } from "./swift.ts";
import { Traffic } from "./traffic.ts";

const MIB = 1024 * 1024;

/** More than all buffers between Glance and a reader. */
const SIZE = 24 * MIB + 17;
const DATA = randomBytes(SIZE);

const READERS = 50;

/** Bytes that the records, the permissions and the headers of all readers take, at most. */
const OVERHEAD = READERS * 10_000;

/** The stores of Glance: Swift, and a directory. */
const STORES = { objects: "without ranges", fast: "with ranges" };

/** An image with data in a store. */
async function createIn(glance: RawGlance, store: string, token: string): Promise<string> {
  const id = await glance.create(FORMATS);
  const response = await fetch(`${glance.url}/v2/images/${id}/file`, {
    method: "PUT",
    headers: {
      "x-auth-token": token,
      "content-type": "application/octet-stream",
      "x-image-meta-store": store,
    },
    body: DATA,
  });
  assertEquals([response.status, await response.text()], [204, ""]);
  return id;
}

/** A gateway with a cache, in front of proxies that count what the servers send. */
class CachingGateway implements AsyncDisposable {
  readonly traffic = new Traffic();
  readonly proxies: readonly BreakingProxy[];
  readonly router: ReturnType<typeof createImageRouter>;

  constructor({ glanceUrls }: LiveStack) {
    this.proxies = glanceUrls.map((url) => new BreakingProxy(Number(new URL(url).port)));
    this.router = createImageRouter({
      apiServers: this.proxies.map(({ url }) => url),
      fetch: this.traffic.fetch,
      cache: { store: memoryStore(), size: 1e9, slotSize: MIB },
      metrics: true,
    });
  }

  /** Bytes that the servers have sent. */
  get sent(): number {
    return this.proxies.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Reads from an offset and compares every byte; leaves after `most` bytes. */
  async read(id: string, token: string, start: number, most = Infinity): Promise<void> {
    const headers = { "x-auth-token": token, range: `bytes=${start}-` };
    const response = await this.router.request(`/v2/images/${id}/file`, { headers });
    assertEquals(response.status, 206);
    let at = start;
    for await (const chunk of response.body ?? []) {
      assert(isEqual(chunk, DATA.subarray(at, at + chunk.byteLength)), `a byte after ${at}`);
      at += chunk.byteLength;
      if (at - start >= most) return;
    }
    assertEquals(at, SIZE);
  }

  /** Resolves when the hash of the image was verified. */
  async verified(): Promise<void> {
    for (let look = 0; look < 400; look++) {
      const text = await (await this.router.request("/metrics")).text();
      if (text.includes('event="verified"')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("Cannot see that the image was verified");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

async function signIn(
  stack: LiveStack,
): Promise<Connection & { readonly traffic: Traffic; readonly events: GlanceEvent[] }> {
  const traffic = new Traffic();
  const events: GlanceEvent[] = [];
  const connection = await connect({
    credentials: stack.credentials("alice"),
    apiServers: stack.glanceUrls,
    fetch: traffic.fetch,
    onEvent: (event) => events.push(event),
    random: () => 0,
  });
  traffic.clear();
  return { ...connection, traffic, events };
}

/** Kills the server that sends the data, and returns its index. */
async function killServing(stack: LiveStack, traffic: Traffic): Promise<0 | 1> {
  const serving = traffic.to("/file").findLast(({ status }) => status === 200)?.url ?? "";
  const index = serving.startsWith(stack.glanceUrls[0]) ? 0 : 1;
  await stack.stopGlance(index, "SIGKILL");
  return index;
}

Deno.test("download() and createImageRouter() with a cache read a Glance whose store is Swift", async (t) => {
  await using swift = await startSwift();
  await using stack = await startStack({ swift: swift.account });
  const { token } = await stack.token("alice");
  const raw = new RawGlance(stack.glanceUrls[0], token);
  const id = await createIn(raw, "objects", token);

  await t.step("Glance refuses ranges", async () => {
    const statusOf = async (range: string) => {
      const headers = { "x-auth-token": token, range };
      const response = await fetch(`${raw.url}/v2/images/${id}/file`, { headers });
      return [response.status, (await response.text()).includes("randomly")];
    };
    assertEquals((await raw.record(id))?.["stores"], "objects");
    assertEquals(await statusOf("bytes=0-9"), [400, true]);
    assertEquals(await statusOf(`bytes=${SIZE}-`), [416, false]);
  });

  await t.step("download() continues when its server is killed", async () => {
    const { service, context, traffic, events } = await signIn(stack);
    let [at, killed] = [0, null as 0 | 1 | null];
    for await (const chunk of await service.download(context, id)) {
      assert(isEqual(chunk, DATA.subarray(at, at + chunk.byteLength)), `a byte after ${at}`);
      at += chunk.byteLength;
      if (at >= 4 * MIB) killed ??= await killServing(stack, traffic);
    }
    assertEquals(at, SIZE);
    assertEquals(events.filter(({ kind }) => kind === "resume").length, 1);
    if (killed !== null) await stack.startGlance(killed);
  });

  await t.step("download() with four connections has every byte", async () => {
    const { service, context, traffic } = await signIn(stack);
    let at = 0;
    const options = { connections: 4, partSize: 4 * MIB };
    for await (const chunk of await service.download(context, id, options)) {
      assert(isEqual(chunk, DATA.subarray(at, at + chunk.byteLength)), `a byte after ${at}`);
      at += chunk.byteLength;
    }
    assertEquals(at, SIZE);
    const read = traffic.to("/file").reduce((sum, { taken }) => sum + taken, 0);
    assert(read <= SIZE + OVERHEAD, `${read} bytes were read of ${SIZE}`);
  });

  for (const [store, ranges] of Object.entries(STORES)) {
    await t.step(`50 readers cost one read of a store ${ranges}, and some leave`, async (t) => {
      await using gateway = new CachingGateway(stack);
      const image = store === "objects" ? id : await createIn(raw, store, token);
      await Promise.all(Array.from({ length: READERS }, (_, n) => {
        const start = n % 2 === 0 ? 0 : (n * 7_654_321) % SIZE;
        // The first reader is one of the ten that leave.
        return gateway.read(image, token, start, n % 5 === 0 ? MIB : Infinity);
      }));
      await gateway.verified();
      const whole = gateway.traffic.to("/file").filter(({ status }) => status === 200);
      assertEquals(whole.length, store === "objects" ? 1 : 0);
      assert(gateway.sent < SIZE + OVERHEAD, `${gateway.sent} bytes were sent of ${SIZE}`);
      await t.step("later readers cost none", async () => {
        const before = gateway.sent;
        await gateway.read(image, token, 0);
        await gateway.read(image, token, SIZE - 1000);
        assert(gateway.sent - before < OVERHEAD, `${gateway.sent - before} bytes`);
      });
    });
  }

  await t.step("a reader in the middle waits for the read of the whole image", async () => {
    await using gateway = new CachingGateway(stack);
    const first = gateway.read(id, token, 0);
    await gateway.read(id, token, SIZE / 2 >> 0);
    await first;
    const whole = gateway.traffic.to("/file").filter(({ status }) => status === 200);
    assertEquals(whole.length, 1);
  });

  await t.step("cached readers continue when the server of their fill is killed", async () => {
    await using gateway = new CachingGateway(stack);
    const readers = Promise.all([0, 0, SIZE - 5000].map((at) => gateway.read(id, token, at)));
    const isFilling = () => gateway.traffic.to("/file").some(({ taken }) => taken > 4 * MIB);
    while (!isFilling()) await new Promise((resolve) => setTimeout(resolve, 5));
    const serving = gateway.traffic.to("/file").find(({ status }) => status === 200)?.url ?? "";
    const index = serving.startsWith(gateway.proxies[0]?.url ?? "") ? 0 : 1;
    await stack.stopGlance(index, "SIGKILL");
    await readers;
    await gateway.verified();
    await stack.startGlance(index);
  });
});
