/**
 * Is an image signed by the holder of the certificate that it names: the `img_signature` properties, as
 * Cinder, Nova and Glance read them, held against data that streams by. The mathematics is in
 * `signature_verifier.ts`; certificates come through a port.
 *
 * @module
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

/** What a verification is told. */
export interface VerifySignatureOptions {
  /**
   * Gives a certificate of the key manager (Barbican: `GET /v1/secrets/{uuid}/payload`) as DER. Whoever
   * gives it vouches for it: neither its dates nor its issuer are checked here, as in Cinder.
   */
  readonly getCertificate: (uuid: string) => Promise<Uint8Array>;
  /**
   * Makes the verifier of a signature.
   * @default one of the runtime's `node:crypto`, with the certificate that `getCertificate` gives
   */
  readonly getVerifier?: (properties: SignatureProperties) => Promise<SignatureVerifier>;
  /** Ends the verification with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The part of an image service that is needed. */
export interface ImageRecords {
  /** Gives an image by its id. */
  show(
    context: RequestContext,
    imageId: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Pick<Image, "properties">>;
}

/** The properties that make a signature: all of them, or none. */
const PROPERTIES: Readonly<Record<keyof SignatureProperties, string>> = {
  signature: "img_signature",
  hashMethod: "img_signature_hash_method",
  certificateUuid: "img_signature_certificate_uuid",
  keyType: "img_signature_key_type",
};

/**
 * Whether the data of an image is signed: true where its signature verifies, false where it has none.
 * A signature that does not verify is an error.
 *
 * `data` is read chunk by chunk and never kept; where it is not read to its end, it is cancelled. An
 * error of `data` itself is thrown as it is.
 *
 * @throws {InvalidSignatureImage} where some of the four properties are there and others are not.
 * @throws {ImageSignatureVerificationFailed} where the signature does not verify, or cannot be verified
 * here: an unknown method, a certificate that cannot be had or does not fit, a runtime without the key type.
 * @throws {ImageNotFound} where there is no such image.
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
 *   getCertificate: (uuid) => Promise.reject(new Error(`no key manager knows ${uuid}`)),
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
    await feed(imageId, reader, verifier);
    signal?.throwIfAborted();
    if (await isGood(imageId, verifier)) return true;
    throw new ImageSignatureVerificationFailed(
      `Cannot verify the signature of image "${imageId}": it is not that of the data; do not use the data, or sign it anew`,
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
      ? "its data is a stream that somebody else is reading"
      : "its data is no ReadableStream";
    throw new Invalid(
      `Cannot verify the signature of image "${imageId}": ${state}; give one of your own`,
      { imageId },
    );
  }
  return data.getReader();
}

/** The signature of an image; null where it has none. */
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

async function feed(
  imageId: string,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  verifier: SignatureVerifier,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!(value instanceof Uint8Array)) {
      throw new Invalid(
        `Cannot verify the signature of image "${imageId}": its data gave ${
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

async function isGood(imageId: string, verifier: SignatureVerifier): Promise<boolean> {
  try {
    return await verifier.verify();
  } catch (cause) {
    throw failed(imageId, cause);
  }
}

/** Our own verifier says the state and the way out; what another one says is not ours to repeat. */
function failed(imageId: string, cause: unknown): ImageSignatureVerificationFailed {
  const reason = cause instanceof Unverifiable
    ? cause.message
    : '"getVerifier" or its verifier failed; its error is the cause';
  return new ImageSignatureVerificationFailed(
    `Cannot verify the signature of image "${imageId}": ${reason}`,
    { imageId, cause },
  );
}
