/** Fields of binary headers. They throw a `RangeError` if the bytes end before the field. */

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An unsigned 16-bit integer, least significant byte first. */
export function u16le(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint16(offset, true);
}

/** An unsigned 16-bit integer, most significant byte first. */
export function u16be(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint16(offset);
}

/** An unsigned 32-bit integer, least significant byte first. */
export function u32le(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset, true);
}

/** An unsigned 32-bit integer, most significant byte first. */
export function u32be(bytes: Uint8Array, offset: number): number {
  return viewOf(bytes).getUint32(offset);
}

/** An unsigned 64-bit integer, least significant byte first. */
export function u64le(bytes: Uint8Array, offset: number): bigint {
  return viewOf(bytes).getBigUint64(offset, true);
}

/** An unsigned 64-bit integer, most significant byte first. */
export function u64be(bytes: Uint8Array, offset: number): bigint {
  return viewOf(bytes).getBigUint64(offset);
}

/** Whether the bytes at an offset are these characters of Latin-1. */
export function hasMagic(bytes: Uint8Array, magic: string, offset = 0): boolean {
  for (let index = 0; index < magic.length; index++) {
    if (bytes[offset + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether all bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
