/** Hashes the bytes of a source, to detect whether a file that is read again has the same first bytes. */
import { builtinModule } from "../../node_builtin.ts";
import { createHasher } from "../../transfer/integrity/hashing.ts";
import type { Hasher } from "../../transfer/types.ts";

/** The function of `node:zlib` that is used. Node has it since 20.15. */
interface NodeChecksums {
  crc32?(bytes: Uint8Array, previous: number): number;
}

/**
 * Creates a hasher for a source without a checksum: CRC-32, which is very cheap, or SHA-256 if the runtime has
 * no native CRC-32. It detects a file that was replaced. Only a checksum detects a server that sends wrong data.
 */
export async function createPrefixHasher(): Promise<Hasher> {
  const crc32 = builtinModule<NodeChecksums>("node:zlib")?.crc32;
  if (crc32 === undefined) return (await createHasher("sha256"))!;
  let value = 0;
  return {
    update: (bytes) => void (value = crc32(bytes, value)),
    digest: () => value.toString(16),
  };
}
