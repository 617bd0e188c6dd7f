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

/** A QCOW2 of 64 KiB; `fields` override its header. */
export function qcow2(fields: readonly (readonly [number, Field])[] = []): Uint8Array {
  return imageOf(65_536, [
    [0, "QFI\xfb"],
    [4, be(3, 4)],
    [24, be(GIBIBYTE, 8)],
    ...fields,
  ]);
}

export const GIBIBYTE = 2 ** 30;
