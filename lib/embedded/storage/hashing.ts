/**
 * Digests of image data in one pass: MD5 for `checksum` and the configured algorithm for
 * `os_hash_value`. `node:crypto` is loaded at run time, so that this package can be imported by
 * runtimes that do not have it.
 */

/** The methods of `node:crypto`'s `Hash` that are used. */
interface NodeHashState {
  update(data: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

interface NodeCryptoModule {
  createHash(algorithm: string): NodeHashState;
}

interface NodeProcess {
  getBuiltinModule?(id: string): unknown;
}

/**
 * A built-in module of Node, Deno, Bun, or workerd with `nodejs_compat`.
 *
 * @throws {Error} if the runtime does not have it.
 */
export function builtinModule(id: string): unknown {
  // Only the function that these runtimes share is typed.
  const { process } = globalThis as { process?: NodeProcess };
  const found = process?.getBuiltinModule?.(id);
  if (found === undefined) {
    throw new Error(`Cannot run the embedded Glance: this runtime has no "${id}"`);
  }
  return found;
}

/** The digests of the data, in lowercase hexadecimal. */
export interface Digests {
  readonly checksum: string;
  readonly hashValue: string;
}

/** Hashes chunks; `digests` finishes the computation. */
export class ImageHasher {
  readonly #checksum: NodeHashState;
  readonly #hash: NodeHashState;

  /** @param algorithm a name for `os_hash_algo`, for example `sha512`. */
  constructor(algorithm: string) {
    // The type follows Node's documentation.
    const crypto = builtinModule("node:crypto") as NodeCryptoModule;
    this.#checksum = crypto.createHash("md5");
    this.#hash = crypto.createHash(algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#checksum.update(chunk);
    this.#hash.update(chunk);
  }

  digests(): Digests {
    return { checksum: this.#checksum.digest("hex"), hashValue: this.#hash.digest("hex") };
  }
}
