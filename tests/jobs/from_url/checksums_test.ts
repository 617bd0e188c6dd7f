/** Checksums and checksum files. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChecksumMissing, Invalid } from "../../../lib/errors.ts";
import {
  checksumFor,
  parseChecksum,
  parseChecksumFile,
} from "../../../lib/jobs/from_url/checksums.ts";
import { fc, forAll } from "../../support/properties.ts";

const [MD5, SHA1, SHA256, SHA512] = [32, 40, 64, 128].map((length) => "a".repeat(length));
const OTHER = "b".repeat(64);

function find(text: string, path = "/images/disk.img", source = "SHA256SUMS") {
  const { algorithm, digest } = checksumFor(parseChecksumFile(text), path, source);
  return `${algorithm}:${digest}`;
}

Deno.test("parseChecksum() accepts the digests of each algorithm in any case, and nothing else", () => {
  assertEquals(parseChecksum(` SHA256:${SHA256?.toUpperCase()} `), {
    algorithm: "sha256",
    digest: SHA256 ?? "",
  });
  for (const text of [`md5:${MD5}`, `sha1:${SHA1}`, `sha512:${SHA512}`]) {
    const { algorithm, digest } = parseChecksum(text);
    assertEquals(`${algorithm}:${digest}`, text);
  }
  const invalid = [
    "",
    "sha256",
    SHA256,
    `sha256:${MD5}`,
    `sha256 ${SHA256}`,
    `crc32:${MD5}`,
    "sha256:xyz",
  ];
  for (const text of invalid) assertThrows(() => parseChecksum(text ?? ""), Invalid, "ALGORITHM");
});

Deno.test("checksumFor() reads the forms of GNU and BSD, with any line end", () => {
  const forms = [
    `${SHA256}  disk.img`,
    `${SHA256} *disk.img`,
    `${SHA256?.toUpperCase()}\tdisk.img`,
    `SHA256 (disk.img) = ${SHA256}`,
    `SHA256(disk.img)= ${SHA256}`,
    `# disk.img: 123 bytes\nSHA256 (disk.img) = ${SHA256}`,
    `\ufeff${SHA256}  ./disk.img`,
    `${SHA256} *images\\disk.img`,
    SHA256 ?? "",
    `${SHA256}  -`,
    `${MD5}\n${SHA256}`,
    `sha256:${SHA256}`,
    `sha256:${SHA256}  disk.img`,
    `SHA-256 (disk.img) = ${SHA256}`,
    `SHA2-256(disk.img)= ${SHA256}`,
    `SHA3-256 (disk.img) = ${OTHER}\nSHA256 (disk.img) = ${SHA256}`,
    `sha512:${OTHER}  disk.img\n${SHA256}  disk.img`,
  ];
  for (const form of forms) {
    for (const end of ["", "\n", "\r\n", "\r", "\n\n"]) {
      assertEquals(find(form + end), `sha256:${SHA256}`, JSON.stringify(form + end));
    }
  }
});

Deno.test("checksumFor() chooses the strongest of several algorithms", () => {
  const text = [`${MD5}  disk.img`, `SHA512 (disk.img) = ${SHA512}`, `${SHA256}  disk.img`];
  assertEquals(find(text.join("\n")), `sha512:${SHA512}`);
});

Deno.test("checksumFor() restores escaped names", () => {
  assertEquals(find(`\\${SHA256}  a\\\\b\\nc`, "/a\\b\nc"), `sha256:${SHA256}`);
  assertEquals(find(`\\SHA256 (a\\nb) = ${SHA256}`, "/a\nb"), `sha256:${SHA256}`);
});

Deno.test("checksumFor() prefers the entry in the same directory", () => {
  const text = `${OTHER}  arm/disk.img\n${SHA256}  x86/disk.img\n`;
  assertEquals(find(text, "/images/x86/disk.img"), `sha256:${SHA256}`);
  assertThrows(() => find(text, "/images/disk.img"), Invalid, "twice");
});

Deno.test("checksumFor() refuses two digests of one file, and accepts one twice", () => {
  assertThrows(() => find(`${SHA256}  disk.img\n${OTHER}  disk.img`), Invalid, "twice");
  assertEquals(find(`${SHA256}  disk.img\n${SHA256} *disk.img`), `sha256:${SHA256}`);
});

Deno.test("checksumFor() does not compare the name in a file that is named after the image", () => {
  const text = `${SHA256}  disk-Build6.63.img`;
  for (const suffix of [".sha256", ".SHA256SUM", ".sha512sums", ".md5"]) {
    const source = `https://mirror/images/disk.img${suffix}`;
    assertEquals(find(text, "/images/disk.img", source), `sha256:${SHA256}`);
  }
  for (const source of ["disk.img.asc", "disk.sha256", "other.img.sha256", "SHA256SUMS"]) {
    assertThrows(() => find(text, "/images/disk.img", source), ChecksumMissing);
  }
  const two = `${text}\n${SHA256}  another`;
  assertThrows(() => find(two, "/images/disk.img", "disk.img.sha256"), ChecksumMissing);
});

Deno.test("checksumFor() names what is listed if the file is not, and detects another kind of file", () => {
  const { names, message } = assertThrows(
    () => find(`${SHA256}  disk.img.xz\n${OTHER}  other`),
    ChecksumMissing,
  );
  assertEquals(names, ["disk.img.xz", "other"]);
  assert(message.includes('"disk.img.xz"'), message);
  const hint =
    "has no checksums as sha256sum, openssl or BSD write them; check its URL, or pass the checksum itself";
  // The second one has the columns of other programs.
  for (const text of ["<html><title>404</title>", `disk.img.xz  ${"0".repeat(64)}`]) {
    assertThrows(() => find(text), ChecksumMissing, hint);
  }
});

Deno.test("parseChecksumFile() ignores a signature, and dashes that it escapes", () => {
  const text = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- ${SHA256}  disk.img
-----BEGIN PGP SIGNATURE-----\n\n${OTHER}  disk.img\n-----END PGP SIGNATURE-----\n`;
  const file = parseChecksumFile(text);
  assertEquals([file.isSigned, file.entries.length], [true, 1]);
  assertEquals(find(text), `sha256:${SHA256}`);
});

Deno.test("parseChecksumFile() accepts any text", async () => {
  await forAll(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
    for (const { digest } of parseChecksumFile(text).entries) assert(/^[0-9a-f]+$/.test(digest));
  });
});
