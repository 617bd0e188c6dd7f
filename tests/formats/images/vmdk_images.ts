/** Images of VMDK. Source: Virtual Disk Format 5.0, VMware. */
import { imageOf, KIB, latin1, littleEndian, MIB, SECTOR } from "./layout.ts";

/** The offset of the grain directory that refers to a footer at the end. */
export const GRAIN_DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn;

export interface VmdkHeaderFields {
  readonly signature?: string;
  /** Default: 1. */
  readonly version?: number;
  /** Bytes; default: 10 MiB. */
  readonly virtualSize?: number;
  /** Default: 1. */
  readonly descriptorSector?: number | bigint;
  /** Default: 20. */
  readonly descriptorSectors?: number | bigint;
  /** Sector; default: 26. */
  readonly grainDirectory?: number | bigint;
}

export interface VmdkFields extends VmdkHeaderFields {
  /** Default: `monolithicSparse`. */
  readonly createType?: string;
  /** Replaces the whole descriptor. */
  readonly descriptor?: string | Uint8Array;
  /** Appended as the last three sectors. */
  readonly footer?: Uint8Array;
  /** Bytes without the footer; default: 16 KiB. */
  readonly length?: number;
}

/** A sparse VMDK, with its descriptor in the second sector. */
export function vmdkImage(fields: VmdkFields = {}): Uint8Array<ArrayBuffer> {
  const { createType, length = 16 * KIB, footer = new Uint8Array() } = fields;
  const descriptor = fields.descriptor ?? vmdkDescriptor({ createType });
  return imageOf(length + footer.length, [
    [0, vmdkHeader(fields)],
    [SECTOR, typeof descriptor === "string" ? latin1(descriptor) : descriptor],
    [length, footer],
  ]);
}

/** The 512 bytes of a sparse header. */
export function vmdkHeader(fields: VmdkHeaderFields = {}): Uint8Array {
  return imageOf(SECTOR, [
    [0, latin1(fields.signature ?? "KDMV")],
    [4, littleEndian(4, fields.version ?? 1)],
    [8, littleEndian(4, 3)], // flags
    [12, littleEndian(8, (fields.virtualSize ?? 10 * MIB) / SECTOR)],
    [20, littleEndian(8, 128)], // grain size
    [28, littleEndian(8, fields.descriptorSector ?? 1)],
    [36, littleEndian(8, fields.descriptorSectors ?? 20)],
    [44, littleEndian(4, 512)], // entries of a grain table
    [48, littleEndian(8, 21)], // redundant grain directory
    [56, littleEndian(8, fields.grainDirectory ?? 26)],
    [73, latin1("\n \r\n")],
  ]);
}

export interface VmdkDescriptorFields {
  readonly createType?: string | undefined;
  readonly extents?: readonly string[];
  /** Further lines. */
  readonly lines?: readonly string[];
}

export function vmdkDescriptor(fields: VmdkDescriptorFields = {}): string {
  const { createType = "monolithicSparse", extents = ['RW 20480 SPARSE "disk.vmdk"'] } = fields;
  return [
    "# Disk DescriptorFile",
    "version=1",
    "CID=7ad2a5b4",
    "parentCID=ffffffff",
    `createType="${createType}"`,
    "",
    "# Extent description",
    ...extents,
    "",
    "# The Disk Data Base",
    'ddb.virtualHWVersion = "4"',
    'ddb.adapterType = "ide"',
    ...fields.lines ?? [],
    "",
  ].join("\n");
}

export interface VmdkFooterFields extends VmdkHeaderFields {
  readonly markerType?: number;
  readonly markerSize?: number;
  readonly markerPadding?: number;
  readonly endValue?: number;
  readonly endType?: number;
  readonly endSize?: number;
  readonly endPadding?: number;
}

/** The last three sectors of a stream: the marker of the footer, the footer, the end of the stream. */
export function vmdkFooter(fields: VmdkFooterFields = {}): Uint8Array {
  const end = 2 * SECTOR;
  return imageOf(3 * SECTOR, [
    [8, littleEndian(4, fields.markerSize ?? 0)],
    [12, littleEndian(4, fields.markerType ?? 3)],
    [16, new Uint8Array(SECTOR - 16).fill(fields.markerPadding ?? 0)],
    [SECTOR, vmdkHeader(fields)],
    [end, littleEndian(8, fields.endValue ?? 0)],
    [end + 8, littleEndian(4, fields.endSize ?? 0)],
    [end + 12, littleEndian(4, fields.endType ?? 0)],
    [end + 16, new Uint8Array(SECTOR - 16).fill(fields.endPadding ?? 0)],
  ]);
}

/** A streamOptimized VMDK whose grain directory is found with the footer. */
export function vmdkStream(
  footer: VmdkFooterFields = {},
  fields: VmdkFields = {},
): Uint8Array<ArrayBuffer> {
  return vmdkImage({
    createType: "streamOptimized",
    grainDirectory: GRAIN_DIRECTORY_AT_END,
    ...fields,
    footer: vmdkFooter(footer),
  });
}
