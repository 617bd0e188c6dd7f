/** Images of VDI, ISO 9660, partition tables, FAT, and LUKS. */
import {
  bigEndian,
  type Field,
  imageOf,
  KIB,
  latin1,
  littleEndian,
  MIB,
  SECTOR,
} from "./layout.ts";

/** Source: VDI of VirtualBox, version 1.1. */
export function vdiImage(virtualSize: number | bigint = 10 * MIB): Uint8Array<ArrayBuffer> {
  return imageOf(8 * KIB, [
    [0, latin1("<<< QEMU VM Virtual Disk Image >>>\n")],
    [0x40, littleEndian(4, 0xbeda107f)],
    [0x44, littleEndian(4, 0x10001)],
    [0x48, littleEndian(4, 0x180)],
    [0x170, littleEndian(8, virtualSize)],
  ]);
}

export interface IsoFields {
  /** `CD001` (ISO 9660), `NSR02`, or `NSR03` (UDF); default: `CD001`. */
  readonly identifier?: string;
  /** 1 is the primary volume descriptor, the default. */
  readonly descriptorType?: number;
  readonly blocks?: number;
  readonly blockSize?: number;
  /** The first 32 KiB, which ISO 9660 leaves to others. */
  readonly systemArea?: Uint8Array;
}

/** Source: ECMA-119, 8.4. */
export function isoImage(fields: IsoFields = {}): Uint8Array<ArrayBuffer> {
  const { blocks = 180, blockSize = 2 * KIB } = fields;
  const descriptor = 32 * KIB;
  return imageOf(descriptor + 8 * KIB, [
    [0, (fields.systemArea ?? new Uint8Array()).subarray(0, descriptor)],
    [descriptor, Uint8Array.of(fields.descriptorType ?? 1)],
    [descriptor + 1, latin1(fields.identifier ?? "CD001")],
    [descriptor + 6, Uint8Array.of(1)],
    [descriptor + 80, littleEndian(4, blocks)],
    [descriptor + 84, bigEndian(4, blocks)],
    [descriptor + 128, littleEndian(2, blockSize)],
    [descriptor + 130, bigEndian(2, blockSize)],
    [descriptor + 2 * KIB, latin1("\xffCD001\x01")],
  ]);
}

/** An entry of the partition table. */
export interface Partition {
  /** Entry 0 to 3; default: 0. */
  readonly slot?: number;
  /** 0x80 is bootable; default: 0. */
  readonly bootFlag?: number;
  /** Default: 0xEE, which protects a GPT. */
  readonly type?: number;
  /** First cylinder, head, and sector as stored; default: those of an entry that protects a GPT. */
  readonly start?: readonly [number, number, number];
  /** First block; default: 1. */
  readonly firstBlock?: number;
  readonly blocks?: number;
}

/** A disk with a partition table. Source: UEFI 2.10, 5.2. */
export function partitionedImage(
  partitions: readonly Partition[] = [{}],
  length = 64 * KIB,
): Uint8Array<ArrayBuffer> {
  return imageOf(length, [
    [510, Uint8Array.of(0x55, 0xaa)],
    ...partitions.flatMap(partitionFields),
  ]);
}

function partitionFields(partition: Partition): Field[] {
  const entry = 446 + 16 * (partition.slot ?? 0);
  return [
    [entry, Uint8Array.of(partition.bootFlag ?? 0)],
    [entry + 1, Uint8Array.from(partition.start ?? [0, 2, 0])],
    [entry + 4, Uint8Array.of(partition.type ?? 0xee)],
    [entry + 8, littleEndian(4, partition.firstBlock ?? 1)],
    [entry + 12, littleEndian(4, partition.blocks ?? 127)],
  ];
}

/** A FAT file system without a partition table: its boot sector ends as that of a partitioned disk. */
export function fatImage(): Uint8Array<ArrayBuffer> {
  return imageOf(64 * KIB, [
    [0, Uint8Array.of(0xeb, 0x3c, 0x90)],
    [3, latin1("mkfs.fat")],
    [0x0b, littleEndian(2, SECTOR)],
    [0x10, Uint8Array.of(2)], // tables
    [0x15, Uint8Array.of(0xf8)], // a fixed disk
    [510, Uint8Array.of(0x55, 0xaa)],
  ]);
}

/** A key slot of LUKS. */
export interface KeySlot {
  readonly active?: boolean;
  readonly iterations?: number;
  readonly keySector?: number;
  readonly stripes?: number;
}

export interface LuksFields {
  /** Default: 1. */
  readonly version?: number;
  /** First sector of the encrypted data; default: 8. */
  readonly payloadSector?: number;
  readonly cipher?: string;
  readonly mode?: string;
  readonly hash?: string;
  readonly keyBytes?: number;
  readonly iterations?: number;
  readonly slots?: readonly KeySlot[];
  /** Bytes of the image; default: 64 KiB. */
  readonly length?: number;
}

/** Source: LUKS1 On-Disk Format Specification 1.2.3. */
export function luksImage(fields: LuksFields = {}): Uint8Array<ArrayBuffer> {
  const slots = Array.from({ length: 8 }, (_, i) => fields.slots?.[i] ?? { active: i === 0 });
  return imageOf(fields.length ?? 64 * KIB, [
    [0, latin1("LUKS\xba\xbe")],
    [6, bigEndian(2, fields.version ?? 1)],
    [8, latin1(fields.cipher ?? "aes")],
    [40, latin1(fields.mode ?? "xts-plain64")],
    [72, latin1(fields.hash ?? "sha256")],
    [104, bigEndian(4, fields.payloadSector ?? 8)],
    [108, bigEndian(4, fields.keyBytes ?? 32)],
    [164, bigEndian(4, fields.iterations ?? 100_000)],
    ...slots.flatMap(keySlotFields),
  ]);
}

function keySlotFields(slot: KeySlot, i: number): Field[] {
  const start = 208 + 48 * i;
  return [
    [start, bigEndian(4, slot.active ? 0x00ac71f3 : 0x0000dead)],
    [start + 4, bigEndian(4, slot.iterations ?? 1000)],
    [start + 40, bigEndian(4, slot.keySector ?? 8)],
    [start + 44, bigEndian(4, slot.stripes ?? 4000)],
  ];
}
