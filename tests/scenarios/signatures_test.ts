/** Scenarios 63 to 66: signatures of images. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  type SignatureProperties,
  type SignatureVerifier,
  verifyImageSignature,
} from "../../mod.ts";
import { ImageSignatureVerificationFailed, InvalidSignatureImage } from "../../lib/errors.ts";
import { CONTEXT, ScenarioGlance } from "./scenario_glance.ts";

const SIGNED = {
  img_signature: "fake_signature",
  img_signature_hash_method: "mock_hash",
  img_signature_certificate_uuid: "fake_uuid",
  img_signature_key_type: "fake_key_type",
};

/** The arguments of the verifier, and the result for an image with these properties. */
async function verify(
  properties: Record<string, string>,
  verifier: SignatureVerifier,
): Promise<{ requested: SignatureProperties[]; result: Promise<boolean> }> {
  const glance = new ScenarioGlance();
  const id = glance.addWithData(2048, properties);
  const service = glance.service();
  const requested: SignatureProperties[] = [];
  const data = await service.download(CONTEXT, id);
  const result = verifyImageSignature(service, CONTEXT, id, data, {
    getCertificate: () => Promise.reject(new Error("the verifier of the test needs none")),
    getVerifier: (given) => {
      requested.push(given);
      return Promise.resolve(verifier);
    },
  });
  return { requested, result };
}

/** A verifier that expects the 2048 stars. */
function wants(verdict: () => boolean): SignatureVerifier {
  let text = "";
  return {
    update: (bytes) => void (text += new TextDecoder().decode(bytes)),
    verify: () => text === "*".repeat(2048) && verdict(),
  };
}

const GIVEN: SignatureProperties = {
  signature: "fake_signature",
  hashMethod: "mock_hash",
  certificateUuid: "fake_uuid",
  keyType: "fake_key_type",
};

for (
  const [title, verdict] of [
    ["does not verify", () => false],
    ["makes its verifier throw", () => {
      throw new Error("invalid signature");
    }],
  ] as const
) {
  Deno.test(`verifyImageSignature() throws when a signature ${title} (scenario 63)`, async () => {
    const { requested: asked, result } = await verify(SIGNED, wants(verdict));
    await assertRejects(() => result, ImageSignatureVerificationFailed);
    assertEquals(asked, [GIVEN]);
  });
}

Deno.test("verifyImageSignature() returns false when the image has no signature properties (scenario 64)", async () => {
  const { requested: asked, result } = await verify({}, wants(() => true));
  assertEquals(await result, false);
  assertEquals(asked, []);
});

Deno.test("verifyImageSignature() throws when some signature properties are missing (scenario 65)", async () => {
  const { img_signature_certificate_uuid: _, ...incomplete } = SIGNED;
  const { requested: asked, result } = await verify(incomplete, wants(() => true));
  await assertRejects(
    () => result,
    InvalidSignatureImage,
    '"img_signature_certificate_uuid"',
  );
  assertEquals(asked, []);
});

Deno.test("verifyImageSignature() returns true when the signature is valid (scenario 66)", async () => {
  const { requested: asked, result } = await verify(SIGNED, wants(() => true));
  assertEquals(await result, true);
  assertEquals(asked, [GIVEN]);
});
