import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  verifyImageSignature,
  type VerifySignatureOptions,
} from "../../../lib/transfer/integrity/image_signature.ts";
import {
  ImageSignatureVerificationFailed,
  Invalid,
  InvalidSignatureImage,
} from "../../../lib/errors.ts";
import {
  CERTIFICATES,
  type SignatureRow,
  SIGNATURES,
  SIGNATURES_FOR_OPENSSL,
  SIGNED_DATA,
} from "./signature_fixtures.ts";

const UUID = "8e9a4f3c-certificate";

function propertiesOf(row: Pick<SignatureRow, "signature" | "hashMethod" | "keyType">) {
  return {
    img_signature: row.signature,
    img_signature_hash_method: row.hashMethod,
    img_signature_certificate_uuid: UUID,
    img_signature_key_type: row.keyType,
  };
}

function serviceWith(properties: Record<string, unknown>) {
  return { show: () => Promise.resolve({ properties }) };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** A stream of the signed data, one byte per chunk, that records whether it was canceled. */
function source(text: string = SIGNED_DATA) {
  const bytes = new TextEncoder().encode(text);
  const state = { read: 0, canceled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (state.read === bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(state.read, ++state.read));
    },
    cancel() {
      state.canceled = true;
    },
  }, { highWaterMark: 0 });
  return { stream, state };
}

function verify(
  properties: Record<string, unknown>,
  data: ReadableStream<Uint8Array> = source().stream,
  options: Partial<VerifySignatureOptions> = {},
): Promise<boolean> {
  return verifyImageSignature(serviceWith(properties), {}, "42", data, {
    getCertificate: () => Promise.reject(new Error("not expected")),
    ...options,
  });
}

function withCertificate(name: keyof typeof CERTIFICATES): Partial<VerifySignatureOptions> {
  return { getCertificate: () => Promise.resolve(bytesOf(CERTIFICATES[name])) };
}

const [GOOD] = SIGNATURES as [SignatureRow];

for (const row of SIGNATURES) {
  const verdict = row.isGood ? "accepts" : "refuses";
  Deno.test(`verifyImageSignature() ${verdict} ${row.title}, as cursive does`, async () => {
    const requested: string[] = [];
    const result = verify(propertiesOf(row), source().stream, {
      getCertificate: (uuid) => {
        requested.push(uuid);
        return Promise.resolve(bytesOf(CERTIFICATES[row.certificate]));
      },
    });
    if (row.isGood) assertEquals(await result, true);
    else {await assertRejects(
        () => result,
        ImageSignatureVerificationFailed,
        "does not match the data",
      );}
    assertEquals(requested, [UUID]);
  });

  if (!row.isGood) continue;
  Deno.test(`verifyImageSignature() refuses other data for ${row.title}`, async () => {
    await assertRejects(
      () =>
        verify(
          propertiesOf(row),
          source(SIGNED_DATA + ".").stream,
          withCertificate(row.certificate),
        ),
      ImageSignatureVerificationFailed,
      'image "42"',
    );
  });
}

for (const row of SIGNATURES_FOR_OPENSSL) {
  Deno.test(`verifyImageSignature() accepts ${row.title}, or names a runtime that can`, async () => {
    try {
      const options = withCertificate(row.certificate);
      assertEquals(await verify(propertiesOf(row), source().stream, options), true);
    } catch (error) {
      if (!(error instanceof ImageSignatureVerificationFailed)) throw error;
      assertStringIncludes(error.message, "this runtime cannot");
      assertStringIncludes(error.message, "such as Node");
    }
  });
}

Deno.test("verifyImageSignature() reads a signature over several lines", async () => {
  const signature = GOOD.signature.replaceAll(/.{64}/g, "$&\r\n");
  const properties = propertiesOf({ ...GOOD, signature });
  assertEquals(await verify(properties, source().stream, withCertificate("rsa")), true);
});

/** Unusable properties and their messages. */
const UNUSABLE: readonly [
  title: string,
  change: Partial<SignatureRow>,
  certificate: keyof typeof CERTIFICATES,
  said: string,
][] = [
  [
    "a signature that is not base64",
    { signature: "%%%" },
    "rsa",
    '"img_signature" is not valid base64',
  ],
  ["an empty signature", { signature: "" }, "rsa", '"img_signature" is not valid base64'],
  ["an unknown hash method", { hashMethod: "MD5" }, "rsa", "must be one of"],
  ["a hash method in other letters", { hashMethod: "sha-256" }, "rsa", '"SHA-256"'],
  ["an unknown key type", { keyType: "RSA" }, "rsa", '"RSA-PSS", "DSA"'],
  ["a key type of every object", { keyType: "constructor" }, "rsa", "must be one of"],
  ["a key of another class", { keyType: "DSA" }, "rsa", 'does not match the key type "DSA"'],
  [
    "a key on another curve",
    { keyType: "ECC_SECP521R1" },
    "p384",
    '"secp384r1", which does not match',
  ],
];

for (const [title, change, certificate, said] of UNUSABLE) {
  Deno.test(`verifyImageSignature() refuses ${title}`, async () => {
    const { stream, state } = source();
    const properties = propertiesOf({ ...GOOD, ...change });
    const error = await assertRejects(
      () => verify(properties, stream, withCertificate(certificate)),
      ImageSignatureVerificationFailed,
      said,
    );
    assertEquals(error.imageId, "42");
    assertEquals(state, { read: 0, canceled: true });
  });
}

Deno.test("verifyImageSignature() throws when the certificate is not one", async () => {
  await assertRejects(
    () =>
      verify(propertiesOf(GOOD), source().stream, {
        getCertificate: () => Promise.resolve(new Uint8Array([1, 2, 3])),
      }),
    ImageSignatureVerificationFailed,
    "is not an X.509 certificate; store it as DER",
  );
});

Deno.test("verifyImageSignature() keeps the key manager's error as the cause only", async () => {
  const refused = new Error("401 for token gAAAA-canary");
  const error = await assertRejects(
    () =>
      verify(propertiesOf(GOOD), source().stream, {
        getCertificate: () => Promise.reject(refused),
      }),
    ImageSignatureVerificationFailed,
    `failed for the certificate "${UUID}"`,
  );
  assertEquals(error.message.includes("canary"), false);
  assertEquals((error.cause as Error).cause, refused);
});

Deno.test("verifyImageSignature() returns false and cancels the data when the image is not signed", async () => {
  const { stream, state } = source();
  assertEquals(await verify({ os_type: "linux", img_signature: null }, stream), false);
  assertEquals(state, { read: 0, canceled: true });
});

for (const name of Object.keys(propertiesOf(GOOD))) {
  Deno.test(`verifyImageSignature() refuses a signature without ${name}`, async () => {
    await assertRejects(
      () => verify({ ...propertiesOf(GOOD), [name]: undefined }),
      InvalidSignatureImage,
      `it lacks "${name}"; set all four`,
    );
  });
}

Deno.test("verifyImageSignature() throws an error of the data as it is", async () => {
  const broken = new Error("the disk is gone");
  const stream = new ReadableStream<Uint8Array>({ start: (it) => it.error(broken) });
  const error = await assertRejects(() =>
    verify(propertiesOf(GOOD), stream, withCertificate("rsa"))
  );
  assertEquals(error, broken);
});

Deno.test("verifyImageSignature() throws when the data is locked or not a stream", async () => {
  const { stream } = source();
  const reader = stream.getReader();
  await assertRejects(
    () => verify(propertiesOf(GOOD), stream),
    Invalid,
    "a locked stream",
  );
  await reader.cancel();
  // A JavaScript caller may pass this.
  const text = "text" as unknown as ReadableStream<Uint8Array>;
  await assertRejects(() => verify(propertiesOf(GOOD), text), Invalid, "not a ReadableStream");
});

Deno.test("verifyImageSignature() throws when the chunks of the data are strings", async () => {
  const texts = ReadableStream.from(["text"]) as unknown as ReadableStream<Uint8Array>;
  await assertRejects(
    () => verify(propertiesOf(GOOD), texts, withCertificate("rsa")),
    Invalid,
    "returned a string instead of bytes",
  );
});

Deno.test("verifyImageSignature() ends a pending read with the signal's reason", async () => {
  const stop = new AbortController();
  let canceled = false;
  const silent = new ReadableStream<Uint8Array>({
    pull: () => stop.abort(new Error("enough")),
    cancel: () => void (canceled = true),
  }, { highWaterMark: 0 });
  await assertRejects(
    () => verify(propertiesOf(GOOD), silent, { ...withCertificate("rsa"), signal: stop.signal }),
    Error,
    "enough",
  );
  assertEquals(canceled, true);
});

Deno.test("verifyImageSignature() passes every byte to the caller's own verifier", async () => {
  const seen: number[] = [];
  const given: unknown[] = [];
  const isSigned = await verify(propertiesOf(GOOD), source("abc").stream, {
    getVerifier: (properties) => {
      given.push(properties);
      return Promise.resolve({
        update: (bytes) => void seen.push(...bytes),
        verify: () => Promise.resolve(true),
      });
    },
  });
  const { signature, hashMethod, keyType } = GOOD;
  assertEquals(isSigned, true);
  assertEquals(seen, [97, 98, 99]);
  assertEquals(given, [{ signature, hashMethod, certificateUuid: UUID, keyType }]);
});

for (const [title, step] of [["update", "update"], ["verify", "verify"]] as const) {
  Deno.test(`verifyImageSignature() takes a verifier that throws in ${title}() for a refusal`, async () => {
    const fail = () => {
      throw new Error("HSM is away, pin canary");
    };
    const verifier = { update: () => {}, verify: () => true, [step]: fail };
    const error = await assertRejects(
      () =>
        verify(propertiesOf(GOOD), source().stream, {
          getVerifier: () => Promise.resolve(verifier),
        }),
      ImageSignatureVerificationFailed,
      "its error is the cause",
    );
    assertEquals(error.message.includes("canary"), false);
  });
}
