/** The checksums of the runtime. */
import { builtinModule } from "../../node_builtin.ts";

/** Loads the checksums of the runtime. On Deno, a static import would delay the first request. */
export function loadChecksums(): typeof import("node:zlib") {
  return builtinModule<typeof import("node:zlib")>("node:zlib")!;
}

/** A CRC-32 as eight hexadecimal digits. */
export function crc32Text(crc32: number): string {
  return crc32.toString(16).padStart(8, "0");
}
