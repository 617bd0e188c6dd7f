/** Images of a given length with values at given offsets; all other bytes are zero. */

/** Bytes and where they start. */
export type Field = readonly [offset: number, value: Uint8Array];

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const SECTOR = 512;

/** An image with the fields; later fields overwrite earlier ones. */
export function imageOf(length: number, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(length);
  for (const [offset, value] of fields) image.set(value, offset);
  return image;
}

/** A copy of an image with some bytes replaced; it grows if a field is beyond its end. */
export function patched(image: Uint8Array, ...fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const end = Math.max(image.length, ...fields.map(([offset, value]) => offset + value.length));
  return imageOf(end, [[0, image], ...fields]);
}

/** One byte for each character. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** An unsigned integer, most significant byte first. */
export function bigEndian(size: number, value: number | bigint): Uint8Array {
  return littleEndian(size, value).reverse();
}

/** An unsigned integer, least significant byte first. */
export function littleEndian(size: number, value: number | bigint): Uint8Array {
  return Uint8Array.from(
    { length: size },
    (_, i) => Number(BigInt(value) >> BigInt(8 * i) & 0xffn),
  );
}

/** A GUID as Microsoft stores it: the first three groups are little-endian. */
export function guid(text: string): Uint8Array {
  const bytes = (group: string) =>
    Uint8Array.from(group.match(/../g) ?? [], (b) => parseInt(b, 16));
  const [first = "", second = "", third = "", ...rest] = text.split("-");
  return Uint8Array.from([
    ...bytes(first).reverse(),
    ...bytes(second).reverse(),
    ...bytes(third).reverse(),
    ...bytes(rest.join("")),
  ]);
}
