/**
 * Limits and usage of a project: the limits that Glance keeps in Keystone, and `GET
 * /v2/info/usage`.
 */

import { type EmbeddedRequest, json } from "../request/request.ts";
import { Failure } from "../http/errors.ts";
import type { EmbeddedProjectLimits } from "../request/options.ts";
import type { ImageRow } from "../storage/image_records.ts";

/** Glance's name of a limit. */
type LimitName = keyof EmbeddedProjectLimits;

const IN_PROGRESS = ["saving", "uploading", "importing"];

/** Computes the usage of each limit from the images of a project. */
const USED: Readonly<Record<LimitName, (rows: readonly ImageRow[]) => number>> = {
  image_size_total: (rows) => mebibytes(sumOf(rows, storedBytes)),
  image_stage_total: (rows) => mebibytes(sumOf(rows, (row) => row.staged?.size ?? 0)),
  image_count_total: (rows) => rows.length,
  image_count_uploading: (rows) => rows.filter(({ status }) => IN_PROGRESS.includes(status)).length,
};

/** Whole mebibytes. */
export function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}

/** `GET /v2/info/usage`: empty if there are no limits. */
export function usage(call: EmbeddedRequest): Response {
  const { limits } = call.cloud;
  if (limits === null) return json({ usage: {} });
  const rows = ownRows(call);
  const entries = Object.entries(USED).map(([name, used]) => [
    name,
    { usage: used(rows), limit: limits[name as LimitName] ?? -1 },
  ]);
  return json({ usage: Object.fromEntries(entries) });
}

/**
 * Checks a limit of the client's project.
 *
 * @param delta the increase, in the unit of the limit.
 * @throws {Failure} 413 if the limit would be exceeded.
 */
export function checkLimit(call: EmbeddedRequest, name: LimitName, delta: number): void {
  const limit = call.cloud.limits?.[name] ?? -1;
  const current = USED[name](ownRows(call));
  if (limit < 0 || current + delta <= limit) return;
  throw new Failure(
    413,
    "The request returned a 413 Request Entity Too Large. This generally means that rate limiting " +
      "or a quota threshold was breached.\n\nThe response body:\nProject " +
      `${call.identity.projectId} is over a limit for [Resource ${name} is over limit of ${limit} ` +
      `due to current usage ${current} and delta ${delta}]`,
  );
}

/**
 * Checks `userStorageQuota`: whether the client's project may store the data.
 *
 * @param size in bytes; null if unknown.
 * @throws {Failure} 413 if it does not fit.
 */
export function checkByteLimits(call: EmbeddedRequest, imageId: string, size: number | null): void {
  const { userStorageQuota } = call.cloud;
  if (userStorageQuota === Infinity) return;
  const others = ownRows(call).filter(({ id }) => id !== imageId);
  const remaining = userStorageQuota - sumOf(others, storedBytes);
  if (size === null ? remaining > 0 : size <= remaining) return;
  throw new Failure(
    413,
    `Image exceeds the storage quota: The size of the data ${size ?? "None"} will exceed the ` +
      `limit. ${remaining} bytes remaining.`,
  );
}

/** The images of the client's project. */
function ownRows({ cloud, identity }: EmbeddedRequest): readonly ImageRow[] {
  return [...cloud.storage.images.rows()].filter(({ owner }) => owner === identity.projectId);
}

function storedBytes(row: ImageRow): number {
  return (row.size ?? 0) * row.locations.length;
}

function sumOf(rows: readonly ImageRow[], bytesOf: (row: ImageRow) => number): number {
  return rows.reduce((sum, row) => sum + bytesOf(row), 0);
}
