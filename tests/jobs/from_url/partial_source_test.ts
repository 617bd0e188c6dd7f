/** Sources that continue with less than the rest, or with another file. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { GlanceError } from "../../../lib/errors.ts";
import { createImageFrom } from "../../../lib/jobs/from_url/create_image_from.ts";
import { seededBytes } from "../../support/seed.ts";
import { type Answer, cutAfter, MirrorCloud, type MirrorFile } from "./mirror.ts";

const DATA = seededBytes(9, 300_000);
const OTHER = DATA.map((byte) => byte ^ 1);
const OLD = "Sat, 01 Jan 2000 00:00:00 GMT";

async function sha512(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toHex();
}

/** The file without its length. */
function unsized({ headers = {} }: MirrorFile): Response {
  return new Response(new Blob([DATA]).stream(), { headers });
}

/** At most `count` bytes from the requested one; `total` follows the slash of `Content-Range`. */
function part(count: number, total: string, bytes = DATA): Answer {
  return ({ headers = {} }, request) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    const data = bytes.subarray(start, start + count);
    const range = `bytes ${start}-${start + data.byteLength - 1}/${total}`;
    return new Response(data, { status: 206, headers: { ...headers, "content-range": range } });
  };
}

function create(cloud: MirrorCloud, url: string) {
  return createImageFrom(cloud.service, cloud.context, { name: "disk" }, { url });
}

Deno.test("createImageFrom() continues after parts of a file whose first response did not state its size", async () => {
  for (const total of [`${DATA.byteLength}`, "*"]) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA);
    cloud.answers.push(cutAfter(100_000, unsized), part(50_000, total));
    const image = await create(cloud, url);
    assertEquals(image.osHashValue, await sha512(DATA), total);
  }
});

Deno.test("createImageFrom() does not continue with a file whose weak entity tag or new date shows that it may be another one", async () => {
  const versions:
    readonly (readonly [first: Record<string, string>, next: Record<string, string>])[] = [
      [{ etag: 'W/"a"', "last-modified": OLD }, { etag: 'W/"b"', "last-modified": OLD }],
      [{ "last-modified": OLD }, { etag: 'W/"b"', "last-modified": OLD }],
      [
        { "last-modified": OLD, date: "Sat, 01 Jan 2000 00:00:59 GMT" },
        { "last-modified": OLD, date: "Sat, 01 Jan 2000 00:01:10 GMT" },
      ],
    ];
  for (const [first, next] of versions) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", DATA, first);
    cloud.answers.push((file, request) => {
      cloud.add("disk.raw", OTHER, next);
      return cutAfter(100_000)(file, request);
    });
    await assertRejects(() => create(cloud, url), GlanceError, "it has changed since then");
    assertEquals(await cloud.images(), []);
  }
});

Deno.test("createImageFrom() continues with a file by its date if it was modified long ago", async () => {
  const cloud = new MirrorCloud();
  const headers = { "last-modified": OLD, date: "Sat, 01 Jan 2000 00:01:00 GMT" };
  const url = cloud.add("disk.raw", DATA, headers);
  cloud.answers.push(cutAfter(100_000));
  assertEquals((await create(cloud, url)).osHashValue, await sha512(DATA));
  assertEquals(cloud.ranges, [null, "bytes=95904-"]);
  assert(cloud.headers[1]?.get("if-range") === OLD);
});

Deno.test("createImageFrom() requests the whole file after a break if neither an entity tag nor its last bytes are conclusive", async () => {
  const empty = new Uint8Array(300_000);
  const cases: readonly (readonly [Record<string, string>, (string | null)[]])[] = [
    [{ "last-modified": OLD }, [null, null]],
    [{ etag: '"1"' }, [null, "bytes=95904-"]],
  ];
  for (const [headers, ranges] of cases) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", empty, headers);
    cloud.answers.push(cutAfter(100_000));
    assertEquals((await create(cloud, url)).size, empty.byteLength);
    assertEquals(cloud.ranges, ranges);
  }
});

Deno.test("createImageFrom() reports a source without a size, since a broken connection may look like its end", async () => {
  const gzip = new Blob([DATA]).stream().pipeThrough(new CompressionStream("gzip"));
  const compressed = new Uint8Array(await new Response(gzip).arrayBuffer());
  const checksum = `sha512:${await sha512(DATA)}`;
  const withoutSize: Answer = ({ bytes, headers = {} }) =>
    new Response(new Blob([bytes.slice()]).stream(), { headers });
  const cases: readonly (readonly [string, Uint8Array, Answer | null, object, number])[] = [
    ["without a size", DATA, withoutSize, {}, 1],
    ["with a checksum", DATA, withoutSize, { checksum }, 0],
    ["compressed", compressed, withoutSize, {}, 0],
    ["with a size", DATA, null, {}, 0],
  ];
  for (const [name, bytes, answer, options, count] of cases) {
    const cloud = new MirrorCloud();
    const url = cloud.add("disk.raw", bytes);
    cloud.answers.push(answer);
    const notices: string[] = [];
    const onNotice = (notice: string) => void notices.push(notice);
    const meta = { name: "disk" };
    await createImageFrom(cloud.service, cloud.context, meta, { url }, { ...options, onNotice });
    assertEquals(notices.length, count, name);
    assert(notices.every((notice) => notice.includes(`does not state the size of "${url}"`)));
  }
});
