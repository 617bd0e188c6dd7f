import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidConfigurationValue, NotAuthorized, NotFound } from "../../../mod.ts";
import { ServerUnreachable, UnexpectedResponse, UnexpectedStatus } from "../../../lib/errors.ts";
import { s3Store, type S3StoreOptions } from "../../../lib/cache/mod.ts";
import { FakeS3, refusal } from "./fake_s3.ts";

const KEY = "0f1c2b3a-0000-4000-8000-000000000001/0123456789abcdef0123456789abcdef/4096/0";

const REFUSALS = [
  [403, "SignatureDoesNotMatch", NotAuthorized, 'check "accessKeyId", "secretAccessKey"'],
  [403, "AccessDenied", NotAuthorized, "allow the access key"],
  [400, "AuthorizationHeaderMalformed", NotAuthorized, 'check "region"'],
  [404, "NoSuchBucket", NotFound, "create the bucket"],
  [301, "PermanentRedirect", UnexpectedStatus, 'check "endpoint" and "region"'],
  [503, "SlowDown", UnexpectedStatus, "https://s3.test responded with 503 SlowDown"],
] as const;

for (const [status, code, kind, words] of REFUSALS) {
  Deno.test(`s3Store() throws a ${kind.name} with a hint when the server responds with ${code}`, async () => {
    const server = new FakeS3();
    server.intercept = () => refusal(status, code);
    const store = s3Store(server.options());
    const calls = [
      () => store.read(KEY, 0, 1),
      () => store.write(KEY, [new Uint8Array(1)]),
      () => store.delete(KEY),
      () => Array.fromAsync(store.list()),
      () => store.claim!(KEY),
    ];
    for (const call of calls) {
      const error = await assertRejects(call, kind, words);
      assert(/^Cannot [a-z ]+ in bucket "cache": .+; .+$/.test(error.message), error.message);
      assert(!error.message.includes("secret,"), error.message);
    }
  });
}

for (const failure of [429, 500, 502, 503, 504, "connection refused"]) {
  Deno.test(`s3Store() repeats each request twice when it fails with ${failure}`, async () => {
    const server = new FakeS3();
    const store = s3Store(server.options());
    let failures = 0;
    server.intercept = () => {
      if (failures-- <= 0) return null;
      if (typeof failure === "string") throw new TypeError(failure);
      return refusal(failure, "InternalError");
    };
    const calls = [
      () => store.write(KEY, [new Uint8Array(1)]),
      () => store.read(KEY, 0, 1),
      () => Array.fromAsync(store.list()),
      () => store.claim!(KEY),
      () => store.release!(KEY),
      () => store.delete(KEY),
    ];
    for (const call of calls) {
      failures = 2;
      server.waits.length = 0;
      await call();
      assertEquals(server.waits, [100, 400]);
    }
    failures = 3;
    await assertRejects(calls[0]!);
    assertEquals(failures, 0);
  });
}

Deno.test("s3Store() does not repeat a request when the server refuses it", async () => {
  const server = new FakeS3();
  server.intercept = () => refusal(403, "AccessDenied");
  await assertRejects(() => s3Store(server.options()).read(KEY, 0, 1), NotAuthorized);
  assertEquals([server.requests.length, server.waits], [1, []]);
});

Deno.test("s3Store() throws a ServerUnreachable when the server cannot be reached", async () => {
  const server = new FakeS3();
  server.intercept = () => Promise.reject(new TypeError("connection refused"));
  await assertRejects(
    () => s3Store(server.options()).read(KEY, 0, 1),
    ServerUnreachable,
    'Cannot read a slot in bucket "cache": https://s3.test cannot be reached: connection refused',
  );
});

Deno.test("s3Store() throws a ServerUnreachable when the server does not respond in time", async () => {
  const server = new FakeS3();
  server.intercept = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  // Every timer rings at once.
  const timer = (_: number, ring: () => void) => {
    queueMicrotask(ring);
    return () => {};
  };
  await assertRejects(
    () => s3Store(server.options({ timer })).read(KEY, 0, 1),
    ServerUnreachable,
    "no response for 30 s",
  );
});

Deno.test("s3Store() throws an InvalidConfigurationValue when an option cannot be used", () => {
  const changes: Partial<S3StoreOptions>[] = [
    { endpoint: "s3.test" },
    { endpoint: "ftp://s3.test" },
    { endpoint: "https://key:secret@s3.test" },
    { bucket: "" },
    { bucket: "a/b" },
    { region: "" },
    { accessKeyId: "" },
    { secretAccessKey: "" },
    { prefix: "/edge" },
    { prefix: "a b" },
    { gateway: "a/b" },
  ];
  for (const change of changes) {
    assertThrows(
      () => s3Store(new FakeS3().options(change)),
      InvalidConfigurationValue,
      "Cannot use ",
    );
  }
});

Deno.test("s3Store() sends one PUT with the size when it writes", async () => {
  const server = new FakeS3();
  const store = s3Store(server.options({ endpoint: "https://s3.test/", prefix: "edge/" }));
  await store.write(KEY, [new Uint8Array(3), new Uint8Array(4)]);
  const [request] = server.requests;
  assertEquals(server.requests.length, 1);
  assertEquals(request?.method, "PUT");
  assertEquals(request?.url, `https://s3.test/cache/edge/slots/${KEY}`);
  assertEquals(request?.headers.get("content-length"), "7");
  assertEquals(request?.headers.get("content-type"), "application/octet-stream");
});

Deno.test("s3Store() reads the right bytes when the server ignores the range", async () => {
  const server = new FakeS3();
  server.intercept = () => new Response(Uint8Array.from({ length: 100 }, (_, at) => at));
  const stream = await s3Store(server.options()).read(KEY, 10, 13);
  assertEquals([...new Uint8Array(await new Response(stream).arrayBuffer())], [10, 11, 12]);
});

function gateways(server: FakeS3, count: number) {
  const sleep = () => Promise.resolve();
  return Array.from(
    { length: count },
    (_, n) => s3Store(server.options({ gateway: `gateway-${n}`, sleep })),
  );
}

Deno.test("s3Store().list() ends when each page is empty and names another one", async () => {
  const server = new FakeS3();
  let page = 0;
  server.intercept = () =>
    new Response(
      `<ListBucketResult><NextContinuationToken>${page++}</NextContinuationToken></ListBucketResult>`,
    );
  const store = s3Store(server.options());
  await assertRejects(() => Array.fromAsync(store.list()), UnexpectedResponse, "empty pages");
  await assertRejects(async () => await store.claim!(KEY), UnexpectedResponse, "empty pages");
  assert(page <= 300, String(page));
});

Deno.test("s3Store().claim() gives a slot to one gateway until it is released", async () => {
  const server = new FakeS3();
  const [first, second] = gateways(server, 2);
  assertEquals(await first!.claim!(KEY), true);
  assertEquals(await second!.claim!(KEY), false);
  assertEquals(await first!.claim!(KEY), true);
  await first!.release!(KEY);
  assertEquals(await second!.claim!(KEY), true);
  await second!.release!(KEY);
  assertEquals(server.objects.size, 0);
});

Deno.test("s3Store().claim() takes a slot over when the claim was not renewed for a minute", async () => {
  const server = new FakeS3();
  const [first, second] = gateways(server, 2);
  await first!.claim!(KEY);
  server.now += 50_000;
  await first!.claim!(KEY);
  server.now += 59_000;
  assertEquals(await second!.claim!(KEY), false);
  server.now += 2_000;
  assertEquals(await second!.claim!(KEY), true);
  assertEquals([...server.objects.keys()], [`claims/${KEY}/gateway-1`]);
});

Deno.test("s3Store().list() does not list claims, nor objects of others", async () => {
  const server = new FakeS3();
  const [store] = gateways(server, 1);
  await store!.claim!(KEY);
  server.objects.set("foreign", { body: new Uint8Array(1), modifiedAt: 0 });
  for (let n = 0; n < 5; n++) await store!.write(`${KEY}${n}`, [new Uint8Array(n)]);
  const listed = await Array.fromAsync(store!.list());
  assertEquals(
    listed.map(({ key, size }) => [key, size]),
    [0, 1, 2, 3, 4].map((n) => [KEY + n, n]),
  );
  assertEquals(listed[0]?.usedAt, server.now);
});

Deno.test("s3Store() rejects a write and a list if the server responds with 404, as one without a bucket does", async () => {
  for (const body of ["<html>no such page</html>", null]) {
    const store = s3Store({
      endpoint: "http://s3.test",
      bucket: "b",
      region: "r",
      accessKeyId: "k",
      secretAccessKey: "s",
      fetch: () => Promise.resolve(new Response(body, { status: 404 })),
    });
    await assertRejects(() => store.write("a", [new Uint8Array(3)]), NotFound, 'check "endpoint"');
    await assertRejects(() => Array.fromAsync(store.list()), NotFound, 'check "endpoint"');
    // Swift responds so to the deletion of an object that does not exist.
    await store.delete("a");
    assertEquals(await store.read("a", 0, 3), null);
  }
});
