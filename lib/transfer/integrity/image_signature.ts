/**
 * Verifies the signature of an image: the `img_signature` properties, as Cinder, Nova, and Glance read them,
 * against streamed data. The cryptography is in `signature_verifier.ts`; the caller provides the certificates.
 */
import type { RequestContext } from "../../context.ts";
import { ImageSignatureVerificationFailed, Invalid, InvalidSignatureImage } from "../../errors.ts";
import type { Image } from "../../api/types.ts";
import { describeType } from "../../validate.ts";
import {
  certificateVerifier,
  type SignatureProperties,
  type SignatureVerifier,
  Unverifiable,
} from "./signature_verifier.ts";

export type { SignatureProperties, SignatureVerifier } from "./signature_verifier.ts";

/** Options of a signature verification. */
export interface VerifySignatureOptions {
  /**
   * Returns a certificate of the key manager (Barbican: `GET /v1/secrets/{uuid}/payload`) as DER. It must
   * be a trusted one: like Cinder, this function checks neither its validity period nor its issuer.
   */
  readonly getCertificate: (uuid: string) => Promise<Uint8Array>;
  /**
   * Creates the verifier of a signature.
   * Default: a verifier over `node:crypto` with the certificate of `getCertificate`.
   */
  readonly getVerifier?:
    | ((properties: SignatureProperties) => Promise<SignatureVerifier>)
    | undefined;
  /** Aborts the verification with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The functions of an image service that are used. */
export interface ImageRecords {
  /** Returns an image by its id. */
  show(
    context: RequestContext,
    imageId: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Pick<Image, "properties">>;
}

/** The image properties of a signature; all are required. */
const PROPERTIES: Readonly<Record<keyof SignatureProperties, string>> = {
  signature: "img_signature",
  hashMethod: "img_signature_hash_method",
  certificateUuid: "img_signature_certificate_uuid",
  keyType: "img_signature_key_type",
};

/**
 * Verifies the signature of the data of an image. Resolves to true if the signature is valid, and to false
 * if the image has none; an invalid signature is an error.
 *
 * `data` is read chunk by chunk and not kept. If it is not read to its end, it is canceled. An error of
 * `data` is thrown unchanged.
 *
 * @throws {InvalidSignatureImage} if the image has some, but not all, of the four signature properties.
 * @throws {ImageSignatureVerificationFailed} if the signature is invalid, or cannot be verified: unknown
 * method, unavailable or unsuitable certificate, or a key type that the runtime does not support.
 * @throws {ImageNotFound} if the image does not exist.
 * @throws {Invalid} if `data` is locked or is not a `ReadableStream` of bytes.
 *
 * @example
 * ```ts
 * import { connect, verifyImageSignature } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const { service, context } = await connect({
 *   apiServers: ["glance.example:9292"],
 *   environment: {},
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const meta = { name: "unsigned", diskFormat: "raw", containerFormat: "bare" };
 * const { id } = await service.create(context, meta, new Blob(["the bytes of a disk"]));
 *
 * const data = await service.download(context, id);
 * const isSigned = await verifyImageSignature(service, context, id, data, {
 *   getCertificate: (uuid) => Promise.reject(new Error(`no key manager has ${uuid}`)),
 * });
 * assert(isSigned === false);
 * ```
 */
export async function verifyImageSignature(
  service: ImageRecords,
  context: RequestContext,
  imageId: string,
  data: ReadableStream<Uint8Array>,
  options: VerifySignatureOptions,
): Promise<boolean> {
  const { signal } = options;
  const reader = readerOf(imageId, data);
  const stop = () => reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    const { properties } = await service.show(context, imageId, { signal });
    const signature = signatureIn(imageId, properties);
    if (signature === null) return false;
    const verifier = await verifierFor(imageId, signature, options);
    await readAll(imageId, reader, verifier);
    signal?.throwIfAborted();
    if (await isSignatureValid(imageId, verifier)) return true;
    throw new ImageSignatureVerificationFailed(
      `Cannot verify the signature of image "${imageId}": it does not match the data; do not use the data, or sign the image again`,
      { imageId },
    );
  } finally {
    signal?.removeEventListener("abort", stop);
    await reader.cancel("the verification has ended").catch(() => {});
  }
}

function readerOf(
  imageId: string,
  data: ReadableStream<Uint8Array>,
): ReadableStreamDefaultReader<Uint8Array> {
  if (!(data instanceof ReadableStream) || data.locked) {
    const state = data instanceof ReadableStream
      ? "its data is a locked stream"
      : "its data is not a ReadableStream";
    throw new Invalid(
      `Cannot verify the signature of image "${imageId}": ${state}; pass an unlocked stream`,
      { imageId },
    );
  }
  return data.getReader();
}

/** The signature of an image; null if it has none. */
function signatureIn(
  imageId: string,
  properties: Image["properties"],
): SignatureProperties | null {
  const textOf = (key: keyof SignatureProperties) => {
    const value = properties[PROPERTIES[key]];
    return typeof value === "string" ? value : null;
  };
  const [signature, hashMethod, certificateUuid, keyType] = [
    textOf("signature"),
    textOf("hashMethod"),
    textOf("certificateUuid"),
    textOf("keyType"),
  ];
  if (signature !== null && hashMethod !== null && certificateUuid !== null && keyType !== null) {
    return { signature, hashMethod, certificateUuid, keyType };
  }
  const missing = Object.values(PROPERTIES).filter((name) => typeof properties[name] !== "string");
  if (missing.length === Object.keys(PROPERTIES).length) return null;
  throw new InvalidSignatureImage(
    `Cannot verify the signature of image "${imageId}": it lacks "${
      missing.join('", "')
    }"; set all four signature properties or remove them all`,
    { imageId },
  );
}

async function verifierFor(
  imageId: string,
  properties: SignatureProperties,
  { getCertificate, getVerifier, signal }: VerifySignatureOptions,
): Promise<SignatureVerifier> {
  try {
    return await (getVerifier?.(properties) ?? certificateVerifier(properties, getCertificate));
  } catch (cause) {
    signal?.throwIfAborted();
    throw failed(imageId, cause);
  }
}

async function readAll(
  imageId: string,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  verifier: SignatureVerifier,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!(value instanceof Uint8Array)) {
      throw new Invalid(
        `Cannot verify the signature of image "${imageId}": its data returned ${
          describeType(value)
        } instead of bytes; encode it first`,
        { imageId },
      );
    }
    try {
      verifier.update(value);
    } catch (cause) {
      throw failed(imageId, cause);
    }
  }
}

async function isSignatureValid(imageId: string, verifier: SignatureVerifier): Promise<boolean> {
  try {
    return await verifier.verify();
  } catch (cause) {
    throw failed(imageId, cause);
  }
}

/** Only messages of `signature_verifier.ts` complete the sentence; those of a custom verifier may not. */
function failed(imageId: string, cause: unknown): ImageSignatureVerificationFailed {
  const reason = cause instanceof Unverifiable
    ? cause.message
    : '"getVerifier" or its verifier failed; its error is the cause';
  return new ImageSignatureVerificationFailed(
    `Cannot verify the signature of image "${imageId}": ${reason}`,
    { imageId, cause },
  );
}
