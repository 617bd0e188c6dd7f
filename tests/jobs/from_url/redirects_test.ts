/** Redirects of the server of a source: followed to other origins, but never in a circle or to another scheme. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ImageIntegrityError, RedirectRefused, ServerUnreachable } from "../../../lib/errors.ts";
import {
  type CreateFromOptions,
  createImageFrom,
} from "../../../lib/jobs/from_url/create_image_from.ts";
import { importImage } from "../../../lib/jobs/import_image.ts";
import { FORMATS } from "../embedded.ts";
import { seededBytes } from "../../support/seed.ts";
import { type Answer, cutAfter, MirrorCloud, whole } from "./mirror.ts";

const DATA = seededBytes(9, 300_000);

/** A cloud with servers next to the mirror that only redirect. */
class RedirectingCloud extends MirrorCloud {
  /** URLs of all requests to web servers, with the credentials sent. */
  readonly hops: string[] = [];

  /** `targets` has the target of each URL without its query. A URL of the mirror is served if it has none. */
  constructor(targets: Readonly<Record<string, string | null>>) {
    super();
    this.add("disk.raw", DATA);
    const mirror = this.intercept;
    this.intercept = (arrived, respond) => {
      const { url, request } = arrived;
      if (url.host === "a") return mirror(arrived, respond);
      const authorization = request.headers.get("authorization");
      const mark = authorization === null ? "" : ` ${atob(authorization.slice("Basic ".length))}`;
      this.hops.push(url.href + mark);
      const target = targets[url.origin + url.pathname];
      if (target === undefined) return mirror(arrived, respond);
      const headers: HeadersInit = target === null ? {} : { location: target };
      return new Response("moved", { status: 302, headers });
    };
  }

  create(url: string, options: CreateFromOptions = {}) {
    return createImageFrom(this.service, this.context, { name: "disk" }, { url }, options);
  }
}

Deno.test("createImageFrom() follows redirects to other origins", async () => {
  const cloud = new RedirectingCloud({
    "http://one/disk": "https://two/disk",
    "https://two/disk": "/other#part",
    "https://two/other": "http://mirror/disk.raw",
  });
  assertEquals((await cloud.create("http://one/disk")).size, DATA.byteLength);
  assertEquals(cloud.hops, [
    "http://one/disk",
    "https://two/disk",
    "https://two/other",
    "http://mirror/disk.raw",
  ]);
});

Deno.test("createImageFrom() names a redirect in a circle, and does not repeat it", async () => {
  const cloud = new RedirectingCloud({
    "http://one/disk": "http://two/disk",
    "http://two/disk": "http://three/disk",
    "http://three/disk": "http://two/disk",
    "http://one/self": "http://one/self#again",
  });
  const circle = await assertRejects(() => cloud.create("http://one/disk"), RedirectRefused);
  assertEquals(
    circle.message,
    'Cannot download "http://one/disk": the server redirects in a circle, "http://two/disk" to "http://three/disk" to "http://two/disk"; open the URL in a browser, or use another mirror',
  );
  assertEquals(cloud.hops.length, 3);
  await assertRejects(
    () => cloud.create("http://one/self"),
    RedirectRefused,
    'the server redirects "http://one/self" to itself',
  );
  assertEquals(cloud.hops.length, 4);
  assertEquals(await cloud.images(), []);
});

Deno.test("createImageFrom() follows at most 20 redirects", async () => {
  const steps = Array.from({ length: 22 }, (_, i) => [`http://one/${i}`, `http://one/${i + 1}`]);
  const cloud = new RedirectingCloud(Object.fromEntries(steps));
  await assertRejects(() => cloud.create("http://one/0"), RedirectRefused, "more than 20 times");
  assertEquals(cloud.hops.length, 21);
});

Deno.test("createImageFrom() refuses a redirect to another scheme or nowhere", async (t) => {
  const targets = {
    "file:///etc/shadow": '"file:///etc/shadow", which is not an http or https URL',
    "ftp://one/disk": '"ftp://one/disk", which is not an http or https URL',
    "data:,disk": '"data:,disk", which is not an http or https URL',
    "http://": "without a valid Location",
  };
  for (const [target, reason] of Object.entries(targets)) {
    await t.step(target, async () => {
      const cloud = new RedirectingCloud({ "http://one/disk": target });
      await assertRejects(() => cloud.create("http://one/disk"), RedirectRefused, reason);
      assertEquals(cloud.hops.length, 1);
    });
  }
  const cloud = new RedirectingCloud({ "http://one/disk": null });
  await assertRejects(() => cloud.create("http://one/disk"), RedirectRefused, "without a valid");
});

Deno.test("createImageFrom() follows a redirect from https to http only if allowHttpRedirect is true", async () => {
  const cloud = new RedirectingCloud({
    "https://one/disk": "https://two/disk?token=secret",
    "https://two/disk": "http://mirror/disk.raw?token=secret",
  });
  const { message } = await assertRejects(() => cloud.create("https://one/disk"), RedirectRefused);
  assertEquals(
    message,
    'Cannot download "https://one/disk": the server redirects from https to "http://mirror/disk.raw", whose data can be changed on the way; use an https mirror, or set "allowHttpRedirect" if a checksum verifies the data',
  );
  assertEquals(cloud.hops.length, 2);
  const allowed = await cloud.create("https://one/disk", { allowHttpRedirect: true });
  assertEquals(allowed.size, DATA.byteLength);
});

Deno.test("createImageFrom() never follows a redirect of its checksum file from https to http", async () => {
  const cloud = new RedirectingCloud({ "https://one/SUMS": "http://mirror/SUMS" });
  const options = { checksums: "https://one/SUMS", allowHttpRedirect: true };
  const error = await assertRejects(
    () => cloud.create("http://mirror/disk.raw", options),
    RedirectRefused,
    "use an https mirror",
  );
  assert(!error.message.includes("allowHttpRedirect"));
  assertEquals(cloud.hops.length, 1);
});

Deno.test("importImage() refuses a redirect from https to http of data that it uploads", async () => {
  const cloud = new RedirectingCloud({ "https://one/disk": "http://mirror/disk.raw" });
  const { id } = await cloud.service.create(cloud.context, FORMATS);
  const source = { url: "https://one/disk" };
  const attempt = importImage(cloud.service, cloud.context, id, source, { method: "upload" });
  await assertRejects(() => attempt, RedirectRefused, "use an https mirror");
});

Deno.test("createImageFrom() refuses a redirect from https to http that fetch has followed", async () => {
  const cloud = new RedirectingCloud({});
  const mirror = cloud.intercept;
  cloud.intercept = async (arrived, respond) => {
    const response = await mirror(arrived, respond);
    if (response === null || arrived.url.host === "a") return response;
    return Object.defineProperty(response, "url", { value: "http://mirror/disk.raw" });
  };
  const attempt = cloud.create("https://mirror/disk.raw");
  await assertRejects(() => attempt, RedirectRefused, 'from https to "http://mirror/disk.raw"');
  assertEquals(cloud.openBodies, 0);
});

Deno.test("createImageFrom() sends the credentials of a URL only to its origin", async () => {
  const cloud = new RedirectingCloud({
    "http://one/disk": "http://one/absolute",
    "http://one/absolute": "http://mirror/disk.raw",
  });
  await cloud.create("http://me:p%40ss%C3%A9@one/disk");
  const sent = "me:p@ss\u00c3\u00a9";
  assertEquals(cloud.hops, [
    `http://one/disk ${sent}`,
    `http://one/absolute ${sent}`,
    "http://mirror/disk.raw",
  ]);
});

Deno.test("createImageFrom() follows the redirect again after a break, with If-Range", async () => {
  const cloud = new RedirectingCloud({ "https://one/disk": "https://mirror/disk.raw" });
  cloud.answers.push(cutAfter(200_000), cutAfter(50_000));
  assertEquals((await cloud.create("https://one/disk")).size, DATA.byteLength);
  assertEquals(
    cloud.hops,
    [0, 1, 2].flatMap(() => [
      "https://one/disk",
      "https://mirror/disk.raw",
    ]),
  );
  assertEquals(cloud.ranges, [null, "bytes=195904-", "bytes=241808-"]);
  assertEquals(cloud.headers.map((headers) => headers.get("if-range")), [null, '"1"', '"1"']);
});

Deno.test("createImageFrom() compares the file of another mirror to which a redirect leads after a break", async (t) => {
  const other: Answer = (file, request) => whole({ ...file, headers: { etag: '"2"' } }, request);
  for (const isEqual of [true, false]) {
    await t.step(isEqual ? "the same file" : "another file", async () => {
      const targets = { "https://one/disk": "https://mirror/disk.raw" };
      const cloud = new RedirectingCloud(targets);
      cloud.answers.push(cutAfter(200_000), (file, request) => {
        const bytes = isEqual ? file.bytes : file.bytes.map((byte) => byte ^ 1);
        return other({ bytes }, request);
      });
      targets["https://one/disk"] = "https://mirror/disk.raw";
      const attempt = cloud.create("https://one/disk");
      if (isEqual) assertEquals((await attempt).size, DATA.byteLength);
      else await assertRejects(() => attempt, ImageIntegrityError, "it has changed");
      assertEquals(cloud.openBodies, 0);
      assertEquals(await cloud.images(), isEqual ? ["disk active"] : []);
    });
  }
});

Deno.test("createImageFrom() names the target of a redirect that cannot be reached", async () => {
  const cloud = new RedirectingCloud({ "http://one/disk": "http://down/disk?token=secret" });
  const redirecting = cloud.intercept;
  cloud.intercept = (arrived, respond) => {
    if (arrived.url.host !== "down") return redirecting(arrived, respond);
    throw new TypeError("error sending request", { cause: new Error("connection refused") });
  };
  const { message } = await assertRejects(() => cloud.create("http://one/disk"), ServerUnreachable);
  const reason = 'it redirects to "http://down/disk": error sending request: connection refused';
  assert(message.includes(reason) && !message.includes("secret"), message);
});
