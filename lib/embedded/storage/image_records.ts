/**
 * The stored form of an image: one immutable row with Glance's field names, including tags,
 * properties, locations, members, and tasks. Also the state machine of an image.
 */

import type { ImageStatus, ImageVisibility, MemberStatus } from "../../api/types.ts";
import { badRequest, conflict } from "../http/errors.ts";

/** A location of the image data. */
export interface LocationRow {
  readonly url: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Key in the byte storage; null for a registered URL. */
  readonly key: string | null;
}

/** A project that the image is shared with. */
export interface MemberRow {
  readonly member_id: string;
  readonly status: MemberStatus;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A task, usually an import, with its input and result. */
export interface TaskRow {
  readonly id: string;
  readonly type: string;
  readonly status: "pending" | "success" | "failure";
  readonly owner: string | null;
  readonly user_id: string | null;
  readonly request_id: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly message: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Null until the task ends. */
  readonly expires_at: string | null;
}

/** The result of one upload: key, size, digests, virtual size, and whether the data is accepted. */
export interface WrittenData {
  readonly key: string;
  readonly url: string;
  readonly size: number;
  readonly virtualSize: number | null;
  readonly checksum: string;
  readonly hashAlgo: string;
  readonly hashValue: string;
  /** The reason why Glance rejects the data; null or absent if it accepts it. */
  readonly refusal?: string | null;
}

/** A stored image. Times have the format `YYYY-MM-DDTHH:MM:SSZ`. */
export interface ImageRow {
  readonly id: string;
  readonly name: string | null;
  readonly status: ImageStatus;
  readonly visibility: ImageVisibility;
  readonly disk_format: string | null;
  readonly container_format: string | null;
  readonly size: number | null;
  readonly virtual_size: number | null;
  readonly checksum: string | null;
  readonly os_hash_algo: string | null;
  readonly os_hash_value: string | null;
  readonly min_disk: number;
  readonly min_ram: number;
  readonly protected: boolean;
  readonly os_hidden: boolean;
  readonly owner: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, string | null>>;
  readonly locations: readonly LocationRow[];
  readonly members: readonly MemberRow[];
  readonly tasks: readonly TaskRow[];
  /** Data in the staging area, before an import. */
  readonly staged: WrittenData | null;
}

/** State transitions, from `glance.domain.Image.valid_state_targets`. */
const NEXT_STATES: Readonly<Record<string, readonly string[]>> = {
  queued: ["saving", "uploading", "importing", "active", "deleted"],
  saving: ["active", "killed", "deleted", "queued"],
  uploading: ["importing", "queued", "deleted"],
  importing: ["active", "deleted", "queued"],
  active: ["pending_delete", "deleted", "deactivated"],
  killed: ["deleted"],
  pending_delete: ["deleted", "active"],
  deleted: [],
  deactivated: ["active", "deleted"],
};

/**
 * The row in its next state. A transition to `queued` clears the sizes.
 *
 * @throws {Failure} 409 if the state machine does not allow the transition.
 */
export function withStatus(row: ImageRow, status: ImageStatus): ImageRow {
  if (!(NEXT_STATES[row.status] ?? []).includes(status)) {
    throw conflict(`Image status transition from ${row.status} to ${status} is not allowed`);
  }
  return status === "queued"
    ? { ...row, status, size: null, virtual_size: null }
    : { ...row, status };
}

/** The row after its data was stored. */
export function withData(
  row: ImageRow,
  data: WrittenData,
  metadata: LocationRow["metadata"],
): ImageRow {
  return {
    ...withMeasures(row, data),
    status: "active",
    locations: [...row.locations, { url: data.url, metadata, key: data.key }],
  };
}

/** The row with the sizes and digests of its data, and without staged data. */
export function withMeasures(row: ImageRow, data: WrittenData): ImageRow {
  return {
    ...row,
    size: data.size,
    virtual_size: row.virtual_size ?? data.virtualSize,
    checksum: data.checksum,
    os_hash_algo: data.hashAlgo,
    os_hash_value: data.hashValue,
    staged: null,
  };
}

/**
 * Checks that the formats are set, which is required before an upload.
 *
 * @throws {Failure} 400 if one is missing.
 */
export function checkFormats(row: ImageRow): void {
  const missing = (["disk_format", "container_format"] as const).filter((name) => !row[name]);
  if (missing.length === 0) return;
  const word = missing.length === 1 ? "Property" : "Properties";
  throw badRequest(`${word} ${missing.join(", ")} must be set prior to saving data.`);
}
