/**
 * Text as bytes: percent-encoding and UTF-8, read without guessing.
 *
 * @module
 */

/** Text of bytes that are UTF-8, a byte order mark included; null for other bytes. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Bytes of a percent-encoded text. A `%` that no two hexadecimal digits follow is itself. */
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

/** Text with one character for each byte. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

const PERCENT = 0x25;

/** The byte that two digits spell. */
function hexadecimal(bytes: Uint8Array, at: number): number | null {
  const digits = latin1(bytes.subarray(at, at + 2));
  return /^[0-9a-f]{2}$/i.test(digits) ? parseInt(digits, 16) : null;
}
