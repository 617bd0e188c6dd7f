/** Partial files of `image-download`: when they are kept, ignored, or removed. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { PartialFile } from "../../lib/cli/files/partial_file.ts";
import { CommandFailed } from "../../lib/cli/system/errors.ts";
import { settled } from "../support/clock.ts";
import { formatBytes } from "../../lib/cli/output/units.ts";
import { MemoryFiles } from "./memory_files.ts";
import { assertWhole, BreakableCloud, ID, OTHER_ID, SIZE } from "./breakable_cloud.ts";

Deno.test("image-download restarts when the partial file has changed on disk", async (t) => {
  const flip = (bytes: Uint8Array) => bytes.map((byte, i) => i === 1000 ? byte ^ 1 : byte);
  const cases: Readonly<Record<string, (part: Uint8Array) => Uint8Array>> = {
    "a flipped bit": flip,
    "a lost end": (bytes) => bytes.subarray(0, 1000),
    "bytes too many": () => new Uint8Array(SIZE + 1),
  };
  for (const [name, change] of Object.entries(cases)) {
    await t.step(name, async () => {
      const cloud = await BreakableCloud.create();
      const files = await cloud.breakOff(200_000);
      files.content.set("x.part", change(files.content.get("x.part") ?? new Uint8Array()));
      const { code, stderr } = await cloud.download(files);
      assertEquals(code, 0);
      assertMatch(
        stderr,
        /(^|\n)Restarting "x\.part" from the first byte: (its content|its size)[^\n]*\n$/,
      );
      // It is detected before another byte is requested.
      assertEquals(cloud.ranges, [null]);
      assertWhole(files);
    });
  }
});

Deno.test("image-download restarts when bytes after the record are wrong", async () => {
  const cloud = await BreakableCloud.create();
  const files = await cloud.breakOff(200_000);
  const record = JSON.parse(files.text("x.part.json") ?? "{}");
  const part = files.content.get("x.part") ?? new Uint8Array();
  files.content.set("x.part", part.map((byte, i) => i > 150_000 ? 0 : byte));
  const text = JSON.stringify({ ...record, bytes: 0, crc32: "00000000" });
  files.content.set("x.part.json", new TextEncoder().encode(text));
  const { code, stderr } = await cloud.download(files);
  assertEquals(code, 0);
  assertStringIncludes(
    stderr,
    'Restarting "x.part" from the first byte: the hash of the resumed download is wrong\n',
  );
  assertEquals(cloud.ranges, [`bytes=200000-${SIZE - 1}`, null]);
  assertWhole(files);
});

Deno.test("image-download restarts when the data of the image has changed", async () => {
  const cloud = await BreakableCloud.create();
  const files = await cloud.breakOff(200_000);
  const record = files.text("x.part.json") ?? "";
  files.content.set(
    "x.part.json",
    new TextEncoder().encode(record.replace(/"os_hash_value":"./, '"os_hash_value":"x')),
  );
  const { code, stderr } = await cloud.download(files);
  assertEquals(code, 0);
  assertEquals(
    stderr,
    'Restarting "x.part" from the first byte: the data of the image has changed\n',
  );
  assertWhole(files);
});

Deno.test("image-download does not change a partial file of another image", async (t) => {
  const cloud = await BreakableCloud.create();
  const way = "finish that download, choose another name, or discard it with --restart\n";
  const files = await cloud.breakOff(200_000);
  const record = (files.text("x.part.json") ?? "").replace(ID, OTHER_ID);
  const cases: Readonly<Record<string, readonly [record: string | null, state: string]>> = {
    "another image's": [record, `it is a partial download of another image, "${OTHER_ID}"`],
    "nobody's": [null, "it exists and is not known to be a partial download of this image"],
    "one with a broken record": [
      "{",
      "it exists and is not known to be a partial download of this image",
    ],
    "one with a record of something else": [
      '{"bytes":-1}',
      "it exists and is not known to be a partial download of this image",
    ],
  };
  for (const [name, [text, state]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const there = new MemoryFiles({ "x.part": "something", ...text && { "x.part.json": text } });
      const { code, stderr } = await cloud.download(there);
      assertEquals([code, stderr], [1, `Cannot write "x.part": ${state}; ${way}`]);
      assertEquals(there.text("x.part"), "something");
      assertEquals(there.text("x.part.json"), text);
      assertEquals([...there.left], []);

      const restarted = await cloud.download(there, ["--restart"]);
      assertEquals([restarted.code, restarted.stderr], [0, ""]);
      assertWhole(there);
    });
  }
});

Deno.test("image-download keeps the partial file when the disk is full, and resumes when there is space", async () => {
  const cloud = await BreakableCloud.create();
  const files = new MemoryFiles();
  files.capacity = 150_000;
  const { code, stderr } = await cloud.download(files);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^Kept .* in "x\.part"; run the same command again to resume\nCannot write "x\.part": no space left on the device; free some, or choose another place\n$/,
  );
  const part = files.content.get("x.part")?.byteLength ?? 0;
  assertStringIncludes(stderr, `Kept ${formatBytes(part)} of `);
  files.capacity = Infinity;
  assertEquals((await cloud.download(files)).code, 0);
  assertWhole(files);
});

Deno.test("image-download leaves no file when no byte arrived or the bytes are wrong", async (t) => {
  await t.step("no byte", async () => {
    const cloud = await BreakableCloud.create();
    cloud.change = (response, { url }) =>
      url.endsWith("/file") ? new Response("gone", { status: 404 }) : response;
    const { code, files, stderr } = await cloud.download(new MemoryFiles());
    assertEquals([code, [...files.content.keys()], [...files.left]], [1, [], []]);
    assert(!stderr.includes("Kept"), stderr);
  });
  await t.step("wrong bytes", async () => {
    const cloud = await BreakableCloud.create();
    cloud.change = (response, { url }) =>
      url.endsWith("/file") ? new Response(new Uint8Array(SIZE)) : response;
    const { code, files, stderr } = await cloud.download(new MemoryFiles());
    assertEquals([code, [...files.content.keys()], [...files.left]], [1, [], []]);
    assertStringIncludes(stderr, "sha512");
  });
  await t.step("wrong bytes after a resume, twice", async () => {
    const cloud = await BreakableCloud.create();
    const files = await cloud.breakOff(200_000);
    cloud.change = async (response, { url }) => {
      if (!url.endsWith("/file")) return response;
      const bytes = await response.bytes();
      return new Response(bytes.fill(0), response);
    };
    const { code, stderr } = await cloud.download(files);
    assertEquals([code, [...files.content.keys()], [...files.left]], [1, [], []]);
    assertStringIncludes(stderr, "sha512");
    assertEquals(cloud.ranges.length, 2);
  });
});

Deno.test("PartialFile fails when a sync of its data has failed, although the next one succeeds", async () => {
  const files = new MemoryFiles();
  const open = files.open.bind(files);
  let syncs = 0;
  files.open = async (path) => {
    const file = await open(path);
    if (path !== "x.part") return file;
    const sync = file.sync.bind(file);
    file.sync = () => ++syncs === 2 ? Promise.reject(new Error("Input/output error")) : sync();
    return file;
  };
  let time = 0;
  const identity = {
    imageId: ID,
    size: 6,
    hashAlgorithm: null,
    hashValue: null,
    checksum: null,
  };
  const now = () => time += 2_000;
  const part = await PartialFile.open({ files, now, path: "x.part", identity, mode: null });
  await part.begin();
  await part.write(new Uint8Array(3));
  await settled();
  const lost = 'Cannot write "x.part": Input/output error';
  await assertRejects(() => part.write(new Uint8Array(3)), CommandFailed, lost);
  await assertRejects(() => part.complete("x"), CommandFailed, lost);
  assertEquals(await part.keep(), 3);
  assertEquals(JSON.parse(files.text("x.part.json") ?? "").bytes, 0);
});
