/** The record of an interrupted download, and the decision whether it can be resumed. Pure. */
import { parseJson } from "../../http/json.ts";
import { type ContentDescriptor, isSameData } from "../../transfer/integrity/descriptor.ts";
import { crc32Text } from "./checksums.ts";

/** The record of a partial file, stored as JSON next to it. */
export interface PartRecord {
  /** The data of which the file has the first bytes. */
  readonly identity: ContentDescriptor;
  /** Bytes that are synced to disk; the file may have more. */
  readonly bytes: number;
  /** CRC-32 of these bytes, unsigned: detects changes on disk. */
  readonly crc32: number;
}

/** How to handle a partial file. */
export type ResumeDecision =
  /** Download everything. `reason` is the reason why existing bytes are discarded; null if there are none. */
  | { readonly kind: "restart"; readonly reason: string | null }
  /** Continue after `bytes` bytes if the first ones still match the record. */
  | { readonly kind: "resume"; readonly bytes: number; readonly record: PartRecord }
  /** Do not touch it: it is not known to belong to this image. `owner` is the id of its image, if known. */
  | { readonly kind: "foreign"; readonly owner: string | null };

/**
 * Decides how to handle a partial file of `size` bytes.
 *
 * @param isVerified whether the hash of the whole image will be checked: bytes after the synced ones may be
 * lost in a power failure, which only the hash detects
 */
export function resumeDecision(
  record: PartRecord | null,
  size: number,
  { identity, isVerified }: { readonly identity: ContentDescriptor; readonly isVerified: boolean },
): ResumeDecision {
  if (size === 0) return { kind: "restart", reason: null };
  if (record === null) return { kind: "foreign", owner: null };
  const { identity: owner, bytes } = record;
  if (owner.imageId !== identity.imageId) return { kind: "foreign", owner: owner.imageId };
  if (!isSameData(owner, identity)) {
    return { kind: "restart", reason: "the data of the image has changed" };
  }
  if (size < bytes || size > (identity.size ?? 0)) {
    return { kind: "restart", reason: "its size does not match its record" };
  }
  const usable = isVerified ? size : bytes;
  return usable === 0
    ? { kind: "restart", reason: null }
    : { kind: "resume", bytes: usable, record };
}

export function formatPartRecord({ identity, bytes, crc32 }: PartRecord): string {
  const { imageId, size, hashAlgorithm, hashValue, checksum } = identity;
  return JSON.stringify({
    image_id: imageId,
    size,
    os_hash_algo: hashAlgorithm,
    os_hash_value: hashValue,
    checksum,
    bytes,
    crc32: crc32Text(crc32),
  });
}

/** Parses a record; null if the text is not one. */
export function parsePartRecord(text: string): PartRecord | null {
  const fields: Partial<Record<string, unknown>> = Object(parseJson(text));
  const { image_id, size, os_hash_algo, os_hash_value, checksum, bytes, crc32 } = fields;
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

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
