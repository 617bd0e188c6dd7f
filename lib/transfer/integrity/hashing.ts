/**
 * Incremental hashes: the runtime's own where it has them, else a small pure one that is loaded only
 * then. WebCrypto cannot do it: its digest wants all bytes at once.
 *
 * @module
 */
import { builtinModule } from "../../node_builtin.ts";
import { ownValue } from "../../validate.ts";
import type { Hasher } from "../types.ts";

/** The part of `node:crypto` that is used, which Deno, Node, Bun and workerd have. */
interface NodeCrypto {
  createHash(algorithm: string): NodeHash;
}

interface NodeHash {
  update(bytes: Uint8Array): unknown;
  copy(): NodeHash;
  digest(encoding: "hex"): string;
}

/** Python's names of algorithms that OpenSSL calls otherwise. */
const OPENSSL_NAMES: Readonly<Record<string, string>> = {
  blake2b: "blake2b512",
  blake2s: "blake2s256",
  sha512_224: "sha512-224",
  sha512_256: "sha512-256",
};

/** A hasher for one of Python's algorithm names, as `os_hash_algo` has them; null where there is none here. */
export async function createHasher(algorithm: string): Promise<Hasher | null> {
  const name = algorithm.toLowerCase();
  const opensslName = ownValue(OPENSSL_NAMES, name) ?? name.replaceAll("_", "-");
  const native = nativeHash(opensslName);
  if (native !== null) return new NativeHasher(opensslName, native);
  const { createPureHasher } = await import("./pure_hash.ts");
  return createPureHasher(name);
}

/** A hasher of the runtime's own. */
export class NativeHasher implements Hasher {
  /** What `node:crypto` calls its algorithm. */
  readonly name: string;
  readonly #hash: NodeHash;

  constructor(name: string, hash: NodeHash) {
    this.name = name;
    this.#hash = hash;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

function nativeHash(name: string): NodeHash | null {
  try {
    return builtinModule<NodeCrypto>("node:crypto")?.createHash(name) ?? null;
  } catch {
    return null;
  }
}
