/** The formats that `image-create` and `image-create-via-import` find out. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { imageOf, qcow2 } from "../../../formats/image_builder.ts";
import { type CliHarnessOptions, responding } from "../../harness.ts";
import { MemoryFiles } from "../../memory_files.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const NOTICE = "; choose another one with --disk-format\n";

const FILES: Readonly<Record<string, Uint8Array>> = {
  "disk.img": qcow2(),
  "plain": new Uint8Array(300_000),
  "unsafe": qcow2([[8, [0, 0, 0, 0, 0, 0, 0, 16]]]),
  "disk.xz": imageOf(64, [[0, "\xfd7zXZ\0"]]),
  "luks": imageOf(1024, [[0, "LUKS\xba\xbe\0\x01"]]),
  "empty": new Uint8Array(),
  "disk.ova": imageOf(1024, [[257, "ustar"]]),
  "disk.zip": imageOf(64, [[0, "PK\x03\x04"]]),
  "page": imageOf(64, [[0, "\n<!DOCTYPE HTML>"]]),
  "error": imageOf(64, [[0, '<?xml version="1.0"?>']]),
};

/** The record that is created, and the bytes that are sent. */
async function created(line: string, options: CliHarnessOptions = {}) {
  const { harness, requests } = responding({});
  const { code, stdout, stderr } = await harness.run(
    `${line} --id ${ID} --json`.split(" "),
    { files: new MemoryFiles(FILES), ...options },
  );
  const sent = requests.find(({ method }) => method === "PUT");
  const record = code === 0 ? JSON.parse(stdout) : {};
  return { code, stderr, sent, requests, record };
}

Deno.test("image-create uses and prints the format of the data", async () => {
  for (const command of ["image-create", "image-create-via-import"]) {
    for (const [file, format] of [["disk.img", "qcow2"], ["plain", "raw"]]) {
      const { code, stderr, record } = await created(`${command} --file ${file}`);
      const { disk_format, container_format, size } = record;
      assertEquals([code, disk_format, container_format], [0, format, "bare"], stderr);
      assertEquals(size, FILES[file ?? ""]?.byteLength);
      assertEquals(stderr, `Detected the disk format ${format} of "${file}"${NOTICE}`);
    }
  }
});

Deno.test("image-create sends all bytes of a pipe whose format it has detected", async () => {
  for (const file of ["disk.img", "plain"]) {
    const stdin = FILES[file] ?? new Uint8Array();
    const { code, stderr, record } = await created("image-create", { stdin });
    assertEquals([code, record.size], [0, stdin.byteLength], stderr);
    assertStringIncludes(stderr, 'of "standard input"');
    const hash = await crypto.subtle.digest("SHA-512", stdin.slice());
    assertEquals(record.os_hash_value, new Uint8Array(hash).toHex());
  }
});

Deno.test("image-create keeps the formats of its flags", async () => {
  const cases: Readonly<Record<string, readonly [disk: string, container: string]>> = {
    "--disk-format raw": ["raw", "bare"],
    "--disk-format ami": ["ami", "ami"],
    "--disk-format raw --container-format ovf": ["raw", "ovf"],
  };
  for (const [flags, [disk, container]] of Object.entries(cases)) {
    const { code, stderr, record } = await created(`image-create --file plain ${flags}`);
    const { disk_format, container_format } = record;
    assertEquals([code, stderr, disk_format, container_format], [0, "", disk, container]);
  }
});

Deno.test("image-create without data leaves the formats open", async () => {
  const { code, stderr, record } = await created("image-create --name later");
  assertEquals([code, stderr, record.disk_format ?? null], [0, "", null]);
});

Deno.test("image-create refuses data whose format cannot be detected, before a request", async (t) => {
  const cases: Readonly<Record<string, string>> = {
    "unsafe":
      'Cannot upload "unsafe": it is not a safe qcow2 image: it has a backing file (backing_file); get a safe image from its author\n',
    "disk.xz":
      'Cannot upload "disk.xz": it is compressed with xz, so its disk format is unknown; use --decompress auto of image-create, or name its format with --disk-format\n',
    "plain --container-format ova":
      'Cannot upload "plain": its format is missing; add --disk-format\n',
  };
  for (const [source, message] of Object.entries(cases)) {
    await t.step(source, async () => {
      const { stderr, requests } = await created(`image-create --file ${source}`);
      assertEquals([stderr, requests.length], [message, 0]);
    });
  }
});

Deno.test("image-create does not take an archive for a raw disk, unless its format is declared", async () => {
  for (
    const [file, archive] of [["disk.ova", "tar archive"], ["disk.zip", "zip archive"]] as const
  ) {
    const { code, stderr, requests } = await created(`image-create --file ${file}`);
    assertEquals([code, requests.length], [1, 0]);
    assertEquals(
      stderr,
      `Cannot upload "${file}": it is a ${archive} and not a disk image; extract the image first, or declare the disk format with --disk-format\n`,
    );
    const declared = await created(`image-create --file ${file} --disk-format raw`);
    assertEquals(declared.code, 0, declared.stderr);
  }
});

Deno.test("image-create does not take an empty file or a document for a raw disk, unless its format is declared", async () => {
  const cases = [
    ["empty", "it is empty; check its source, or"],
    ["page", "it is a web page (HTML) and not a disk image; check its source, or"],
    ["error", "it is a document in XML and not a disk image; check its source, or"],
  ] as const;
  for (const [file, cause] of cases) {
    for (const command of ["image-create", "image-create-via-import"]) {
      const { code, stderr, requests } = await created(`${command} --file ${file}`);
      assertEquals([code, requests.length], [1, 0]);
      assertStringIncludes(stderr, `"${file}": ${cause} declare the disk format with`);
    }
    const declared = await created(`image-create --file ${file} --disk-format raw`);
    assertEquals(declared.code, 0, declared.stderr);
  }
});
