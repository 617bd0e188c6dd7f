/**
 * The effect of an import on its image: locations, the failed stores in `os_glance_failed_import`,
 * and a task.
 */

import type { ImportJob } from "./import_request.ts";
import {
  type ImageRow,
  type LocationRow,
  withMeasures,
  withStatus,
  type WrittenData,
} from "../storage/image_records.ts";
import { mebibytes } from "../images/usage.ts";
import { failedTask, newTask, succeededTask } from "../storage/task_records.ts";

/** The outcome of an import, by store. */
export interface ImportResult {
  /** Locations of the written data. */
  readonly written: readonly LocationRow[];
  /** Ids of the stores that failed. */
  readonly failed: readonly string[];
  /** Ids of the stores that the import did not reach. */
  readonly untouched: readonly string[];
  /** True if written data was removed again. */
  readonly undone: boolean;
}

/**
 * The image after its import.
 *
 * @param data the staged data; null if the image already had data.
 */
export function endOfImport(
  job: ImportJob,
  row: ImageRow,
  result: ImportResult,
  data: WrittenData | null,
): ImageRow {
  const { written, failed, untouched } = result;
  const isFailed = job.mustAllSucceed && failed.length > 0 ||
    data !== null && written.length === 0;
  const image = data === null
    ? { ...row, locations: [...row.locations, ...written] }
    : written.length > 0
    ? { ...withMeasures(withStatus(row, "active"), data), locations: written }
    : withoutData(job, row, result, data);
  const copied = written.length === 0 ? "" : `Copied ${mebibytes(image.size ?? 0)} MiB`;
  return withTraces(job, image, {
    importing: untouched,
    failed,
    message: isFailed ? null : copied,
  });
}

/** The image after all stores failed: `queued`, or `importing` forever, as in Glance. */
function withoutData(
  { mustAllSucceed, method }: ImportJob,
  row: ImageRow,
  { failed, undone }: ImportResult,
  data: WrittenData,
): ImageRow {
  const isStuck = mustAllSucceed && failed.length > 0 && method === "glance-direct";
  if (!isStuck) return { ...withStatus(row, "queued"), staged: null };
  const sizes = undone
    ? { size: null, virtual_size: data.virtualSize }
    : { size: data.size, virtual_size: null };
  return { ...row, ...sizes, staged: null };
}

/** The outcome of an import, as recorded in two properties and a task. */
export interface Traces {
  readonly importing: readonly string[];
  readonly failed: readonly string[];
  /** Null if the import failed. */
  readonly message: string | null;
}

/** Records the outcome of an import in the image. */
export function withTraces(
  { call, body, storeIds }: ImportJob,
  row: ImageRow,
  { importing, failed, message }: Traces,
): ImageRow {
  const input = { image_id: row.id, import_req: body, backend: storeIds };
  const started = newTask(call, "api_image_import", input);
  const task = message === null
    ? failedTask(call, started)
    : succeededTask(call, started, row.id, message);
  return {
    ...row,
    properties: {
      ...row.properties,
      os_glance_importing_to_stores: importing.join(","),
      os_glance_failed_import: failed.join(","),
    },
    tasks: [...row.tasks, task],
    updated_at: task.updated_at,
  };
}
