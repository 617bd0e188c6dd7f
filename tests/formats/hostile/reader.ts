/** Reads fields of an image; bytes after its end are zero. */

export interface FieldReader {
  byte(offset: number): number;
  u16le(offset: number): number;
  u32le(offset: number): number;
  u32be(offset: number): number;
  u64le(offset: number): bigint;
}

export function readerOf(image: Uint8Array): FieldReader {
  const byte = (offset: number) => image[offset] ?? 0;
  const u16le = (offset: number) => byte(offset) + byte(offset + 1) * 256;
  const u32le = (offset: number) => u16le(offset) + u16le(offset + 2) * 65_536;
  const u32be = (offset: number) =>
    [0, 1, 2, 3].reduce((value, i) => value * 256 + byte(offset + i), 0);
  const u64le = (offset: number) => BigInt(u32le(offset)) + (BigInt(u32le(offset + 4)) << 32n);
  return { byte, u16le, u32le, u32be, u64le };
}

/** Whether the image has these characters at an offset. */
export function has(image: Uint8Array, offset: number, characters: string): boolean {
  return [...characters].every((character, i) => image[offset + i] === character.charCodeAt(0));
}
