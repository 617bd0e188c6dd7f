/** Images from a web server: resumption, verification, decompression, and that nothing wrong is left. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DECOMPRESSORS } from "../../../lib/cli/files/decompressors.ts";
import {
  ChecksumMissing,
  DecompressionFailed,
  DecompressionLimitExceeded,
  GlanceError,
  ImageIntegrityError,
  Invalid,
  NotAuthorized,
  NotFound,
  ServerUnreachable,
} from "../../../lib/errors.ts";
import {
  type CreateFromOptions,
  createImageFrom,
} from "../../../lib/jobs/from_url/create_image_from.ts";
import { between, seededBytes, seededRandom } from "../../support/seed.ts";
import { COMPRESSED, TEXT } from "../../formats/compression/compressed.ts";
import { cutAfter, failing, MirrorCloud, withoutRanges } from "./mirror.ts";

const DATA = seededBytes(7, 600_000);

async function sha(bytes: Uint8Array, algorithm = "SHA-256"): Promise<string> {
  const digest = await crypto.subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function create(cloud: MirrorCloud, url: string, options: CreateFromOptions = {}) {
  const decompression = { decompressors: DECOMPRESSORS };
  const all = { decompression, ...options };
  return createImageFrom(cloud.service, cloud.context, { name: "disk" }, { url }, all);
}

/** Checks that a creation fails with an error, and leaves no image. */
async function fails(
  cloud: MirrorCloud,
  url: string,
  options: CreateFromOptions,
  // deno-lint-ignore ban-types
  kind: Function,
): Promise<string> {
  const error = await assertRejects(() => create(cloud, url, options), GlanceError);
  assert(error instanceof kind, `${error}`);
  assertEquals(await cloud.images(), []);
  return error.message;
}

Deno.test("createImageFrom() stores the decompressed content of a URL and sends it no token", async () => {
  const cloud = new MirrorCloud();
  const bytes = await gzip(DATA);
  const checksum = `sha256:${await sha(bytes)}`;
  const image = await create(cloud, cloud.add("disk.raw.gz", bytes), { checksum });
  assertEquals([image.status, image.size, image.diskFormat, image.containerFormat], [
    "active",
    DATA.byteLength,
    "raw",
    "bare",
  ]);
  assertEquals(image.osHashValue, await sha(DATA, "SHA-512"));
  for (const headers of cloud.headers) {
    assertEquals(headers.get("x-auth-token"), null);
    assertEquals(headers.get("accept-encoding"), "identity");
  }
});

Deno.test("createImageFrom() keeps the bytes of every chunk when they arrive in small and large ones", async () => {
  const bytes = seededBytes(3, 5_000_000);
  for (const most of [20_000, 400_000, 2_000_000]) {
    const random = seededRandom(most);
    const cloud = new MirrorCloud();
    let at = 0;
    const body = new ReadableStream({
      type: "bytes",
      pull(controller) {
        controller.enqueue(bytes.slice(at, at += between(random, 1, most)));
        if (at >= bytes.byteLength) controller.close();
      },
    }, { highWaterMark: 0 });
    cloud.intercept = ({ url }) => url.host === "mirror" ? new Response(body) : null;
    const image = await create(cloud, "http://mirror/disk.raw");
    assertEquals([image.size, image.osHashValue], [bytes.byteLength, await sha(bytes, "SHA-512")]);
  }
});

Deno.test("createImageFrom() decompresses each format, and stores it as it is with none", async () => {
  for (const [format, bytes] of Object.entries(COMPRESSED)) {
    const cloud = new MirrorCloud();
    const url = cloud.add(`disk.${format}`, bytes);
    assertEquals((await create(cloud, url)).size, TEXT.length);
    const meta = { name: "disk", diskFormat: "raw" };
    const stored = await createImageFrom(cloud.service, cloud.context, meta, { url }, {
      decompress: "none",
    });
    assertEquals(stored.size, bytes.byteLength);
  }
});

Deno.test("createImageFrom() continues after each break with a range that repeats the last bytes", async () => {
  const cloud = new MirrorCloud();
  const bytes = await gzip(DATA);
  const url = cloud.add("disk.raw.gz", bytes);
  cloud.answers.push(cutAfter(100_000), failing(503), cutAfter(200_000), cutAfter(0));
  const progress: number[] = [];
  const image = await create(cloud, url, {
    checksum: `sha512:${await sha(bytes, "SHA-512")}`,
    onSource: ({ resumes }) => void progress.push(resumes),
  });
  assertEquals(image.osHashValue, await sha(DATA, "SHA-512"));
  const read = [null, 100_000, 100_000, 295_904, 295_904];
  assertEquals(cloud.ranges, read.map((count) => count && `bytes=${count - 4096}-`));
  assertEquals(cloud.headers.map((headers) => headers.get("if-range")).slice(1), [
    '"1"',
    '"1"',
    '"1"',
    '"1"',
  ]);
  assert((progress.at(-1) ?? 0) >= 3);
});

Deno.test("createImageFrom() skips the first bytes of a whole response if they are the same", async () => {
  for (
    const headers of [{}, { etag: 'W/"1"' }, { "last-modified": "Sat, 01 Jan 2000 00:00:00 GMT" }]
  ) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA, headers);
    cloud.answers.push(cutAfter(123_456), cutAfter(50_000, withoutRanges), withoutRanges);
    const image = await create(cloud, url, { checksum: `sha256:${await sha(DATA)}` });
    assertEquals(image.size, DATA.byteLength);
    assertEquals(image.osHashValue, await sha(DATA, "SHA-512"));
  }
});

Deno.test("createImageFrom() fails if the file changes between two responses", async () => {
  const other = DATA.slice();
  other[5] = (other[5] ?? 0) ^ 1;
  for (const next of [other, DATA.subarray(1)]) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA);
    cloud.answers.push((file, request) => {
      cloud.add("disk.raw", next, { etag: '"2"' });
      return cutAfter(400_000)(file, request);
    });
    const message = await fails(cloud, url, {}, ImageIntegrityError);
    assert(message.includes("it has changed"), message);
  }
});

Deno.test("createImageFrom() leaves no image and sends no last byte if the hash is wrong", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  const checksum = `sha256:${"0".repeat(64)}`;
  const message = await fails(cloud, url, { checksum }, ImageIntegrityError);
  assert(message.includes(await sha(DATA)), message);
});

Deno.test("createImageFrom() leaves no image if the source is damaged, truncated or too large", async () => {
  const bytes = await gzip(DATA);
  const damaged = bytes.slice();
  damaged[400_000] = (damaged[400_000] ?? 0) ^ 1;
  const cloud = new MirrorCloud();
  const sources = [damaged, bytes.subarray(0, 500_000), bytes.subarray(0, -1)];
  for (const source of sources) {
    await fails(cloud, cloud.add("disk.gz", source), {}, DecompressionFailed);
  }
  const decompression = { maxSize: 500_000 };
  await fails(cloud, cloud.add("disk.gz", bytes), { decompression }, DecompressionLimitExceeded);
});

Deno.test("createImageFrom() fails after the retries if the source cannot be read", async () => {
  for (const status of [500, 503]) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA);
    cloud.answers.push(...Array.from({ length: 30 }, () => failing(status)));
    await fails(cloud, url, {}, GlanceError);
    assert(cloud.ranges.length <= 4, `${cloud.ranges.length} requests`);
  }
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  cloud.answers.push(cutAfter(300_000), ...Array.from({ length: 200 }, () => cutAfter(0)));
  await fails(cloud, url, {}, ServerUnreachable);
  await fails(cloud, "http://mirror/absent.raw", {}, NotFound);
});

Deno.test("createImageFrom() refuses a response that the server has encoded", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw.gz", DATA, { "content-encoding": "x-gzip" });
  const message = await fails(cloud, url, {}, GlanceError);
  assert(message.includes('"x-gzip"'), message);
});

Deno.test("createImageFrom() accepts an encoding that no fetch decodes, as object stores keep it", async () => {
  for (const encoding of ["aws-chunked", "UTF-8", "identity", "none"]) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA, { "content-encoding": encoding });
    assertEquals((await create(cloud, url)).size, DATA.byteLength, encoding);
  }
});

Deno.test("createImageFrom() fails if the body is shorter or longer than announced", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  cloud.answers.push((file) => {
    const headers = { "content-length": `${DATA.byteLength - 10}` };
    return new Response(file.bytes as Uint8Array<ArrayBuffer>, { headers });
  });
  const message = await fails(cloud, url, {}, ImageIntegrityError);
  assert(message.includes("longer than announced"), message);
});

Deno.test("createImageFrom() finds the hash in a checksum file and ignores its signature", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("images/disk%20a.raw", DATA);
  const checksums = cloud.add(
    "images/SHA256SUMS",
    [
      "-----BEGIN PGP SIGNED MESSAGE-----",
      "Hash: SHA256",
      "",
      `${"1".repeat(64)} *other.raw`,
      `${await sha(DATA)} *disk a.raw`,
      "-----BEGIN PGP SIGNATURE-----",
      `${"2".repeat(64)} *disk a.raw`,
      "-----END PGP SIGNATURE-----",
    ].join("\r\n"),
  );
  const notices: string[] = [];
  const onNotice = (notice: string) => void notices.push(notice);
  assertEquals((await create(cloud, url, { checksums, onNotice })).status, "active");
  assert(notices[0]?.includes("OpenPGP"), notices.join());
});

Deno.test("createImageFrom() names the files that are listed if its own is not", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  const checksums = cloud.add("SHA256SUMS", `${"1".repeat(64)}  other.raw\n`);
  const error = await assertRejects(() => create(cloud, url, { checksums }), ChecksumMissing);
  assertEquals(error.names, ["other.raw"]);
  assertEquals(await cloud.images(), []);
});

Deno.test("createImageFrom() detects the disk format unless it is given", async () => {
  const cloud = new MirrorCloud();
  const qcow2 = new Uint8Array(100_000);
  qcow2.set([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]);
  const url = cloud.add("disk", await gzip(qcow2));
  const found: string[] = [];
  const onDiskFormat = (format: string) => void found.push(format);
  const attempt = await create(cloud, url, { onDiskFormat }).catch((error) => error);
  assert(found[0] === "qcow2", `${attempt}`);
  const { service, context } = cloud;
  const meta = { name: "disk", diskFormat: "raw", containerFormat: "docker" };
  const image = await createImageFrom(service, context, meta, { url }, { onDiskFormat });
  assertEquals([image.diskFormat, image.containerFormat], ["raw", "docker"]);
  assertEquals(found, ["qcow2"]);
});

Deno.test("createImageFrom() refuses invalid options", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  const checksum = `sha256:${await sha(DATA)}`;
  await fails(cloud, "ftp://mirror/disk.raw", {}, Invalid);
  await fails(cloud, "file:///etc/passwd", {}, Invalid);
  await fails(cloud, url, { checksum: "sha256:123" }, Invalid);
  await fails(cloud, url, { checksum, checksums: url }, Invalid);
  await fails(cloud, url, { decompress: "zip" as "gzip" }, Invalid);
});

Deno.test("createImageFrom() verifies data of the program as well", async () => {
  const cloud = new MirrorCloud();
  const bytes = await gzip(DATA);
  const checksum = `md5:${"0".repeat(32)}`;
  const source = { data: () => new Blob([bytes as Uint8Array<ArrayBuffer>]) };
  const run = (options: CreateFromOptions) =>
    createImageFrom(cloud.service, cloud.context, {}, source, options);
  await assertRejects(() => run({ checksum }), ImageIntegrityError);
  assertEquals(await cloud.images(), []);
  const image = await run({ checksum: `sha256:${await sha(bytes)}` });
  assertEquals(image.osHashValue, await sha(DATA, "SHA-512"));
});

Deno.test("createImageFrom() reads the source again if the upload breaks", async () => {
  const cloud = new MirrorCloud();
  const bytes = await gzip(DATA);
  const url = cloud.add("disk.raw.gz", bytes);
  const mirror = cloud.intercept;
  let uploads = 0;
  cloud.intercept = async (arrived, respond) => {
    if (arrived.method !== "PUT" || uploads++ > 0) return await mirror(arrived, respond);
    await arrived.request.body?.getReader().read();
    throw new TypeError("connection reset");
  };
  const image = await create(cloud, url, { checksum: `sha256:${await sha(bytes)}` });
  assertEquals([image.status, image.size, uploads], ["active", DATA.byteLength, 2]);
});

Deno.test("createImageFrom() stops and leaves no image if it is aborted", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  const controller = new AbortController();
  const reason = new Error("enough");
  const onSource = ({ read }: { read: number }) => {
    if (read > 400_000) controller.abort(reason);
  };
  const attempt = create(cloud, url, { signal: controller.signal, onSource });
  const error = await assertRejects(() => attempt);
  assertEquals(error, reason);
  assertEquals(await cloud.images(), []);
});

Deno.test("createImageFrom() closes the connection to the source if the image cannot be created", async () => {
  const cloud = new MirrorCloud();
  const url = cloud.add("disk.raw", DATA);
  const mirror = cloud.intercept;
  cloud.intercept = async (arrived, respond) => {
    if (arrived.method === "POST") return new Response("no", { status: 403 });
    return await mirror(arrived, respond);
  };
  await fails(cloud, url, {}, NotAuthorized);
  assertEquals(cloud.openBodies, 0);
});
