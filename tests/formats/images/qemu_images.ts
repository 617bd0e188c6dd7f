/**
 * Images of QEMU's formats. Sources: docs/interop/qcow2.txt and docs/interop/qed_spec.txt of QEMU.
 */
import { bigEndian, type Field, imageOf, KIB, latin1, littleEndian, MIB } from "./layout.ts";

export interface Qcow2Fields {
  /** Default: 3. */
  readonly version?: number;
  /** Bytes; default: 10 MiB. */
  readonly virtualSize?: number | bigint;
  /** Offset of the name of the backing file; default: 0, no backing file. */
  readonly backingOffset?: number | bigint;
  /** The 64 incompatible feature bits; default: none. */
  readonly features?: bigint;
  /** Bytes of the image; default: 16 KiB. */
  readonly length?: number;
}

/** The incompatible feature bits of version 3. */
export const QCOW2_FEATURES = {
  dirty: 1n << 0n,
  corrupt: 1n << 1n,
  dataFile: 1n << 2n,
  compressionType: 1n << 3n,
  extendedL2: 1n << 4n,
} as const;

export function qcow2Image(fields: Qcow2Fields = {}): Uint8Array<ArrayBuffer> {
  const { version = 3, virtualSize = 10 * MIB, backingOffset = 0, features = 0n } = fields;
  return imageOf(fields.length ?? 16 * KIB, [
    [0, latin1("QFI\xfb")],
    [4, bigEndian(4, version)],
    [8, bigEndian(8, backingOffset)],
    [20, bigEndian(4, 16)], // cluster_bits
    [24, bigEndian(8, virtualSize)],
    [72, bigEndian(8, features)],
    [96, bigEndian(4, 4)], // refcount_order
    [100, bigEndian(4, 104)], // header_length
  ]);
}

/** QED is little-endian. */
export function qedImage(virtualSize = 10 * MIB): Uint8Array<ArrayBuffer> {
  const fields: Field[] = [
    [0, latin1("QED\0")],
    [4, littleEndian(4, 64 * KIB)],
    [48, littleEndian(8, virtualSize)],
  ];
  return imageOf(16 * KIB, fields);
}
