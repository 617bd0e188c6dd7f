/**
 * Signatures by the runtime's `node:crypto`, found at run time: which methods and key types there are,
 * whether a certificate fits, and whether this runtime can do it at all. The rules are those of
 * OpenStack's cursive, which signs and verifies for Glance, Nova and Cinder.
 *
 * @module
 */
import { builtinModule } from "../../node_builtin.ts";

/** What the properties of a signed image say. */
export interface SignatureProperties {
  /** `img_signature`: the signature of the data, in base64. */
  readonly signature: string;
  /** `img_signature_hash_method`: `SHA-224`, `SHA-256`, `SHA-384` or `SHA-512`. */
  readonly hashMethod: string;
  /** `img_signature_certificate_uuid`: where the key manager has the certificate. */
  readonly certificateUuid: string;
  /** `img_signature_key_type`: `RSA-PSS`, `DSA`, `ECC_SECP384R1`, `ECC_SECP521R1` or another curve. */
  readonly keyType: string;
}

/** Holds data against one signature. */
export interface SignatureVerifier {
  /** The next bytes of the data. */
  update(bytes: Uint8Array): void;
  /** Whether the signature is that of all bytes so far. */
  verify(): boolean | Promise<boolean>;
}

/** Why a signature cannot be verified, and the way out: the end of a message that names the image. */
export class Unverifiable extends Error {
  override name = "Unverifiable";
}

/** The part of `node:crypto` that is used, which Deno, Node, Bun and workerd have. */
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

/** `img_signature_hash_method` -> its name in `node:crypto`, and the bytes of a digest. */
const HASH_METHODS: Readonly<Record<string, readonly [name: string, bytes: number]>> = {
  "SHA-224": ["sha224", 28],
  "SHA-256": ["sha256", 32],
  "SHA-384": ["sha384", 48],
  "SHA-512": ["sha512", 64],
};

/** What the key of a certificate must be. */
interface KeyClass {
  readonly types: readonly string[];
  readonly curve?: string;
}

/** `img_signature_key_type` -> the keys that fit. Smaller curves have no name, as in cursive. */
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

/** The way out where a runtime cannot do what OpenSSL can. */
const ELSEWHERE =
  'run on a runtime with OpenSSL, such as Node, sign with a plain RSA key ("RSA-PSS"), or give "getVerifier" one that can';

/**
 * A verifier by the certificate that a signature names.
 *
 * @throws {Unverifiable} where the properties or the certificate are unusable, or this runtime cannot
 * verify such signatures.
 */
export async function certificateVerifier(
  properties: SignatureProperties,
  getCertificate: (uuid: string) => Promise<Uint8Array>,
): Promise<SignatureVerifier> {
  const { certificateUuid, keyType } = properties;
  const signature = decodedSignature(properties.signature);
  const hash = rowOf(HASH_METHODS, "img_signature_hash_method", properties.hashMethod);
  const keyClass = rowOf(KEY_TYPES, "img_signature_key_type", keyType);
  const crypto = cryptoOfRuntime();
  const certificate = await certificateFrom(getCertificate, certificateUuid);
  const key = publicKeyOf(crypto, certificateUuid, certificate);
  if (!fits(key, keyClass)) {
    throw new Unverifiable(
      `the certificate "${certificateUuid}" has a key of type "${
        key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType
      }", which does not fit the key type "${keyType}"; correct "img_signature_key_type" or the certificate`,
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
      `"getCertificate" gave no certificate "${uuid}"; its error is the cause`,
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
        `this runtime cannot verify signatures of "${keyType}" with "${hash}"; ${ELSEWHERE}`,
      );
    },
  };
}

/** A signature that cannot even be read throws on some runtimes. */
function isVerified(verify: VerifySignature, key: VerifyKey, signature: Uint8Array): boolean {
  try {
    return verify.verify(key, signature);
  } catch {
    return false;
  }
}

/**
 * Whether the runtime knows a good signature when it sees one: Deno calls every signature of P-521 with
 * a digest below 33 bytes wrong, which must not be taken for a forgery.
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
 * The longest salt that a PSS signature has room for (RFC 8017, section 9.1.1), which cursive demands.
 * `node:crypto`'s own constant for it means "any length" when it verifies.
 */
function maxSaltLength(modulusLength: number, digestLength: number): number {
  return Math.max(0, Math.ceil((modulusLength - 1) / 8) - digestLength - 2);
}

/** cursive asks for the class of the key only; a curve below the promised strength is refused here, too. */
function fits(key: PublicKey, { types, curve }: KeyClass): boolean {
  if (!types.includes(key.asymmetricKeyType ?? "")) return false;
  return curve === undefined || key.asymmetricKeyDetails?.namedCurve === curve;
}

function decodedSignature(text: string): Uint8Array {
  let signature = "";
  try {
    signature = atob(text);
  } catch {
    // Said below: a text that is no base64 holds no signature.
  }
  if (signature !== "") return Uint8Array.from(signature, (char) => char.charCodeAt(0));
  throw new Unverifiable('"img_signature" is no base64; sign the image anew');
}

function rowOf<Row>(rows: Readonly<Record<string, Row>>, name: string, value: string): Row {
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
      `the certificate "${uuid}" is no X.509 certificate; store it as DER`,
      { cause },
    );
  }
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw new Unverifiable(
      `this runtime cannot use the key of the certificate "${uuid}", it says "${
        messageOf(cause)
      }"; ${ELSEWHERE}`,
      { cause },
    );
  }
}

function cryptoOfRuntime(): NodeVerification {
  const crypto = builtinModule<NodeVerification>("node:crypto");
  if (typeof crypto?.X509Certificate === "function") return crypto;
  throw new Unverifiable(
    `this runtime has no "node:crypto" that reads certificates; ${ELSEWHERE}`,
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
