/** `image-create` with `--from`, `--checksum`, `--checksums` and `--decompress`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMPRESSED, TEXT } from "../formats/compression/compressed.ts";
import { CliHarness, embedded, type Fetch } from "./harness.ts";
import { MemoryFiles } from "./memory_files.ts";

const URL_OF_DISK = "http://mirror.test/images/disk.img.xz";
const SHA256 = await digestOf(COMPRESSED.xz);
const WRONG = `sha256:${"0".repeat(64)}`;

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A cloud, and a mirror with `disk.img.xz` and its checksums. */
function withMirror(): CliHarness {
  const glance = embedded();
  const fetch: Fetch = async (request) => {
    const { host, pathname } = new URL(request.url);
    if (host !== "mirror.test") return await glance(request);
    assertEquals(request.headers.get("x-auth-token"), null);
    if (decodeURIComponent(pathname) === "/images/disk.img.xz") {
      return new Response(COMPRESSED.xz.slice());
    }
    if (pathname === "/moved") {
      return new Response(null, { status: 302, headers: { location: URL_OF_DISK } });
    }
    if (pathname === "/images/SHA256SUMS") return new Response(`${SHA256} *disk.img.xz\n`);
    return new Response("none", { status: 404 });
  };
  return new CliHarness(fetch);
}

async function imagesOf(harness: CliHarness): Promise<string[]> {
  const { stdout } = await harness.run(["image-list", "--json"]);
  return JSON.parse(stdout).map(({ status }: { status: string }) => status);
}

Deno.test("--from creates an image of the decompressed data, whose format it detects", async () => {
  const harness = withMirror();
  const sums = ["--checksums", "http://mirror.test/images/SHA256SUMS"];
  const args = ["image-create", "--name", "disk", "--from", URL_OF_DISK, ...sums, "--json"];
  const { code, stdout, stderr } = await harness.run(args);
  assertEquals([code, stderr], [0, "The disk format is raw, detected in the data\n"]);
  const image = JSON.parse(stdout);
  assertEquals([image.status, image.size, image.disk_format, image.container_format], [
    "active",
    TEXT.length,
    "raw",
    "bare",
  ]);
});

Deno.test("--from fails and leaves no image if the checksum is wrong, missing, or malformed", async () => {
  const cases = [
    [["--checksum", WRONG], "instead of 0000", 1],
    [["--checksums", "http://mirror.test/none"], "404", 1],
    [["--checksum", "sha256:abc"], "ALGORITHM:DIGEST", 2],
    [["--decompress", "gzip"], "its format is gzip", 1],
  ] as const;
  for (const [flags, message, expected] of cases) {
    const harness = withMirror();
    const { code, stderr } = await harness.run(["image-create", "--from", URL_OF_DISK, ...flags]);
    assertEquals(code, expected, stderr);
    assertStringIncludes(stderr, message);
    assertEquals(await imagesOf(harness), []);
  }
});

Deno.test("--checksum, --checksums and --decompress work with --file and standard input", async () => {
  const files = new MemoryFiles({
    "disk.img.xz": COMPRESSED.xz,
    "SUMS": new TextEncoder().encode(`SHA256 (disk.img.xz) = ${SHA256}\n`),
  });
  const cases = [
    [["--file", "disk.img.xz", "--decompress", "auto"], TEXT.length],
    [
      ["--file", "disk.img.xz", "--checksum", `sha256:${SHA256}`, "--disk-format", "raw"],
      COMPRESSED.xz.byteLength,
    ],
    [["--file", "disk.img.xz", "--checksums", "SUMS", "--decompress", "xz"], TEXT.length],
    [["--checksum", `sha256:${SHA256}`, "--decompress", "xz"], TEXT.length],
  ] as const;
  for (const [flags, size] of cases) {
    const stdin = flags[0] === "--file" ? "terminal" : COMPRESSED.xz;
    const args = ["image-create", ...flags, "--json"];
    const { code, stdout, stderr } = await withMirror().run(args, { files, stdin });
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).size, size, flags.join(" "));
  }
});

Deno.test("--checksum does not take a compressed file for a raw disk", async () => {
  const files = new MemoryFiles({ "disk.img.xz": COMPRESSED.xz });
  const harness = withMirror();
  const args = ["image-create", "--file", "disk.img.xz", "--checksum", `sha256:${SHA256}`];
  const { code, stderr } = await harness.run(args, { files });
  assertEquals(code, 1, stderr);
  assertStringIncludes(
    stderr,
    'of "disk.img.xz": what would be stored is compressed with xz, so its disk format is unknown; decompress it before, or declare the disk format',
  );
  assertEquals(await imagesOf(harness), []);
});

Deno.test("--checksums refuses a file that is larger than 4 MiB", async () => {
  const files = new MemoryFiles({ "SUMS": "a".repeat(4 * 1024 ** 2 + 1) });
  const args = ["image-create", "--from", URL_OF_DISK, "--checksums", "SUMS"];
  const { code, stderr } = await withMirror().run(args, { files });
  assertEquals(code, 1, stderr);
  assertStringIncludes(
    stderr,
    'Cannot read checksums: "SUMS" is larger than 4 MiB; check that it is the right file',
  );
});

Deno.test("--checksums names the signature of a file that it does not verify", async () => {
  const sums = `-----BEGIN PGP SIGNED MESSAGE-----\n${SHA256}  disk.img.xz\n`;
  const files = new MemoryFiles({ "SUMS": new TextEncoder().encode(sums) });
  const args = ["image-create", "--from", "http://mirror.test/images/disk%2eimg.xz?sign=x"];
  const { code, stderr } = await withMirror().run([...args, "--checksums", "SUMS"], { files });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, 'The OpenPGP signature of "SUMS" is not verified');
});

Deno.test("--from ends with 2 if flags contradict each other or the data is missing", async () => {
  const files = new MemoryFiles({ "disk.img": COMPRESSED.xz });
  const cases = [
    ["--from", URL_OF_DISK, "--file", "disk.img"],
    ["--from", URL_OF_DISK, "--size", "5"],
    ["--allow-http-redirect", "--file", "disk.img"],
    ["--from", "disk.img"],
    ["--from", "file:///disk.img"],
    ["--from", "http://"],
    ["--from", URL_OF_DISK, "--decompress", "zip"],
    ["--from", URL_OF_DISK, "--checksum", WRONG, "--checksums", "SUMS"],
    ["--checksum", WRONG],
    ["--decompress", "auto"],
  ];
  for (const flags of cases) {
    const { code, stderr } = await withMirror().run(["image-create", ...flags], { files });
    assertEquals(code, 2, `${flags.join(" ")}: ${stderr}`);
    assert(stderr.startsWith("Cannot "), stderr);
  }
});

Deno.test("--from shows the bytes read and sent on a terminal", async () => {
  const args = ["image-create", "--from", URL_OF_DISK, "--progress"];
  const { code, stderr } = await withMirror().run(args, { isTerminal: true });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, " B read, ");
});

Deno.test("--from shows on a terminal that its source is silent or slow", async () => {
  const glance = embedded();
  const requested = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
  const arrived = Promise.withResolvers<Uint8Array>();
  let reads = 0;
  const slow = new ReadableStream<Uint8Array>({
    async pull(body) {
      requested[reads++]?.resolve();
      if (reads === 1) body.enqueue(await arrived.promise);
      else await new Promise(() => {});
    },
  }, { highWaterMark: 0 });
  const harness = new CliHarness((request) =>
    request.url === URL_OF_DISK ? Promise.resolve(new Response(slow)) : glance(request)
  );
  const controller = new AbortController();
  let time = 0;
  let tick = () => {};
  const running = harness.run(["image-create", "--from", URL_OF_DISK], {
    isTerminal: true,
    signal: controller.signal,
    now: () => time,
    every: (_ms, work) => {
      tick = work;
      return () => {};
    },
  });
  await requested[0]?.promise;
  time = 12_000;
  tick();
  arrived.resolve(new Uint8Array(2048));
  await requested[1]?.promise;
  time = 13_000;
  tick();
  controller.abort(new Error("enough"));
  const { stderr } = await running;
  assertStringIncludes(stderr, "disk.img.xz  0 B read, 0 B sent  waiting 12s");
  assertStringIncludes(stderr, "disk.img.xz  2.00 KiB read, 0 B sent");
});

Deno.test("--from names --file for a path", async () => {
  const { stderr } = await withMirror().run(["image-create", "--from", "./disk.img"]);
  assertEquals(
    stderr,
    'Cannot use --from "./disk.img": it is not an http or https URL; correct it, or name a file with --file\n',
  );
});

Deno.test("--allow-http-redirect follows a redirect of --from from https to http", async () => {
  const args = ["image-create", "--from", "https://mirror.test/moved"];
  const refused = await withMirror().run(args);
  assertEquals([refused.code, refused.stderr], [
    1,
    'Cannot download "https://mirror.test/moved": the server redirects from https to "http://mirror.test/images/disk.img.xz", whose data can be changed on the way; use an https mirror, or add --allow-http-redirect if a checksum verifies the data\n',
  ]);
  const { code, stderr } = await withMirror().run([...args, "--allow-http-redirect"]);
  assertEquals(code, 0, stderr);
});
