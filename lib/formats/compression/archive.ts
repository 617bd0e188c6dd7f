/** Detects archives, which contain disk images, and documents, which were sent instead of one. Pure. */

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

/** Beginnings of documents, which servers send with status 200 instead of a file, whatever the media type is. */
const DOCUMENTS: readonly (readonly [start: RegExp, name: string])[] = [
  [/^(\xef\xbb\xbf)?\s*(<!doctype\s+html|<html)/i, "web page (HTML)"],
  [/^(\xef\xbb\xbf)?\s*<\?xml\s/i, "document in XML"],
];

/** Number of bytes that {@linkcode detectArchive} needs. */
export const ARCHIVE_BYTES = 262;

/** The name of an archive, an unsupported compression, or a document; null for other data. */
export function detectArchive(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.subarray(0, ARCHIVE_BYTES));
  const archive = ARCHIVES.find(([magic, offset]) => text.startsWith(magic, offset));
  const document = DOCUMENTS.find(([start]) => start.test(text));
  return archive?.[2] ?? document?.[1] ?? null;
}

/** Whether {@linkcode detectArchive} has found a document. */
export function isDocument(archive: string): boolean {
  return DOCUMENTS.some(([, name]) => name === archive);
}

/** The reason why the disk format of an archive or a document cannot be detected, and a hint. */
export function archiveFault(archive: string): string {
  const hint = isDocument(archive) ? "check its source" : "extract the image first";
  return `it is a ${archive} and not a disk image; ${hint}, or declare the disk format`;
}
