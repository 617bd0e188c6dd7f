/** Divides the data of an image into slots, and builds and parses the keys of slots in a store. Pure. */

/** The immutable data of an image: if the data is replaced, the hash differs. */
export interface ImageContent {
  readonly imageId: string;
  /** `os_hash_value`, or the MD5 `checksum` of an image without one. */
  readonly hash: string;
  /** Algorithm of `hash`, as in `os_hash_algo`. */
  readonly algorithm: string;
  /** Size in bytes. */
  readonly size: number;
}

/** A slot: bytes `start` to `end`, exclusive, of an image. */
export interface Slot {
  readonly image: ImageContent;
  readonly key: string;
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** The parts of a key. */
export interface SlotName {
  readonly imageId: string;
  /** The prefix of all keys of the same data. */
  readonly prefix: string;
  readonly slotSize: number;
  readonly index: number;
}

/** Hexadecimal digits of the hash in a key: 128 bits, because some file systems limit names to 143 bytes. */
const HASH_DIGITS = 32;

const KEY = /^((?:[0-9a-f]{8})-(?:[0-9a-f-]{27}))\/([0-9a-f]{32})\/(\d{1,12})\/(\d{1,12})$/;

/** The prefix of the keys of an image's data. */
export function prefixOf({ imageId, hash }: ImageContent): string {
  return `${imageId}/${hash.slice(0, HASH_DIGITS)}`;
}

/** The slot that contains the byte at `offset` of an image. */
export function slotAt(image: ImageContent, slotSize: number, offset: number): Slot {
  return slotOf(image, slotSize, Math.floor(offset / slotSize));
}

/** The slot with an index. */
export function slotOf(image: ImageContent, slotSize: number, index: number): Slot {
  const start = index * slotSize;
  const end = Math.min(start + slotSize, image.size);
  return { image, key: `${prefixOf(image)}/${slotSize}/${index}`, index, start, end };
}

/** The key that is claimed to read a whole image. */
export function wholeKeyOf(image: ImageContent, slotSize: number): string {
  return `${prefixOf(image)}/${slotSize}/whole`;
}

/** Number of slots of an image. */
export function slotCount({ size }: ImageContent, slotSize: number): number {
  return Math.ceil(size / slotSize);
}

/** Parses a key; null for other names, such as those of other programs in the same bucket. */
export function parseKey(key: string): SlotName | null {
  const [, imageId, digits, slotSize, index] = KEY.exec(key) ?? [];
  if (imageId === undefined) return null;
  return {
    imageId,
    prefix: `${imageId}/${digits}`,
    slotSize: Number(slotSize),
    index: Number(index),
  };
}
