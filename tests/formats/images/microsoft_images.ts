/** Images of VHD (VHD specification 1.0) and VHDX (MS-VHDX). */
import { bigEndian, guid, imageOf, KIB, latin1, littleEndian, MIB, SECTOR } from "./layout.ts";

/** A dynamic VHD: a copy of the footer is at the start. */
export function vhdImage(virtualSize: number | bigint = 10 * MIB): Uint8Array<ArrayBuffer> {
  const footer = vhdFooter(virtualSize, 3);
  return imageOf(4 * KIB, [[0, footer], [SECTOR, latin1("cxsparse")], [4 * KIB - SECTOR, footer]]);
}

/** A fixed VHD: raw data, and a footer at the end only. */
export function fixedVhdImage(virtualSize = 1 * MIB): Uint8Array<ArrayBuffer> {
  return imageOf(virtualSize + SECTOR, [[virtualSize, vhdFooter(virtualSize, 2)]]);
}

function vhdFooter(virtualSize: number | bigint, diskType: number): Uint8Array {
  return imageOf(SECTOR, [
    [0, latin1("conectix")],
    [8, bigEndian(4, 2)], // features
    [12, bigEndian(4, 0x10000)], // file format version
    [40, bigEndian(8, virtualSize)],
    [48, bigEndian(8, virtualSize)],
    [60, bigEndian(4, diskType)],
  ]);
}

export const VHDX = {
  regionTable: 192 * KIB,
  metadataRegion: "8B7CA206-4790-4B9A-B8FE-575F050F886E",
  blockAllocationTable: "2DC27766-F623-4200-9D64-115E9BFD4A08",
  virtualDiskSize: "2FA54224-CD1B-4876-B211-5DBED83BF4B8",
  fileParameters: "CAA16737-FA36-4D43-B3B6-33F0AA44E76B",
} as const;

export interface VhdxFields {
  /** Bytes; default: 10 MiB. */
  readonly virtualSize?: number | bigint;
  /** Where the metadata region starts; default: 320 KiB. */
  readonly metadataOffset?: number;
  /** Where the size is, from the start of the metadata region; default: 64 KiB. */
  readonly itemOffset?: number;
  /** Announced length of the size; default: 8. */
  readonly itemLength?: number;
  /** Announced entries of the region table; default: the two that it has. */
  readonly regionCount?: number;
  /** Announced entries of the metadata table; default: the two that it has. */
  readonly itemCount?: number;
}

export function vhdxImage(fields: VhdxFields = {}): Uint8Array<ArrayBuffer> {
  const { virtualSize = 10 * MIB, metadataOffset = 320 * KIB, itemOffset = 64 * KIB } = fields;
  const table = VHDX.regionTable;
  return imageOf(metadataOffset + itemOffset + 64 * KIB, [
    [0, latin1("vhdxfile")],
    [64 * KIB, latin1("head")],
    [128 * KIB, latin1("head")],
    [table, latin1("regi")],
    [table + 8, littleEndian(4, fields.regionCount ?? 2)],
    [table + 16, guid(VHDX.blockAllocationTable)],
    [table + 32, littleEndian(8, 3 * MIB)],
    [table + 48, guid(VHDX.metadataRegion)],
    [table + 64, littleEndian(8, metadataOffset)],
    [table + 72, littleEndian(4, MIB)],
    [metadataOffset, latin1("metadata")],
    [metadataOffset + 10, littleEndian(2, fields.itemCount ?? 2)],
    [metadataOffset + 32, guid(VHDX.fileParameters)],
    [metadataOffset + 48, littleEndian(4, itemOffset + 8)],
    [metadataOffset + 52, littleEndian(4, 8)],
    [metadataOffset + 64, guid(VHDX.virtualDiskSize)],
    [metadataOffset + 80, littleEndian(4, itemOffset)],
    [metadataOffset + 84, littleEndian(4, fields.itemLength ?? 8)],
    [metadataOffset + itemOffset, littleEndian(8, virtualSize)],
  ]);
}
