import { assertEquals, assertRejects } from "@std/assert";
import { s3Store } from "../../../lib/cache/mod.ts";
import { FakeS3, refusal } from "./fake_s3.ts";

/** Gateways of one bucket, and a clock that they share with it. */
class Site {
  readonly server = new FakeS3();
  readonly #start = this.server.now;

  gateway(name: string) {
    const now = () => this.server.now - this.#start;
    return s3Store(this.server.options({ gateway: name, now }));
  }

  pass(ms: number): void {
    this.server.now += ms;
  }

  /** The methods of the requests since the last call. */
  takeRequests(): string[] {
    return this.server.requests.splice(0).map(({ method, url }) =>
      `${method} ${new URL(url).search === "" ? "object" : "list"}`
    );
  }
}

Deno.test("s3Store().isAlone() resolves to true after 2 s, and lists the gateways once a second", async () => {
  const site = new Site();
  const store = site.gateway("a");
  assertEquals(await store.isAlone!(), false);
  assertEquals(site.takeRequests(), ["PUT object"]);
  site.pass(1_999);
  assertEquals([await store.isAlone!(), site.takeRequests()], [false, []]);
  site.pass(1);
  assertEquals([await store.isAlone!(), site.takeRequests()], [true, ["GET list"]]);
  site.pass(999);
  assertEquals([await store.isAlone!(), site.takeRequests()], [true, []]);
  site.pass(1);
  assertEquals([await store.isAlone!(), site.takeRequests()], [true, ["GET list"]]);
});

Deno.test("s3Store().isAlone() resolves to false until the other gateway was not seen for a minute", async () => {
  const site = new Site();
  const [first, second] = [site.gateway("a"), site.gateway("b")];
  await first.isAlone!();
  site.pass(5_000);
  assertEquals([await first.isAlone!(), await second.isAlone!()], [true, false]);
  site.pass(1_000);
  assertEquals(await first.isAlone!(), false);
  site.pass(40_000);
  assertEquals(await first.isAlone!(), false);
  site.pass(21_000);
  assertEquals(await first.isAlone!(), true);
  assertEquals([...site.server.objects.keys()], ["gateways/a"]);
});

Deno.test("s3Store().isAlone() resolves to false at first when it has not been called for a minute", async () => {
  const site = new Site();
  const store = site.gateway("a");
  await store.isAlone!();
  site.pass(2_000);
  assertEquals(await store.isAlone!(), true);
  site.pass(60_000);
  assertEquals(await store.isAlone!(), false);
});

Deno.test("s3Store().isAlone() rejects when the bucket cannot be used, and is not alone after that", async () => {
  const site = new Site();
  const store = site.gateway("a");
  site.server.intercept = () => refusal(403, "AccessDenied");
  await assertRejects(() => store.isAlone!());
  site.server.intercept = () => null;
  assertEquals(await store.isAlone!(), false);
});

Deno.test("s3Store().list() rejects when a page is larger than 8 MiB", async () => {
  const site = new Site();
  site.server.intercept = () => new Response(new Uint8Array(8 * 1024 * 1024 + 1));
  await assertRejects(
    () => Array.fromAsync(site.gateway("a").list()),
    Error,
    "larger than the limit",
  );
});
