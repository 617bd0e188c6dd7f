/**
 * Incremental hashes: those of `node:crypto` if the runtime has it, else a pure implementation, which is
 * imported only then. WebCrypto cannot be used: its digest takes all bytes at once.
 */
import { builtinModule } from "../../node_builtin.ts";
import type { Hasher } from "../types.ts";

/** The functions of `node:crypto` that are used; available in Deno, Node, Bun, and workerd. */
interface NodeCrypto {
  createHash(algorithm: string): NodeHash;
}

interface NodeHash {
  update(bytes: Uint8Array): unknown;
  copy(): NodeHash;
  digest(encoding: "hex"): string;
}

/** Creates a hasher for a Python algorithm name, as in `os_hash_algo`; null if it is not supported. */
export async function createHasher(algorithm: string): Promise<Hasher | null> {
  const name = algorithm.toLowerCase();
  const opensslName = name.replaceAll("_", "-").replace(/^blake2b$/, "$&512")
    .replace(/^blake2s$/, "$&256");
  const native = nativeHash(opensslName);
  if (native !== null) return new NativeHasher(opensslName, native);
  const { createPureHasher } = await import("./pure_hash.ts");
  return createPureHasher(name);
}

/** A hasher over `node:crypto`. */
export class NativeHasher implements Hasher {
  /** The name of its algorithm in `node:crypto`. */
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
