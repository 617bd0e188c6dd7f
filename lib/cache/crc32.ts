/** CRC-32, as in zlib and PNG: detects corruption of stored data. Most runtimes compute it natively. */

/** Computes the CRC-32 of some bytes. */
export type Crc32 = (data: Uint8Array) => number;

interface ZlibHost {
  readonly process?: {
    readonly getBuiltinModule?: (name: "node:zlib") => { readonly crc32?: Crc32 } | undefined;
  };
}

/** The native CRC-32 of the runtime (Deno, Node from 20.15, Bun), or else {@linkcode crc32}, which is slower. */
export function createCrc32(): Crc32 {
  const { process } = globalThis as ZlibHost;
  return process?.getBuiltinModule?.("node:zlib")?.crc32 ?? crc32;
}

/** CRC-32 for runtimes without `node:zlib`. */
export function crc32(data: Uint8Array): number {
  const [t0, t1, t2, t3] = tables();
  let crc = ~0;
  let at = 0;
  for (const last = data.byteLength - 3; at < last; at += 4) {
    // deno-fmt-ignore
    crc ^= data[at]! | data[at + 1]! << 8 | data[at + 2]! << 16 | data[at + 3]! << 24;
    crc = t3[crc & 255]! ^ t2[crc >>> 8 & 255]! ^ t1[crc >>> 16 & 255]! ^ t0[crc >>> 24]!;
  }
  for (; at < data.byteLength; at++) crc = t0[(crc ^ data[at]!) & 255]! ^ crc >>> 8;
  return ~crc >>> 0;
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array];

let computed: Tables | null = null;

/** The effect of a byte on the checksum, when 0 to 3 bytes follow it. */
function tables(): Tables {
  if (computed !== null) return computed;
  const next = (previous: Int32Array) => previous.map((crc) => first[crc & 255]! ^ crc >>> 8);
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  const [second, third] = [next(first), next(next(first))];
  return computed = [first, second, third, next(third)];
}
