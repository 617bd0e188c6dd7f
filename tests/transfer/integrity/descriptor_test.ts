/** Comparison of bytes with what is known about an image. */
import { assertEquals, assertRejects } from "@std/assert";
import { descriptorOf, isSameData, Verifier } from "../../../lib/transfer/integrity/descriptor.ts";
import { ImageIntegrityError, Invalid } from "../../../mod.ts";
import { utf8 } from "../../support/bodies.ts";
import { digest } from "../../support/image.ts";

const ABC = utf8("abc");
const MD5 = digest("md5", ABC);
const SHA512 = digest("sha512", ABC);

/** A record -> its descriptor. */
const IDENTITIES: readonly (readonly [
  record: Record<string, unknown>,
  identity: readonly [
    size: number | null,
    algorithm: string | null,
    value: string | null,
    checksum: string | null,
  ],
])[] = [
  [{}, [null, null, null, null]],
  [{ size: null, checksum: null, os_hash_algo: null, os_hash_value: null }, [
    null,
    null,
    null,
    null,
  ]],
  [{ size: 0 }, [0, null, null, null]],
  [{ checksum: "" }, [null, null, null, null]],
  [{ checksum: MD5.toUpperCase() }, [null, null, null, MD5]],
  [{ os_hash_algo: "sha512" }, [null, null, null, null]],
  [{ os_hash_value: SHA512 }, [null, null, null, null]],
  [{ os_hash_algo: "sha512", os_hash_value: SHA512.toUpperCase() }, [
    null,
    "sha512",
    SHA512,
    null,
  ]],
];

for (const [record, [size, hashAlgorithm, hashValue, checksum]] of IDENTITIES) {
  Deno.test(`descriptorOf() reads ${Deno.inspect(record).slice(0, 70)}`, () => {
    const identity = descriptorOf({ id: "42", status: "active", ...record });
    assertEquals(identity, { imageId: "42", size, hashAlgorithm, hashValue, checksum });
  });
}

const KNOWN = { imageId: "42", size: 3, hashAlgorithm: "sha512", hashValue: "a", checksum: "b" };
const UNKNOWN = { imageId: "42", size: null, hashAlgorithm: null, hashValue: null, checksum: null };

/** A difference from the known facts -> whether it is the same data. */
const SAME:
  readonly (readonly [differs: Partial<typeof KNOWN | typeof UNKNOWN>, isSame: boolean])[] = [
    [{}, true],
    [UNKNOWN, true],
    [{ size: 4 }, false],
    [{ size: 0 }, false],
    [{ checksum: "c" }, false],
    [{ hashValue: "c" }, false],
    [{ hashAlgorithm: "sha256", hashValue: "c" }, true],
    [{ hashAlgorithm: "sha256", hashValue: "c", checksum: "d" }, false],
    [{ size: null, checksum: null }, true],
  ];

for (const [differs, isSame] of SAME) {
  Deno.test(`isSameData() returns ${isSame} in both directions when ${JSON.stringify(differs)} differs`, () => {
    const other = { ...KNOWN, ...differs };
    assertEquals([isSameData(KNOWN, other), isSameData(other, KNOWN)], [isSame, isSame]);
  });
}

/** The known hashes of an image and `verify` -> the hash that is computed. */
const CHOSEN: readonly (readonly [
  identity: Partial<typeof KNOWN | typeof UNKNOWN>,
  verify: "auto" | "required" | "off",
  chosen: string | null,
])[] = [
  [{ hashAlgorithm: "sha512", hashValue: SHA512, checksum: MD5 }, "auto", "sha512"],
  [{ hashAlgorithm: "sha512", hashValue: SHA512, checksum: MD5 }, "required", "sha512"],
  [{ hashAlgorithm: "sha512", hashValue: SHA512, checksum: MD5 }, "off", null],
  [{ hashAlgorithm: "sha9000", hashValue: "x", checksum: MD5 }, "auto", "md5"],
  [{ hashAlgorithm: "sha9000", hashValue: "x", checksum: MD5 }, "required", "md5"],
  [{ hashAlgorithm: "sha9000", hashValue: "x" }, "auto", null],
  [{ checksum: MD5 }, "auto", "md5"],
  [{}, "auto", null],
  [{}, "off", null],
];

for (const [identity, verify, chosen] of CHOSEN) {
  const known = Object.entries(identity).map(([key, value]) => `${key} ${value}`.slice(0, 24));
  Deno.test(`Verifier computes ${chosen} when verify is "${verify}" and the image has ${known.join(", ")}`, async () => {
    const verifier = await Verifier.create({ ...UNKNOWN, ...identity }, verify);
    assertEquals(verifier === null, chosen === null);
    verifier?.update(utf8("ab"));
    if (verifier === null || chosen === null) return;
    const error = await assertRejects(
      () => verifier.check(),
      ImageIntegrityError,
      `its ${chosen} is`,
    );
    assertEquals(error.expected, `${chosen} ${chosen === "md5" ? MD5 : SHA512}`);
    assertEquals(error.actual, `${chosen} ${digest(chosen, utf8("ab"))}`);
    assertEquals(error.imageId, "42");
    verifier.update(utf8("c"));
    await verifier.check();
  });
}

Deno.test('Verifier throws when verify is "required" and it can compute no hash of the image', async () => {
  for (const identity of [UNKNOWN, { ...UNKNOWN, hashAlgorithm: "sha9000", hashValue: "x" }]) {
    const create = () => Verifier.create(identity, "required");
    await assertRejects(create, Invalid, 'use verify "auto"');
  }
});

Deno.test("Verifier recognizes whether other bytes equal those that it hashed", async () => {
  const verifier = await Verifier.create({ ...UNKNOWN, checksum: MD5 }, "auto");
  verifier?.update(utf8("ab"));
  const prefix = await verifier?.prefix();
  prefix?.hasher.update(utf8("a"));
  assertEquals(prefix?.hasher.digest() === prefix?.digest, false);
  prefix?.hasher.update(utf8("b"));
  assertEquals(prefix?.hasher.digest(), prefix?.digest);
  verifier?.update(utf8("c"));
  await verifier?.check();
});
