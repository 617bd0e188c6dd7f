/**
 * The identity of image data, as the image record states it, and the verification of a transfer against it.
 */
import { ImageIntegrityError, Invalid } from "../../errors.ts";
import type { GlanceImage } from "../../api/types.ts";
import { createHasher } from "./hashing.ts";
import type { Hasher, TransferHasher, Verify } from "../types.ts";
import { VERIFY_AUTO } from "../../message_parts.ts";

/** Identifies the data of an image; pinned before the first byte of a download. */
export interface ContentDescriptor {
  readonly imageId: string;
  /** Size in bytes; null if Glance does not state it. */
  readonly size: number | null;
  readonly hashAlgorithm: string | null;
  readonly hashValue: string | null;
  /** MD5, hexadecimal. */
  readonly checksum: string | null;
}

/** The descriptor of the data of an image record. */
export function descriptorOf(image: GlanceImage): ContentDescriptor {
  const { os_hash_algo = null, os_hash_value = null } = image;
  return {
    imageId: image.id,
    size: image.size ?? null,
    hashAlgorithm: os_hash_value === null ? null : os_hash_algo,
    hashValue: os_hash_algo === null ? null : lower(os_hash_value),
    checksum: lower(image.checksum ?? null),
  };
}

/** Whether two descriptors may describe the same data: every value that both state is equal. */
export function isSameData(a: ContentDescriptor, b: ContentDescriptor): boolean {
  const agree = <T>(x: T | null, y: T | null) => x === null || y === null || x === y;
  return agree(a.size, b.size) && agree(a.checksum, b.checksum) &&
    (a.hashAlgorithm !== b.hashAlgorithm || agree(a.hashValue, b.hashValue));
}

/** Creates a hasher for an algorithm and an image size; null if the runtime does not support it. */
export type HasherFor = (algorithm: string, size: number | null) => Promise<TransferHasher | null>;

/** Hashes a whole image while it is transferred, and verifies the digest. */
export class Verifier {
  readonly #hasher: TransferHasher;
  readonly #imageId: string;
  readonly #algorithm: string;
  readonly #expected: string;

  private constructor(
    hasher: TransferHasher,
    imageId: string,
    algorithm: string,
    expected: string,
  ) {
    this.#hasher = hasher;
    this.#imageId = imageId;
    this.#algorithm = algorithm;
    this.#expected = expected;
  }

  /**
   * Creates the verifier for a descriptor and a mode; null if there is nothing to hash. The caller must
   * close it.
   *
   * @throws {Invalid} if `verify` is `required` and the image has no hash that the runtime supports.
   */
  static async create(
    identity: ContentDescriptor,
    verify: Verify,
    hasherFor: HasherFor = createHasher,
  ): Promise<Verifier | null> {
    if (verify === "off") return null;
    const { imageId, size, hashAlgorithm, hashValue, checksum } = identity;
    for (const [algorithm, value] of [[hashAlgorithm, hashValue], ["md5", checksum]] as const) {
      if (algorithm === null || value === null) continue;
      const hasher = await hasherFor(algorithm, size);
      if (hasher !== null) return new Verifier(hasher, imageId, algorithm, value);
    }
    if (verify === "auto") return null;
    throw new Invalid(
      `Cannot verify image "${imageId}": it has no hash that this runtime can compute; use verify "auto" to check its size only`,
      { imageId, messageParts: [VERIFY_AUTO] },
    );
  }

  /** Adds bytes. If a promise is returned, the bytes must not change until it resolves. */
  update(bytes: Uint8Array): Promise<void> | void {
    return this.#hasher.update(bytes);
  }

  /** The digest of the bytes so far, and a new hasher to compare other bytes with it. */
  async prefix(): Promise<{ readonly hasher: Hasher; readonly digest: string } | null> {
    const hasher = await createHasher(this.#algorithm);
    return hasher === null ? null : { hasher, digest: await this.#hasher.digest() };
  }

  /** Releases the hasher and its thread. */
  async close(): Promise<void> {
    await this.#hasher.close?.();
  }

  /** Closes the hasher on abort, since an aborted download may never be read again. */
  endWith(signal: AbortSignal): void {
    signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** @throws {ImageIntegrityError} if the digest of the bytes so far is not that of the image. */
  async check(): Promise<void> {
    const actual = await this.#hasher.digest();
    if (actual === this.#expected) return;
    throw new ImageIntegrityError(
      `Cannot accept image "${this.#imageId}": its ${this.#algorithm} is ${actual} instead of ${this.#expected}; the data was changed in transit or in its store`,
      {
        imageId: this.#imageId,
        expected: `${this.#algorithm} ${this.#expected}`,
        actual: `${this.#algorithm} ${actual}`,
      },
    );
  }
}

function lower(hex: string | null): string | null {
  return hex === null || hex === "" ? null : hex.toLowerCase();
}
