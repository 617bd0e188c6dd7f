/** Builds the headers of images. */

/** Bytes to write: text is Latin-1. */
export type Field = string | readonly number[] | Uint8Array;

/** An image of `length` zero bytes with fields at offsets. */
export function imageOf(length: number, fields: readonly (readonly [number, Field])[]): Uint8Array {
  const image = new Uint8Array(length);
  for (const [offset, field] of fields) image.set(bytesOf(field), offset);
  return image;
}

function bytesOf(field: Field): Uint8Array | readonly number[] {
  return typeof field === "string" ? Uint8Array.from(field, (char) => char.charCodeAt(0)) : field;
}

/** Big-endian bytes of a number. */
export function be(value: number | bigint, length: number): number[] {
  return le(value, length).reverse();
}

/** Little-endian bytes of a number. */
export function le(value: number | bigint, length: number): number[] {
  return Array.from({ length }, (_, index) => Number(BigInt(value) >> BigInt(8 * index) & 0xffn));
}

export const MEBIBYTE = 2 ** 20;
export const GIBIBYTE = 2 ** 30;

/** Overrides of fields, as offset and bytes. */
export type Fields = readonly (readonly [number, Field])[];

/** A QCOW2 of version 3. */
export function qcow2(fields: Fields = []): Uint8Array {
  return imageOf(65_536, [[0, "QFI\xfb"], [4, be(3, 4)], [24, be(GIBIBYTE, 8)], ...fields]);
}

export function qed(fields: Fields = []): Uint8Array {
  return imageOf(65_536, [[0, "QED\0"], ...fields]);
}

/** A dynamic VHD, which has a copy of its footer at the start. */
export function vhd(fields: Fields = []): Uint8Array {
  return imageOf(65_536, [[0, "conectix"], [40, be(GIBIBYTE, 8)], ...fields]);
}

export function vdi(fields: Fields = []): Uint8Array {
  return imageOf(65_536, [[0x40, le(0xbeda107f, 4)], [0x170, le(GIBIBYTE, 8)], ...fields]);
}

/** LUKS of version 1, whose data begin at 4 KiB. */
export function luks(fields: Fields = []): Uint8Array {
  return imageOf(65_536, [[0, "LUKS\xba\xbe"], [6, be(1, 2)], [104, be(8, 4)], ...fields]);
}

export const ISO_DESCRIPTOR = 32_768;

/** An ISO of 100 blocks of 2,048 bytes. */
export function iso(fields: Fields = []): Uint8Array {
  return imageOf(204_800, [
    [ISO_DESCRIPTOR, "\x01CD001\x01"],
    [ISO_DESCRIPTOR + 80, le(100, 4)],
    [ISO_DESCRIPTOR + 128, le(2048, 2)],
    ...fields,
  ]);
}

/** Offset of an entry of the partition table. */
export function mbrEntry(index: number): number {
  return 446 + 16 * index;
}

/** An entry that protects a GPT. */
export const PROTECTIVE_ENTRY = [0, 0, 2, 0, 0xee, 255, 255, 255, 1, 0, 0, 0, 255, 255, 255, 255];

/** A disk with a GPT. */
export function gpt(fields: Fields = []): Uint8Array {
  return imageOf(65_536, [[510, "\x55\xaa"], [mbrEntry(0), PROTECTIVE_ENTRY], ...fields]);
}

export const VHDX_REGIONS = 192 * 1024;
export const VHDX_METADATA = MEBIBYTE;
const METADATA_REGION = "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e";
const DISK_SIZE_ITEM = "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8";

/** A VHDX whose region table and metadata have another entry before the one that counts. */
export function vhdx(fields: Fields = []): Uint8Array {
  return imageOf(VHDX_METADATA + 2 ** 17, [
    [0, "vhdxfile"],
    [VHDX_REGIONS, "regi"],
    [VHDX_REGIONS + 8, le(2, 4)],
    [VHDX_REGIONS + 48, METADATA_REGION],
    [VHDX_REGIONS + 64, le(VHDX_METADATA, 8)],
    [VHDX_METADATA, "metadata"],
    [VHDX_METADATA + 10, le(2, 2)],
    [VHDX_METADATA + 64, DISK_SIZE_ITEM],
    [VHDX_METADATA + 80, le(65_544, 4)],
    [VHDX_METADATA + 84, le(8, 4)],
    [VHDX_METADATA + 65_544, le(GIBIBYTE, 8)],
    ...fields,
  ]);
}

/** The descriptor of a VMDK, as QEMU writes it. */
export function vmdkDescriptor(type: string, ...lines: readonly string[]): string {
  return [
    "# Disk DescriptorFile",
    "version=1",
    "CID=9ab06b32",
    "parentCID=ffffffff",
    `createType="${type}"`,
    "",
    "# Extent description",
    'RW 2097152 SPARSE "disk.vmdk"',
    ...lines,
    "# The Disk Data Base",
    'ddb.virtualHWVersion = "4"',
    "",
  ].join("\n");
}

/** A sparse extent of 1 GiB with its descriptor. */
export function vmdk(
  descriptor: string = vmdkDescriptor("monolithicSparse"),
  fields: Fields = [],
): Uint8Array {
  return imageOf(65_536, [...vmdkHeader(0), [512, descriptor], ...fields]);
}

/** The header of a sparse extent at an offset. */
export function vmdkHeader(offset: number, directory: number | bigint = 21): Fields {
  return [
    [offset, "KDMV"],
    [offset + 4, le(3, 4)],
    [offset + 12, le(GIBIBYTE / 512, 8)],
    [offset + 28, le(1, 8)],
    [offset + 36, le(20, 8)],
    [offset + 56, le(directory, 8)],
  ];
}

const IN_FOOTER = 2n ** 64n - 1n;

/** Offset of the marker of a footer, in an image of 64 KiB. */
export const VMDK_FOOTER = 65_536 - 1536;

/** A VMDK whose grain directory is in a footer. */
export function vmdkWithFooter(fields: Fields = []): Uint8Array {
  return vmdk(vmdkDescriptor("streamOptimized"), [
    ...vmdkHeader(0, IN_FOOTER),
    [VMDK_FOOTER + 12, le(3, 4)],
    ...vmdkHeader(VMDK_FOOTER + 512),
    ...fields,
  ]);
}
