/**
 * The digests of an image: MD5 for `checksum` and the algorithm of `os_hash_value`, both while the
 * bytes pass. `node:crypto` is found at run time, so that nothing is imported where it is absent.
 *
 * @module
 */

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

/** A built-in module of Node, Deno, Bun or workerd with `nodejs_compat`. */
export function builtinModule(id: string): unknown {
  // Only the one function that the runtimes share is asked for.
  const { process } = globalThis as { process?: NodeProcess };
  const found = process?.getBuiltinModule?.(id);
  if (found === undefined) {
    throw new Error(`Cannot run the embedded Glance: this runtime has no "${id}"`);
  }
  return found;
}

/** The two digests of one pass over the data, in lower-case hexadecimal. */
export interface Digests {
  readonly checksum: string;
  readonly hashValue: string;
}

/** Takes in chunks; `digests` ends it. */
export class ImageHasher {
  readonly #checksum: NodeHashState;
  readonly #hash: NodeHashState;

  /** `algorithm` as `os_hash_algo` names it, for example `sha512`. */
  constructor(algorithm: string) {
    // The module's shape is Node's documented one.
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
