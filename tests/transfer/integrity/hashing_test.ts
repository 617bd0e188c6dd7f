/** Incremental hashes, native and pure. */
import { assert, assertEquals } from "@std/assert";
import { createHasher } from "../../../lib/transfer/integrity/hashing.ts";
import { createPureHasher } from "../../../lib/transfer/integrity/pure_hash.ts";
import type { Hasher } from "../../../lib/transfer/types.ts";
import { utf8 } from "../../support/bodies.ts";
import { between, seededBytes, seededRandom } from "../../support/seed.ts";

const PURE = ["md5", "sha256", "sha512"];

/** Digests that the standards state (RFC 1321, FIPS 180-4). */
const KNOWN: readonly (readonly [algorithm: string, text: string, digest: string])[] = [
  ["md5", "", "d41d8cd98f00b204e9800998ecf8427e"],
  ["md5", "abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "sha256",
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    "sha512",
    "",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" +
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  ],
  [
    "sha512",
    "abc",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  ],
];

for (const [algorithm, text, digest] of KNOWN) {
  Deno.test(`createHasher() returns the ${algorithm} of ${JSON.stringify(text)} in the standard, native and pure`, async () => {
    for (const hasher of [await createHasher(algorithm), createPureHasher(algorithm)]) {
      hasher?.update(utf8(text));
      assertEquals(hasher?.digest(), digest);
    }
  });
}

/** The digest of bytes that arrive in pieces. */
function digestOf(hasher: Hasher | null, bytes: Uint8Array, sizes: readonly number[]): string {
  let offset = 0;
  for (const size of sizes) hasher?.update(bytes.subarray(offset, offset += size));
  hasher?.update(bytes.subarray(offset));
  return hasher?.digest() ?? "";
}

for (const algorithm of PURE) {
  Deno.test(`createPureHasher() equals the native ${algorithm} for every size around a block`, async () => {
    const sizes = [
      ...Array.from({ length: 10 }, (_, i) => i),
      ...[55, 56, 57, 63, 64, 65, 111, 112, 113, 119, 120, 127, 128, 129],
      ...[191, 192, 193, 239, 240, 241, 255, 256, 257, 1_000, 4_095, 4_096, 10_007],
    ];
    for (const size of sizes) {
      const bytes = seededBytes(size, size);
      const native = digestOf(await createHasher(algorithm), bytes, []);
      assertEquals(digestOf(createPureHasher(algorithm), bytes, []), native, `${size} bytes`);
    }
  });

  Deno.test(`createPureHasher() returns the same ${algorithm} for any chunk sizes`, () => {
    const random = seededRandom(5);
    const bytes = seededBytes(1, 2_000);
    const whole = digestOf(createPureHasher(algorithm), bytes, []);
    for (let i = 0; i < 50; i++) {
      const cuts = Array.from({ length: 20 }, () => between(random, 0, 150));
      assertEquals(digestOf(createPureHasher(algorithm), bytes, cuts), whole, cuts.join());
    }
    assertEquals(digestOf(createPureHasher(algorithm), bytes, Array(2_000).fill(1)), whole);
  });
}

Deno.test("createHasher() continues after a digest", async () => {
  for (const algorithm of PURE) {
    for (const hasher of [await createHasher(algorithm), createPureHasher(algorithm)]) {
      hasher?.update(utf8("a"));
      assertEquals(hasher?.digest(), hasher?.digest());
      hasher?.update(utf8("bc"));
      const known = KNOWN.find(([name, text]) => name === algorithm && text === "abc");
      assertEquals(hasher?.digest(), known?.[2]);
    }
  }
});

Deno.test("createHasher() reads views with an offset, and keeps no reference to them", async () => {
  for (const algorithm of PURE) {
    const memory = utf8("xxabcxx");
    for (const hasher of [await createHasher(algorithm), createPureHasher(algorithm)]) {
      hasher?.update(memory.subarray(2, 4));
      const rest = memory.slice(4, 5);
      hasher?.update(rest);
      rest.fill(0);
      const known = KNOWN.find(([name, text]) => name === algorithm && text === "abc");
      assertEquals(hasher?.digest(), known?.[2]);
    }
  }
});

Deno.test("createHasher() returns independent hashers of one algorithm", () => {
  for (const algorithm of PURE) {
    const [one, two] = [createPureHasher(algorithm), createPureHasher(algorithm)];
    one?.update(utf8("something else"));
    assertEquals(two?.digest(), KNOWN.find(([name]) => name === algorithm)?.[2]);
  }
});

Deno.test("createHasher() accepts the names of hashlib", async () => {
  const names = ["sha1", "sha224", "sha384", "SHA512", "sha3_256", "sha3_512", "sha512_256"];
  const lengths = await Promise.all(names.map(async (name) => {
    return (await createHasher(name))?.digest().length;
  }));
  assertEquals(lengths, [40, 56, 96, 128, 64, 128, 64]);
  assertEquals((await createHasher("blake2b"))?.digest().length, 128);
  assertEquals((await createHasher("blake2s"))?.digest().length, 64);
});

Deno.test("createHasher() returns null for an unknown algorithm", async () => {
  for (const name of ["", "sha9000", "crc32c", "constructor", "__proto__", "sha512; rm -rf /"]) {
    assertEquals(await createHasher(name), null, name);
    assertEquals(createPureHasher(name), null, name);
  }
});

Deno.test("createHasher() uses the pure hashes on a runtime that has none", async () => {
  const { process } = globalThis as unknown as { process: { getBuiltinModule: unknown } };
  const original = process.getBuiltinModule;
  for (const missing of [undefined, () => undefined]) {
    process.getBuiltinModule = missing;
    try {
      for (const [algorithm, text, digest] of KNOWN) {
        const hasher = await createHasher(algorithm.toUpperCase());
        hasher?.update(utf8(text));
        assertEquals(hasher?.digest(), digest);
      }
      assertEquals(await createHasher("sha1"), null);
    } finally {
      process.getBuiltinModule = original;
    }
  }
  assert(await createHasher("sha1") !== null);
});
