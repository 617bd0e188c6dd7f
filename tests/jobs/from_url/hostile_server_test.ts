/** Web servers whose responses are not those requested: never an image with other bytes than the file. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  DecompressionFailed,
  GlanceError,
  ImageContentRejected,
  ImageIntegrityError,
  ServerUnreachable,
} from "../../../lib/errors.ts";
import { importImage } from "../../../lib/jobs/import_image.ts";
import { createImageFrom } from "../../../lib/jobs/from_url/create_image_from.ts";
import { FORMATS } from "../embedded.ts";
import { seededBytes } from "../../support/seed.ts";
import { type Answer, cutAfter, failing, MirrorCloud, whole } from "./mirror.ts";

const DATA = seededBytes(8, 300_000);
const OLD = "Sat, 01 Jan 2000 00:00:00 GMT";

/** Same size and first half, other second half. */
const OTHER = DATA.map((byte, i) => i < 150_000 ? byte : byte ^ 1);

function create(cloud: MirrorCloud, url: string) {
  return createImageFrom(cloud.service, cloud.context, { name: "disk" }, { url });
}

/** Replaces the file before the response. */
function replacing(bytes: Uint8Array, headers: Record<string, string>, answer = whole): Answer {
  return (_file, request) => answer({ bytes, headers }, request);
}

/** A server that does not support `If-Range`. */
const unconditional: Answer = (file, request) => {
  const headers = new Headers(request.headers);
  headers.delete("if-range");
  return whole(file, new Request(request, { headers }));
};

/** Changes the headers of a response. */
function withHeaders(changes: Record<string, string | null>, answer: Answer): Answer {
  return (file, request) => {
    const { status, headers, body } = answer(file, request);
    const changed = new Headers(headers);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) changed.delete(name);
      else changed.set(name, value);
    }
    return new Response(body, { status, headers: changed });
  };
}

Deno.test("createImageFrom() refuses a first response that is not the whole file", async () => {
  for (const status of [202, 206, 206]) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA);
    cloud.answers.push((file) => new Response(file.bytes.slice(0, 1000), { status }));
    const error = await assertRejects(() => create(cloud, url), GlanceError);
    assertEquals(error.status, status);
    assertEquals(await cloud.images(), []);
    assertEquals(cloud.openBodies, 0);
  }
});

Deno.test("importImage() refuses a part of a file that it uploads", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  cloud.answers.push((file) => new Response(file.bytes.slice(0, 1000), { status: 206 }));
  const { id } = await cloud.service.create(cloud.context, FORMATS);
  const attempt = importImage(cloud.service, cloud.context, id, { url }, { method: "upload" });
  assertEquals((await assertRejects(() => attempt, GlanceError)).status, 206);
  assertEquals((await cloud.service.show(cloud.context, id)).status, "queued");
});

Deno.test("createImageFrom() never joins two versions of a file", async (t) => {
  const cases: Record<string, [first: Record<string, string>, next: Answer]> = {
    "without a validator": [{}, replacing(OTHER, {})],
    "with weak entity tags": [{ etag: 'W/"1"' }, replacing(OTHER, { etag: 'W/"2"' })],
    "if If-Range is ignored": [
      { etag: '"1"' },
      replacing(OTHER, { etag: '"2"' }, unconditional),
    ],
    "if their date is the same": [
      { "last-modified": OLD },
      replacing(OTHER, { "last-modified": OLD }),
    ],
    "if their entity tag is the same": [{ etag: '"1"' }, replacing(OTHER, { etag: '"1"' })],
    "if If-Range is ignored and the entity tag missing": [
      { etag: '"1"' },
      replacing(OTHER, {}, unconditional),
    ],
  };
  for (const [name, [headers, next]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const cloud = new MirrorCloud();
      const url = cloud.add("disk.raw", DATA, headers);
      cloud.answers.push(cutAfter(200_000), next, next);
      await assertRejects(() => create(cloud, url), ImageIntegrityError, "it has changed");
      assertEquals(await cloud.images(), []);
      assertEquals(cloud.openBodies, 0);
    });
  }
});

Deno.test("createImageFrom() reads the whole file again if a range cannot be used", async (t) => {
  const cases: Record<string, Answer> = {
    "another range": withHeaders({ "content-range": "bytes 5-299999/300000" }, whole),
    "a range without the entity tag": withHeaders({ etag: null }, whole),
    "a part with the status of a whole file": (file, request) => {
      const { headers, body } = whole(file, request);
      return new Response(body, { headers });
    },
    "416": failing(416),
  };
  for (const [name, answer] of Object.entries(cases)) {
    await t.step(name, async () => {
      const cloud = new MirrorCloud();
      const url = cloud.add("disk.raw", DATA);
      cloud.answers.push(cutAfter(200_000), answer);
      assertEquals((await create(cloud, url)).size, DATA.byteLength);
      assertEquals(cloud.ranges, [null, "bytes=195904-", null]);
      assertEquals(cloud.openBodies, 0);
    });
  }
});

Deno.test("createImageFrom() refuses a web page", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", "<html>", { "content-type": "text/html; charset=utf-8" });
  await assertRejects(() => create(cloud, url), GlanceError, "a web page");
  assertEquals(await cloud.images(), []);
});

Deno.test("createImageFrom() refuses documents that are sent as a file, unless the disk format is declared", async () => {
  for (const [text, name] of [["<html>", "web page"], ["<?xml version='1.0'?>", "in XML"]]) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", text!, { "content-type": "application/octet-stream" });
    await assertRejects(() => create(cloud, url), ImageContentRejected, name);
    assertEquals(await cloud.images(), []);
    const meta = { name: "disk", diskFormat: "raw" };
    await createImageFrom(cloud.service, cloud.context, meta, { url });
  }
});

Deno.test("createImageFrom() reports why a URL cannot be read", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  for (const [status, hint] of [[401, "without signing in"], [404, "check the URL"]] as const) {
    cloud.answers.push(() => new Response("<html>", { status }));
    const { message } = await assertRejects(() => create(cloud, url), GlanceError);
    assert(message.includes(hint) && !message.includes("token"), message);
  }
  const mirror = cloud.intercept;
  cloud.intercept = (arrived, respond) => {
    if (arrived.url.host !== "mirror") return mirror(arrived, respond);
    throw new TypeError("error sending request", { cause: new Error("unknown host") });
  };
  const { message } = await assertRejects(
    () => create(cloud, "http://me:secret@mirror/disk.raw?token=secret"),
    ServerUnreachable,
  );
  assert(message.includes("unknown host; check the URL") && !message.includes("secret"), message);
});

Deno.test("createImageFrom() does not repeat a request to a wrong name or an untrusted server", async () => {
  const cases = [
    ["invalid peer certificate: UnknownIssuer", 1],
    ["dns error: failed to lookup address information", 1],
    ["getaddrinfo ENOTFOUND mirror", 1],
    ["tcp connect error: Connection refused", 4],
  ] as const;
  for (const [reason, requests] of cases) {
    const cloud = new MirrorCloud();
    const mirror = cloud.intercept;
    let count = 0;
    cloud.intercept = (arrived, respond) => {
      if (arrived.url.host !== "mirror") return mirror(arrived, respond);
      count++;
      throw new TypeError(reason);
    };
    await assertRejects(() => create(cloud, "http://mirror/openssl-cert.raw"), ServerUnreachable);
    assertEquals(count, requests, reason);
  }
});

Deno.test("createImageFrom() names the source if the upload fails because it sends no data", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  const resumed = Promise.withResolvers<void>();
  // After what is read to detect the disk format.
  cloud.answers.push(cutAfter(280_000), (file, request) => {
    resumed.resolve();
    return withoutData(file, request);
  });
  const mirror = cloud.intercept;
  cloud.intercept = async (arrived, respond) => {
    if (arrived.method !== "PUT") return await mirror(arrived, respond);
    arrived.request.body?.pipeTo(new WritableStream()).catch(() => {});
    await resumed.promise;
    return new Response("no data arrived in time", { status: 408 });
  };
  const error = await assertRejects(() => create(cloud, url), ServerUnreachable);
  assertEquals(
    error.message,
    'Cannot download "http://mirror/disk.raw": the connection broke; try again later, or use another mirror',
  );
  assertEquals((error.cause as GlanceError).status, 408);
  assertEquals(await cloud.images(), []);
  assertEquals(cloud.ranges.length, 2);
  assert(cloud.openBodies <= 0, "the connection to the source is closed");
});

/** Headers, and a body that never has a byte. */
const withoutData: Answer = (file, request) => {
  const { status, headers } = whole(file, request);
  return new Response(new ReadableStream({}), { status, headers });
};

Deno.test("createImageFrom() names the source that it cannot decompress, and the image that Glance refuses", async () => {
  const cloud = new MirrorCloud();
  const damaged = cloud.add("disk.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2));
  await assertRejects(
    () => create(cloud, damaged),
    DecompressionFailed,
    'Cannot decompress "http://mirror/disk.gz" after ',
  );
  const raw = cloud.add("disk.raw", DATA);
  const meta = { name: 'my "disk"\u202e', diskFormat: "qcow2" };
  await assertRejects(
    () => createImageFrom(cloud.service, cloud.context, meta, { url: raw }),
    ImageContentRejected,
    'Cannot create image "my \\"disk\\"',
  );
});

Deno.test("createImageFrom() does not take a compression that it cannot decode for a raw disk", async () => {
  // The first bytes that `xz --format=lzma` and `lzop` write.
  for (
    const [head, name] of [["\x5d\0\0\x04\0", "lzma"], ["\x89LZO\0\r\n\x1a\n", "lzop"]] as const
  ) {
    const cloud = new MirrorCloud();
    const bytes = new Uint8Array(1024);
    bytes.set([...head].map((character) => character.charCodeAt(0)));
    const url = cloud.add("disk.img", bytes);
    const reason = `it is a file compressed with ${name}`;
    await assertRejects(() => create(cloud, url), ImageContentRejected, reason);
    assertEquals(await cloud.images(), []);
  }
});

Deno.test("createImageFrom() does not take a compressed archive for a raw disk", async () => {
  const tar = new Uint8Array(1024);
  tar.set(new TextEncoder().encode("ustar"), 257);
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.tar.gz", await gzipped(tar));
  await assertRejects(
    () => create(cloud, url),
    ImageContentRejected,
    'of "http://mirror/disk.tar.gz": it is a tar archive',
  );
  assertEquals(await cloud.images(), []);
  assertEquals(cloud.openBodies, 0);
  const meta = { name: "disk", diskFormat: "raw" };
  const image = await createImageFrom(cloud.service, cloud.context, meta, { url });
  assertEquals(image.size, 1024);
});

Deno.test("createImageFrom() does not take data that is empty or still compressed for a raw disk", async () => {
  const once = await gzipped(DATA);
  const cases = [
    [await gzipped(once), undefined, "stored is compressed with gzip"],
    [once, "none", "stored is compressed with gzip"],
    [await gzipped(new Uint8Array()), undefined, "it is empty"],
    [new Uint8Array(), undefined, "it is empty"],
  ] as const;
  for (const [bytes, decompress, reason] of cases) {
    const cloud = new MirrorCloud();
    const source = { url: cloud.add("disk.img.gz", bytes) };
    const createOf = (meta: { diskFormat?: string }) =>
      createImageFrom(cloud.service, cloud.context, { name: "disk", ...meta }, source, {
        decompress,
      });
    await assertRejects(() => createOf({}), ImageContentRejected, reason);
    assertEquals(await cloud.images(), []);
    assertEquals(cloud.openBodies, 0);
    assertEquals((await createOf({ diskFormat: "raw" })).status, "active");
  }
});

function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const content = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(content).bytes();
}
