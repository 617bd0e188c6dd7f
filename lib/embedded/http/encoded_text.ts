/** Decoding of percent-encoding, UTF-8, and Latin-1. */

/** Decodes UTF-8 and keeps a byte order mark; null if the bytes are not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Decodes percent-encoding. A `%` without two hexadecimal digits is kept. */
export function percentDecoded(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i] === PERCENT ? hexadecimal(bytes, i + 1) : null;
    bytes[length++] = code ?? bytes[i] ?? 0;
    if (code !== null) i += 2;
  }
  return bytes.subarray(0, length);
}

/** Decodes Latin-1: one character per byte. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

const PERCENT = 0x25;

/** The byte of the two hexadecimal digits at an index; null if there are none. */
function hexadecimal(bytes: Uint8Array, at: number): number | null {
  const digits = latin1(bytes.subarray(at, at + 2));
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : null;
}
