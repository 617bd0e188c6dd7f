/** The store for S3 with a real server, and gateways that share it. */
import { assert, assertEquals } from "@std/assert";
import { NotAuthorized, NotFound } from "../../mod.ts";
import { s3Store } from "../../lib/cache/mod.ts";
import { sleep } from "../../lib/timer.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { STORE_RULES } from "../cache/stores/contract.ts";
import { FakeGlance } from "../support/fake_glance.ts";
import { seededBytes } from "../support/seed.ts";
import { storeImage } from "../support/stored_image.ts";
import { type S3Bucket, startSwift } from "./swift.ts";

const SLOT = 256 * 1024;
const IMAGE_SIZE = 2 * SLOT + 1000;
const SERVER = "http://glance.test:9292";
const KEY = "0f1c2b3a-0000-4000-8000-000000000001/0123456789abcdef0123456789abcdef/4096/0";

/** The requests to a bucket, which continue after the response of a gateway, and the delays between them. */
class BucketCalls {
  #pending = 0;

  /** The access to a bucket that is counted. */
  readonly access = {
    fetch: (...args: Parameters<typeof fetch>) => this.#count(fetch(...args)),
    sleep: (ms: number) => this.#count(sleep(ms)),
  };

  /** Resolves when there were none for a while. */
  async end(): Promise<void> {
    for (let idle = 0; idle < 4; idle = this.#pending === 0 ? idle + 1 : 0) await sleep(50);
  }

  async #count<Result>(call: Promise<Result>): Promise<Result> {
    this.#pending++;
    return await call.finally(() => this.#pending--);
  }
}

/** Counts the bytes that Glance sends of image data. */
class Origin {
  readonly glance = new FakeGlance();
  sent = 0;

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const response = await this.glance.respond(request);
    const { ok, body } = response;
    if (!ok || body === null || !new URL(request.url).pathname.endsWith("/file")) return response;
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.sent += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
    return new Response(body.pipeThrough(count), response);
  };

  /** A gateway with an empty index that uses a bucket. */
  gateway(bucket: S3Bucket, prefix: string): ReturnType<typeof createImageRouter> {
    return createImageRouter({
      apiServers: [SERVER],
      fetch: this.fetch,
      hedgeDelay: Infinity,
      metrics: true,
      cache: { store: s3Store({ ...bucket, prefix }), size: 1e9, slotSize: SLOT },
    });
  }

  async image(): Promise<{ id: string; bytes: Uint8Array<ArrayBuffer> }> {
    const bytes = seededBytes(1, IMAGE_SIZE);
    const send = (path: string, init: RequestInit) =>
      this.glance.respond(new Request(SERVER + path, init));
    const id = await storeImage(send, "disk", bytes);
    return { id, bytes };
  }
}

async function read(
  gateway: ReturnType<typeof createImageRouter>,
  { id, bytes }: { readonly id: string; readonly bytes: Uint8Array },
  start: number,
): Promise<string | null> {
  const headers: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` };
  const response = await gateway.request(`/v2/images/${id}/file`, { headers });
  assertEquals(new Uint8Array(await response.arrayBuffer()), bytes.slice(start));
  return response.headers.get("cache-status");
}

/** Resolves when all slots are in the bucket. */
async function stored(bucket: S3Bucket, prefix: string): Promise<void> {
  const store = s3Store({ ...bucket, prefix });
  while ((await Array.fromAsync(store.list())).length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("s3Store() and gateways that share it with Swift", async (t) => {
  await using swift = await startSwift();
  const calls = new BucketCalls();
  const bucket = { ...await swift.bucket("slots"), ...calls.access };

  for (const [index, { name, check }] of STORE_RULES.entries()) {
    await t.step(`s3Store() ${name}`, async () => {
      await check(s3Store({ ...bucket, prefix: `rule-${index}/` }), true);
    });
  }

  await t.step("s3Store().list() lists every slot when there are several pages", async () => {
    const store = s3Store({ ...bucket, prefix: "pages/" });
    const keys = Array.from({ length: 1001 }, (_, n) => `${KEY}${n}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(
        keys.slice(at, at + 50).map((key) => store.write(key, [new Uint8Array(1)])),
      );
    }
    const listed = await Array.fromAsync(store.list());
    assertEquals(listed.map(({ key }) => key).sort(), keys.sort());
  });

  await t.step(
    "s3Store() throws errors with a hint when the keys or the bucket are wrong",
    async () => {
      const failure = (changes: Partial<S3Bucket>) =>
        s3Store({ ...bucket, ...changes }).read(KEY, 0, 1).then(() => null, (error) => error);
      const denied = await failure({ secretAccessKey: "wrong" });
      assert(denied instanceof NotAuthorized && /check "accessKeyId"/.test(denied.message), denied);
      const region = await failure({ region: "eu-west-1" });
      assert(region instanceof NotAuthorized && /check "region"/.test(region.message), region);
      const missing = await failure({ bucket: "absent" });
      assert(missing instanceof NotFound && /create the bucket/.test(missing.message), missing);
    },
  );

  await t.step(
    "s3Store().claim() gives a slot to one of ten gateways when all claim it at once",
    async () => {
      for (let round = 0; round < 3; round++) {
        const stores = Array.from({ length: 10 }, () => s3Store({ ...bucket, prefix: "race/" }));
        const claims = await Promise.all(stores.map((store) => store.claim!(`${KEY}${round}`)));
        assertEquals(claims.filter(Boolean).length, 1);
      }
    },
  );

  await t.step("a gateway reads from the bucket what another one has stored", async () => {
    const origin = new Origin();
    const image = await origin.image();
    await read(origin.gateway(bucket, "two/"), image, 0);
    await stored(bucket, "two/");
    const before = origin.sent;
    const status = await read(origin.gateway(bucket, "two/"), image, 0);
    assertEquals(status, "glance-edge; hit");
    // The permission is requested with a range without bytes.
    assertEquals(origin.sent, before);
  });

  await t.step("ten gateways with 50 readers each read an image from Glance once", async () => {
    const origin = new Origin();
    const image = await origin.image();
    const gateways = Array.from({ length: 10 }, () => origin.gateway(bucket, "ten/"));
    await Promise.all(gateways.flatMap((gateway, number) =>
      Array.from(
        { length: 50 },
        (_, n) => read(gateway, image, n % 2 ? (number * 50 + n) * 1_000 : 0),
      )
    ));
    const ratio = origin.sent / IMAGE_SIZE;
    console.log(`bytes from Glance: ${ratio.toFixed(3)} of the image`);
    assert(ratio <= 1.2, String(ratio));
  });

  await t.step("a gateway reads from Glance when the bucket was removed", async () => {
    const origin = new Origin();
    const image = await origin.image();
    const gateway = origin.gateway({ ...bucket, bucket: "absent" }, "");
    await read(gateway, image, 0);
    await read(gateway, image, 1000);
    const text = await (await gateway.request("/metrics")).text();
    assert(text.includes('event="store-failed"'), text);
  });

  await calls.end();
});
