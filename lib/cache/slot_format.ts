/**
 * The stored form of a slot: a header with a checksum of each block, then the data. A reader verifies each block
 * before it returns it, and reads only the blocks that it needs.
 *
 * | bytes | what                                              |
 * | ----- | ------------------------------------------------- |
 * | 8     | `GESLOT1\n`                                       |
 * | 4, 4  | size of a block and of the data, big-endian       |
 * | 4 n   | CRC-32 of each block, big-endian                  |
 * | 32    | SHA-256 of all of the above and the slot's key    |
 *
 * The checksums detect corruption in the store. The hash of the image is verified after all of its slots are stored; a
 * hash next to the data would not stop an attacker who can write there, and SHA-256 would take most of the time of a
 * read.
 */
import { createCrc32 } from "./crc32.ts";

/** Bytes of a block; the last one of a slot may be shorter. */
export const BLOCK_SIZE = 256 * 1024;

const MAGIC = /* @__PURE__ */ new TextEncoder().encode("GESLOT1\n");
const DIGEST_SIZE = 32;
const CHECKSUM_SIZE = 4;
const FIXED_SIZE = 16;

const crc32 = /* @__PURE__ */ createCrc32();

/** Computes SHA-256. */
export type Digest = (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** SHA-256 by WebCrypto, which most runtimes run on another thread. */
export async function nativeDigest(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** Bytes of the header of a slot with `length` bytes of data. */
export function headerSize(length: number): number {
  return FIXED_SIZE + blockCount(length) * CHECKSUM_SIZE + DIGEST_SIZE;
}

/** Size in the store of a slot with `length` bytes of data. */
export function storedSize(length: number): number {
  return headerSize(length) + length;
}

/** Creates the header of a slot from the blocks of its data. */
export async function headerFor(
  digest: Digest,
  key: string,
  blocks: readonly Uint8Array<ArrayBuffer>[],
): Promise<Uint8Array> {
  const length = blocks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const header = new Uint8Array(headerSize(length));
  header.set(MAGIC);
  const numbers = new DataView(header.buffer);
  numbers.setUint32(8, BLOCK_SIZE);
  numbers.setUint32(12, length);
  for (const [index, block] of blocks.entries()) {
    numbers.setUint32(FIXED_SIZE + index * CHECKSUM_SIZE, crc32(block));
  }
  const head = header.subarray(0, -DIGEST_SIZE);
  header.set(await sealOf(digest, head, key), head.byteLength);
  return header;
}

/** Reads the checksums of the blocks from a header; null if it is not the header of this slot. */
export async function parseHeader(
  digest: Digest,
  key: string,
  header: Uint8Array<ArrayBuffer>,
  length: number,
): Promise<readonly number[] | null> {
  if (header.byteLength !== headerSize(length)) return null;
  const head = header.subarray(0, -DIGEST_SIZE);
  if (!isEqual(header.subarray(-DIGEST_SIZE), await sealOf(digest, head, key))) return null;
  const numbers = new DataView(head.buffer, head.byteOffset);
  const isKnown = isEqual(head.subarray(0, MAGIC.byteLength), MAGIC) &&
    numbers.getUint32(8) === BLOCK_SIZE && numbers.getUint32(12) === length;
  if (!isKnown) return null;
  return Array.from(
    { length: blockCount(length) },
    (_, block) => numbers.getUint32(FIXED_SIZE + block * CHECKSUM_SIZE),
  );
}

/** Whether the data of a block matches its checksum. */
export function matchesChecksum(data: Uint8Array, checksum: number | undefined): boolean {
  return crc32(data) === checksum;
}

function blockCount(length: number): number {
  return Math.ceil(length / BLOCK_SIZE);
}

function sealOf(digest: Digest, head: Uint8Array, key: string): Promise<Uint8Array> {
  const name = new TextEncoder().encode(key);
  const sealed = new Uint8Array(head.byteLength + name.byteLength);
  sealed.set(head);
  sealed.set(name, head.byteLength);
  return digest(sealed);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
