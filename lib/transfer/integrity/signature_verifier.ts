/**
 * Verifies signatures with the runtime's `node:crypto`, which is looked up at run time: the supported methods
 * and key types, the checks of the certificate, and the limits of the runtime. The rules are those of
 * OpenStack's cursive, the signature library of Glance, Nova, and Cinder.
 */
import { messageOf } from "../../validate.ts";
import { builtinModule } from "../../node_builtin.ts";

/** The signature properties of an image. */
export interface SignatureProperties {
  /** `img_signature`: the signature of the data, in base64. */
  readonly signature: string;
  /** `img_signature_hash_method`: `SHA-224`, `SHA-256`, `SHA-384`, or `SHA-512`. */
  readonly hashMethod: string;
  /** `img_signature_certificate_uuid`: the id of the certificate in the key manager. */
  readonly certificateUuid: string;
  /** `img_signature_key_type`: `RSA-PSS`, `DSA`, `ECC_SECP384R1`, `ECC_SECP521R1`, or another curve. */
  readonly keyType: string;
}

/** Verifies data against one signature. */
export interface SignatureVerifier {
  /** Adds the next bytes of the data. */
  update(bytes: Uint8Array): void;
  /** Whether the signature matches all bytes so far. */
  verify(): boolean | Promise<boolean>;
}

/** Cause and hint of a signature that cannot be verified; completes a message that names the image. */
export class Unverifiable extends Error {
  override name = "Unverifiable";
}

/** The functions of `node:crypto` that are used; available in Deno, Node, Bun, and workerd. */
interface NodeVerification {
  readonly X509Certificate: new (der: Uint8Array) => { readonly publicKey: PublicKey };
  readonly constants: { readonly RSA_PKCS1_PSS_PADDING: number };
  createVerify(hash: string): VerifySignature;
  createSign(hash: string): { update(bytes: Uint8Array): unknown; sign(key: unknown): Uint8Array };
  generateKeyPairSync(
    type: "ec",
    options: { readonly namedCurve: string },
  ): { readonly publicKey: PublicKey; readonly privateKey: unknown };
}

interface PublicKey {
  /** `rsa`, `rsa-pss`, `dsa`, `ec` … */
  readonly asymmetricKeyType?: string;
  readonly asymmetricKeyDetails?: {
    readonly modulusLength?: number;
    readonly namedCurve?: string;
  };
}

interface VerifySignature {
  update(bytes: Uint8Array): unknown;
  verify(key: VerifyKey, signature: Uint8Array): boolean;
}

interface VerifyKey {
  readonly key: PublicKey;
  readonly padding?: number;
  readonly saltLength?: number;
}

/** `img_signature_hash_method` -> its name in `node:crypto`, and the size of its digest in bytes. */
const HASH_METHODS: Readonly<Record<string, readonly [name: string, bytes: number]>> = {
  "SHA-224": ["sha224", 28],
  "SHA-256": ["sha256", 32],
  "SHA-384": ["sha384", 48],
  "SHA-512": ["sha512", 64],
};

/** Requirements on the key of a certificate. */
interface KeyClass {
  readonly types: readonly string[];
  readonly curve?: string;
}

/** `img_signature_key_type` -> the required keys. As in cursive, smaller curves are not supported. */
const KEY_TYPES: Readonly<Record<string, KeyClass>> = {
  "RSA-PSS": { types: ["rsa", "rsa-pss"] },
  "DSA": { types: ["dsa"] },
  "ECC_SECP384R1": { types: ["ec"], curve: "secp384r1" },
  "ECC_SECP521R1": { types: ["ec"], curve: "secp521r1" },
  "ECC_SECT409K1": { types: ["ec"], curve: "sect409k1" },
  "ECC_SECT409R1": { types: ["ec"], curve: "sect409r1" },
  "ECC_SECT571K1": { types: ["ec"], curve: "sect571k1" },
  "ECC_SECT571R1": { types: ["ec"], curve: "sect571r1" },
};

/** The hint if a runtime does not support what OpenSSL does. */
const RUNTIME_HINT =
  'run on a runtime with OpenSSL, such as Node, sign with a plain RSA key ("RSA-PSS"), or pass a "getVerifier"';

/**
 * Creates a verifier with the certificate that a signature names.
 *
 * @throws {Unverifiable} if the properties or the certificate are unusable, or the runtime does not support
 * such signatures.
 */
export async function certificateVerifier(
  properties: SignatureProperties,
  getCertificate: (uuid: string) => Promise<Uint8Array>,
): Promise<SignatureVerifier> {
  const { certificateUuid, keyType } = properties;
  const signature = decodedSignature(properties.signature);
  const hash = entryOf(HASH_METHODS, "img_signature_hash_method", properties.hashMethod);
  const keyClass = entryOf(KEY_TYPES, "img_signature_key_type", keyType);
  const crypto = runtimeCrypto();
  const certificate = await certificateFrom(getCertificate, certificateUuid);
  const key = publicKeyOf(crypto, certificateUuid, certificate);
  if (!matchesKeyType(key, keyClass)) {
    throw new Unverifiable(
      `the certificate "${certificateUuid}" has a key of type "${
        key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType
      }", which does not match the key type "${keyType}"; correct "img_signature_key_type" or the certificate`,
    );
  }
  return verifierOf(crypto, key, keyType, hash, signature);
}

async function certificateFrom(
  getCertificate: (uuid: string) => Promise<Uint8Array>,
  uuid: string,
): Promise<Uint8Array> {
  try {
    return await getCertificate(uuid);
  } catch (cause) {
    throw new Unverifiable(
      `"getCertificate" failed for the certificate "${uuid}"; its error is the cause`,
      { cause },
    );
  }
}

function verifierOf(
  crypto: NodeVerification,
  key: PublicKey,
  keyType: string,
  [hash, digestLength]: readonly [name: string, bytes: number],
  signature: Uint8Array,
): SignatureVerifier {
  const verify = crypto.createVerify(hash);
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const pss = keyType === "RSA-PSS" && {
    padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
    saltLength: maxSaltLength(modulusLength ?? 0, digestLength),
  };
  return {
    update: (bytes) => void verify.update(bytes),
    verify() {
      if (isVerified(verify, { key, ...pss }, signature)) return true;
      if (namedCurve === undefined || canVerify(crypto, hash, namedCurve)) return false;
      throw new Unverifiable(
        `this runtime cannot verify signatures of "${keyType}" with "${hash}"; ${RUNTIME_HINT}`,
      );
    },
  };
}

/** Some runtimes throw if the signature is malformed. */
function isVerified(verify: VerifySignature, key: VerifyKey, signature: Uint8Array): boolean {
  try {
    return verify.verify(key, signature);
  } catch {
    return false;
  }
}

/**
 * Whether the runtime accepts a valid signature. Deno rejects every P-521 signature of a digest shorter than
 * 33 bytes, which must not be reported as an invalid signature.
 */
function canVerify(crypto: NodeVerification, hash: string, namedCurve: string): boolean {
  const message = new Uint8Array(1);
  try {
    const { publicKey, privateKey } = crypto.generateKeyPairSync("ec", { namedCurve });
    const sign = crypto.createSign(hash);
    sign.update(message);
    const verify = crypto.createVerify(hash);
    verify.update(message);
    return verify.verify({ key: publicKey }, sign.sign(privateKey));
  } catch {
    return false;
  }
}

/**
 * The maximum salt length of a PSS signature (RFC 8017, section 9.1.1), which cursive requires. The constant
 * of `node:crypto` for it means "any length" in a verification.
 */
function maxSaltLength(modulusLength: number, digestLength: number): number {
  return Math.max(0, Math.ceil((modulusLength - 1) / 8) - digestLength - 2);
}

/** Stricter than cursive, which checks the type of the key only: the curve must match, too. */
function matchesKeyType(key: PublicKey, { types, curve }: KeyClass): boolean {
  if (!types.includes(key.asymmetricKeyType ?? "")) return false;
  return curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve;
}

function decodedSignature(text: string): Uint8Array {
  let signature = "";
  try {
    signature = atob(text);
  } catch {
    // Not base64: reported below, like an empty signature.
  }
  if (signature !== "") return Uint8Array.from(signature, (char) => char.charCodeAt(0));
  throw new Unverifiable('"img_signature" is not valid base64; sign the image again');
}

function entryOf<Row>(rows: Readonly<Record<string, Row>>, name: string, value: string): Row {
  const row = Object.hasOwn(rows, value) ? rows[value] : undefined;
  if (row !== undefined) return row;
  throw new Unverifiable(
    `"${name}" is "${value}" and must be one of "${Object.keys(rows).join('", "')}"`,
  );
}

function publicKeyOf(crypto: NodeVerification, uuid: string, der: Uint8Array): PublicKey {
  let certificate;
  try {
    certificate = new crypto.X509Certificate(der);
  } catch (cause) {
    throw new Unverifiable(
      `the certificate "${uuid}" is not an X.509 certificate; store it as DER`,
      { cause },
    );
  }
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw new Unverifiable(
      `this runtime cannot use the key of the certificate "${uuid}": "${
        messageOf(cause)
      }"; ${RUNTIME_HINT}`,
      { cause },
    );
  }
}

function runtimeCrypto(): NodeVerification {
  const crypto = builtinModule<NodeVerification>("node:crypto");
  if (typeof crypto?.X509Certificate === "function") return crypto;
  throw new Unverifiable(
    `this runtime has no "node:crypto" with X.509 certificates; ${RUNTIME_HINT}`,
  );
}
