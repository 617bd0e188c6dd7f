import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Interrupted } from "../../../../lib/cli/mod.ts";
import { GIBIBYTE, qcow2 } from "../../../formats/image_builder.ts";
import { CliHarness, embedded, type Fetch } from "../../harness.ts";
import { MemoryFiles } from "../../memory_files.ts";

const UNSAFE = qcow2([[8, [0, 0, 0, 0, 0, 0, 0, 16]]]);

const FILES = new MemoryFiles({ "good": qcow2(), "unsafe": UNSAFE, "plain": "x", "empty": "" });

/** Images with data, as `[number of the id, file, disk format, more flags]`. */
const IMAGES: readonly (readonly [n: number, file: string, format: string, more?: string])[] = [
  [1, "good", "qcow2"],
  [2, "unsafe", "qcow2"],
  [3, "plain", "qcow2"],
  [4, "good", "raw", "--hidden True"],
  [5, "unsafe", "ami", "--container-format ami"],
  [6, "plain", "vmdk", "--container-format ova"],
  [7, "plain", "raw", "--visibility community"],
  [8, "empty", "raw"],
];

/** A checksum of data that is not read whole. */
const MD5 = "0123456789abcdef0123456789abcdef";

function idOf(n: number): string {
  return `${String(n).repeat(8)}-1111-4111-8111-111111111111`;
}

/** A harness whose Glance has `IMAGES`, and an image without data. */
async function cloud(fetch: (glance: Fetch) => Fetch = (glance) => glance): Promise<CliHarness> {
  // A Glance that refuses no data.
  const glance = embedded({ version: "2.16" });
  const setup = new CliHarness(glance);
  for (const [n, file, format, more = "--container-format bare"] of IMAGES) {
    const container = more.includes("container") ? "" : " --container-format bare";
    const line = `image-create --id ${idOf(n)} --name image-${n} --disk-format ${format} ` +
      `--file ${file} --inspect off ${more}${container}`;
    const { code, stderr } = await setup.run(line.split(" "), { files: FILES });
    assertEquals(code, 0, stderr);
  }
  assertEquals((await setup.run(["image-create", "--name", "queued"])).code, 0);
  return new CliHarness(fetch(glance));
}

Deno.test("image-audit prints the images that are unsafe or of another format", async () => {
  const { code, stdout, stderr } = await (await cloud()).run(["image-audit"]);
  assertEquals(
    stdout,
    `\
+--------------------------------------+---------+-----------------------------------------------+
| ID                                   | Name    | Problem                                       |
+--------------------------------------+---------+-----------------------------------------------+
| ${idOf(2)} | image-2 | it has a backing file (backing_file)          |
| ${idOf(3)} | image-3 | its disk format is qcow2, and its data is raw |
| ${idOf(4)} | image-4 | its disk format is raw, and its data is qcow2 |
+--------------------------------------+---------+-----------------------------------------------+
`,
  );
  assertEquals([code, stderr], [
    1,
    "Inspected 6 images in 0s: 1 unsafe, 2 not of the declared format; 3 not inspected (1 ami, ari or aki, 1 not bare, 1 without data)\n" +
    "Cannot pass the audit: 3 of 6 images have problems; see the table above\n",
  ]);
});

Deno.test("image-audit --json prints counts and images", async () => {
  const { code, stdout } = await (await cloud()).run(["image-audit", "--json"]);
  const { images, ...counts } = JSON.parse(stdout);
  assertEquals(code, 1);
  assertEquals(counts, {
    inspected: 6,
    unsafe: 1,
    mismatch: 2,
    unreadable: 0,
    partly_checked: 0,
    ami_ari_or_aki: 1,
    not_bare: 1,
    without_data: 1,
  });
  assertEquals(images[0], {
    id: idOf(2),
    name: "image-2",
    owner: "local",
    kind: "unsafe",
    disk_format: "qcow2",
    format: "qcow2",
    problem: "it has a backing file (backing_file)",
  });
});

Deno.test("image-audit exits with 0 when no image has a problem", async () => {
  const harness = await cloud();
  for (const line of ["image-audit --visibility community", "image-audit --limit 0"]) {
    const { code, stdout, stderr } = await harness.run(line.split(" "));
    assertEquals([code, stdout], [0, ""], stderr);
  }
  const hidden = await harness.run(["image-audit", "--hidden", "True", "--json"]);
  assertEquals(JSON.parse(hidden.stdout).inspected, 1);
  const { images, inspected } = JSON.parse(
    (await harness.run("image-audit --json --sort-key name --sort-dir asc --limit 3".split(" ")))
      .stdout,
  );
  assertEquals([inspected, images.length], [3, 2]);
});

Deno.test("image-audit fits a terminal of 80 columns, and shows its progress", async () => {
  const harness = await cloud();
  let time = 0;
  const options = { isTerminal: true, now: () => time += 60 };
  const { stdout, stderr } = await harness.run(["image-audit"], options);
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
  assertStringIncludes(stderr, "Inspected 2 images, ");
});

Deno.test("image-audit lists images that cannot be read, and leaves out those that were deleted", async () => {
  const harness = await cloud((glance) => async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.endsWith("/file")) return await glance(request);
    if (pathname.includes(idOf(1))) return new Response("disk failure", { status: 500 });
    if (pathname.includes(idOf(2))) return new Response(null, { status: 404 });
    return await glance(request);
  });
  const { code, stdout, stderr } = await harness.run(["image-audit", "--json"]);
  const { images, ...counts } = JSON.parse(stdout);
  assertEquals([code, counts.unreadable, counts.deleted, counts.inspected], [1, 1, 1, 5], stderr);
  assertEquals([images[0].id, images[0].kind, images[0].format], [idOf(1), "unreadable", null]);
  assertStringIncludes(images[0].problem, "500");
});

Deno.test("image-audit counts deactivated images that only an administrator can read", async () => {
  const harness = await cloud((glance) => async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/file")) return new Response("deactivated", { status: 403 });
    const response = await glance(request);
    if (pathname !== "/v2/images") return response;
    const { images, ...page } = await response.json();
    const records = images.map((image: { id: string }) =>
      image.id === idOf(1) ? { ...image, status: "deactivated" } : image
    );
    return Response.json({ ...page, images: records });
  });
  const { stdout } = await harness.run(["image-audit", "--json"]);
  const { deactivated, unreadable } = JSON.parse(stdout);
  assertEquals([deactivated, unreadable], [1, 4]);
});

Deno.test("image-audit prints what it has found when it is interrupted", async () => {
  const controller = new AbortController();
  let files = 0;
  const harness = await cloud((glance) => async (request) => {
    const isData = new URL(request.url).pathname.endsWith("/file");
    if (isData && ++files === 4) controller.abort(new Interrupted("SIGINT"));
    return await glance(request);
  });
  const args = "image-audit --concurrency 1 --sort-key name --sort-dir asc".split(" ");
  const { code, stdout, stderr } = await harness.run(args, { signal: controller.signal });
  assertEquals(code, 130);
  assertStringIncludes(stdout, "| it has a backing file (backing_file)");
  assertEquals(stderr.startsWith("Not all images were inspected. Inspected "), true, stderr);
});

Deno.test("image-audit prints what it has found when the list cannot be continued", async () => {
  let pages = 0;
  const harness = await cloud((glance) => async (request) => {
    const isList = new URL(request.url).pathname === "/v2/images";
    if (isList && ++pages > 2) return new Response("no", { status: 403 });
    return await glance(request);
  });
  const args = "image-audit --page-size 2 --sort-key name --sort-dir asc".split(" ");
  const { code, stdout, stderr } = await harness.run(args);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "| it has a backing file (backing_file)");
  assertStringIncludes(stderr, "Not all images were inspected. ");
  assertStringIncludes(stderr, "the server responded with 403");
});

Deno.test("image-audit reads at most 256 KiB of each of 1,000 images, counted at the server", async () => {
  const size = GIBIBYTE;
  const sent = new Map<string, number>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.endsWith("/file")) return Response.json(pageAfter(searchParams, size));
    const [, start = 0, end = 0] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ??
      [];
    const length = Number(end) - Number(start) + 1;
    sent.set(pathname, (sent.get(pathname) ?? 0) + length);
    const bytes = new Uint8Array(length);
    // The region table of a VHDX is at 192 KiB; this one has none.
    const isVhdx = /[02468]\/file$/.test(pathname);
    if (isVhdx && start === "0") bytes.set(new TextEncoder().encode("vhdxfile"));
    return new Response(bytes, {
      status: 206,
      headers: { "content-range": `bytes ${start}-${end}/${size}`, "content-md5": MD5 },
    });
  });
  try {
    const { port } = server.addr;
    const { code, stdout, stderr } = await new CliHarness(fetch).run(["image-audit", "--json"], {
      environment: { GLANCE_API_SERVERS: `http://127.0.0.1:${port}` },
    });
    const { inspected, unsafe } = JSON.parse(stdout);
    assertEquals([code, inspected, unsafe], [1, 1000, 500], stderr);
    const totals = new Set(sent.values());
    assertEquals([sent.size, [...totals].sort((a, b) => a - b)], [1000, [65_536, 131_072]]);
  } finally {
    await server.shutdown();
  }
});

Deno.test("image-audit ends if no server responds for many images in a row", async () => {
  const requested = new Set<string>();
  const harness = new CliHarness((request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.endsWith("/file")) {
      return Promise.resolve(Response.json(pageAfter(searchParams, GIBIBYTE)));
    }
    requested.add(pathname);
    return Promise.reject(new TypeError("connection refused"));
  });
  const args = ["image-audit", "--json", "--concurrency", "1"];
  const { code, stdout, stderr } = await harness.run(args);
  assertEquals([code, JSON.parse(stdout).unreadable, requested.size], [1, 16, 17], stderr);
  assertStringIncludes(stderr, "Not all images were inspected. Inspected 16 images");
  assertStringIncludes(stderr, "connection refused");
});

/** A page of a list of 1,000 raw images. The list of hidden ones is empty. */
function pageAfter(query: URLSearchParams, size: number): object {
  if (query.get("os_hidden") === "true") return { images: [] };
  const marker = query.get("marker");
  const start = marker === null ? 0 : Number(marker.slice(-12)) + 1;
  const images = Array.from({ length: Math.min(200, 1000 - start) }, (_, i) => ({
    id: `00000000-0000-4000-8000-${String(start + i).padStart(12, "0")}`,
    name: `disk ${start + i}`,
    status: "active",
    visibility: "public",
    disk_format: "raw",
    container_format: "bare",
    size,
    checksum: MD5,
  }));
  const last = images.at(-1)?.id ?? "";
  return { images, ...start + 200 < 1000 && { next: `/v2/images?marker=${last}` } };
}
