/**
 * What is known of a download that was broken off: the record that lies beside its part, and what may
 * be made of both. Pure.
 *
 * @module
 */
import { type ContentDescriptor, isSameData } from "../../transfer/integrity/descriptor.ts";

/** The record of a part, kept as JSON beside it. */
export interface PartRecord {
  /** Whose bytes the part has. */
  readonly identity: ContentDescriptor;
  /** Bytes of the part that are safe on disk; there may be more. */
  readonly bytes: number;
  /** CRC-32 of these bytes, as an unsigned number: it tells whether the disk has changed them. */
  readonly crc32: number;
}

/** What can be done with a part. */
export type ResumeVerdict =
  /** Download everything; `reason` says why the bytes that are there are given up, if there are any. */
  | { readonly kind: "anew"; readonly reason: string | null }
  /** Go on behind `bytes`, if the first ones are still those of the record. */
  | { readonly kind: "go on"; readonly bytes: number; readonly record: PartRecord }
  /** Leave it alone: it is not known to belong to this image. `owner` is the id of its own, if any. */
  | { readonly kind: "foreign"; readonly owner: string | null };

/**
 * Judges a part of `size` bytes.
 *
 * @param isProven whether the hash of the whole image will be checked: bytes beyond those that are
 * known to be safe may have been lost with the machine's power, which the hash tells
 */
export function judgePart(
  record: PartRecord | null,
  size: number,
  { identity, isProven }: { readonly identity: ContentDescriptor; readonly isProven: boolean },
): ResumeVerdict {
  if (size === 0) return { kind: "anew", reason: null };
  if (record === null) return { kind: "foreign", owner: null };
  const { identity: owner, bytes } = record;
  if (owner.imageId !== identity.imageId) return { kind: "foreign", owner: owner.imageId };
  if (!isSameData(owner, identity)) {
    return { kind: "anew", reason: "the image has other data now than it had then" };
  }
  if (size < bytes || size > (identity.size ?? 0)) {
    return { kind: "anew", reason: "it does not have the bytes that it had then" };
  }
  const usable = isProven ? size : bytes;
  return usable === 0 ? { kind: "anew", reason: null } : { kind: "go on", bytes: usable, record };
}

/** A record as text. */
export function formatPartRecord({ identity, bytes, crc32 }: PartRecord): string {
  const { imageId, size, hashAlgorithm, hashValue, checksum } = identity;
  return JSON.stringify({
    image_id: imageId,
    size,
    os_hash_algo: hashAlgorithm,
    os_hash_value: hashValue,
    checksum,
    bytes,
    crc32: crc32.toString(16).padStart(8, "0"),
  });
}

/** Reads a record; null for anything else. */
export function parsePartRecord(text: string): PartRecord | null {
  const { image_id, size, os_hash_algo, os_hash_value, checksum, bytes, crc32 } = fieldsOf(text);
  if (typeof image_id !== "string" || !isCount(size) || !isCount(bytes)) return null;
  if (typeof crc32 !== "string" || !/^[0-9a-f]{8}$/.test(crc32)) return null;
  return {
    identity: {
      imageId: image_id,
      size,
      hashAlgorithm: textOf(os_hash_algo),
      hashValue: textOf(os_hash_value),
      checksum: textOf(checksum),
    },
    bytes,
    crc32: parseInt(crc32, 16),
  };
}

function fieldsOf(text: string): Partial<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
