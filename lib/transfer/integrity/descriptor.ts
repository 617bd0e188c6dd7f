/**
 * Are these the bytes of the image: what an image record promises, and the count and hash that hold a
 * transfer against it.
 *
 * @module
 */
import { ImageIntegrityError, Invalid } from "../../errors.ts";
import type { GlanceImage } from "../../api/types.ts";
import { createTransferHasher } from "./hash_worker.ts";
import { createHasher } from "./hashing.ts";
import type { Hasher, TransferHasher, Verify } from "../types.ts";

/** What identifies the data of an image, pinned before its first byte. */
export interface ContentDescriptor {
  readonly imageId: string;
  /** Bytes; null where Glance does not know. */
  readonly size: number | null;
  readonly hashAlgorithm: string | null;
  readonly hashValue: string | null;
  /** MD5, hexadecimal. */
  readonly checksum: string | null;
}

/** The identity that an image record states. */
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

/** Whether two identities speak of the same data: nothing that both know differs. */
export function isSameData(a: ContentDescriptor, b: ContentDescriptor): boolean {
  const agree = <T>(x: T | null, y: T | null) => x === null || y === null || x === y;
  return agree(a.size, b.size) && agree(a.checksum, b.checksum) &&
    (a.hashAlgorithm !== b.hashAlgorithm || agree(a.hashValue, b.hashValue));
}

/** Makes a hasher for an algorithm and an image of so many bytes; null where there is none here. */
export type HasherFor = (algorithm: string, size: number | null) => Promise<TransferHasher | null>;

/** The hash of a whole image, computed as its bytes go by. */
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
   * The verifier that an identity and a mode ask for; null where there is nothing to hash. Whoever
   * gives it bytes closes it.
   *
   * @throws {Invalid} with `required`, where the image has no hash that can be computed here.
   */
  static async create(
    identity: ContentDescriptor,
    verify: Verify,
    hasherFor: HasherFor = createTransferHasher,
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
      `Cannot verify image "${imageId}": it has no hash that can be computed here; use verify "auto" to check its size only`,
      { imageId },
    );
  }

  /** The next bytes; a promise where they must stay as they are until it is kept. */
  update(bytes: Uint8Array): Promise<void> | void {
    return this.#hasher.update(bytes);
  }

  /** The digest of the bytes so far, and a hasher that can tell whether others are the same. */
  async prefix(): Promise<{ readonly hasher: Hasher; readonly digest: string } | null> {
    const hasher = await createHasher(this.#algorithm);
    return hasher === null ? null : { hasher, digest: await this.#hasher.digest() };
  }

  /** Ends it, with whatever computes the hash. */
  async close(): Promise<void> {
    await this.#hasher.close?.();
  }

  /** Ends it with an abort, too, behind which nobody may come back to close it. */
  endWith(signal: AbortSignal): void {
    signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** @throws {ImageIntegrityError} where the bytes so far are not the image. */
  async check(): Promise<void> {
    const actual = await this.#hasher.digest();
    if (actual === this.#expected) return;
    throw new ImageIntegrityError(
      `Cannot accept image "${this.#imageId}": its ${this.#algorithm} is ${actual} instead of ${this.#expected}; the data was changed on its way or in its store`,
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
