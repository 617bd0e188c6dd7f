/** Detects archives, which contain disk images. Pure. */

/** Magic numbers of archives, their offsets, and names. */
const ARCHIVES: readonly (readonly [magic: string, offset: number, name: string])[] = [
  ["PK\x03\x04", 0, "zip archive"],
  ["7z\xbc\xaf\x27\x1c", 0, "7z archive"],
  ["Rar!\x1a\x07", 0, "rar archive"],
  ["ustar", 257, "tar archive"],
  ["\x04\x22\x4d\x18", 0, "file compressed with lz4"],
  ["LZIP\x01", 0, "file compressed with lzip"],
  ["\x89LZO\0\r\n\x1a\n", 0, "file compressed with lzop"],
  // It has no magic number: these are the default properties, and the low bytes of the size of the dictionary.
  ["\x5d\0\0", 0, "file compressed with lzma"],
];

/** Number of bytes that {@linkcode detectArchive} needs. */
export const ARCHIVE_BYTES = 262;

/** The name of an archive, or of an unsupported compression; null for other data. */
export function detectArchive(head: Uint8Array): string | null {
  const found = ARCHIVES.find(([magic, offset]) => {
    return String.fromCharCode(...head.subarray(offset, offset + magic.length)) === magic;
  });
  return found?.[2] ?? null;
}

/** The reason why the disk format of an archive cannot be detected, and a hint. */
export function archiveFault(archive: string): string {
  return `it is a ${archive} and not a disk image; extract the image first, or declare the disk format`;
}
