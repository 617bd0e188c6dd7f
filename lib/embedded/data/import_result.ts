/**
 * What an import makes of an image: data in the stores that took it, the names of those that did not
 * in `os_glance_failed_import`, and a task.
 *
 * @module
 */

import type { EmbeddedRequest } from "../request/request.ts";
import type { ImportOrder } from "./import_request.ts";
import {
  type ImageRow,
  type LocationRow,
  withMeasures,
  withStatus,
  type WrittenData,
} from "../store/image_records.ts";
import { endedTask, newTask } from "../store/task_records.ts";

const MEBIBYTE = 1024 ** 2;

/** What became of the stores that an import names. */
export interface ImportResult {
  readonly storeIds: readonly string[];
  /** Where the data is now. */
  readonly written: readonly LocationRow[];
  /** Stores that took no data. */
  readonly failed: readonly string[];
  /** Stores that the import did not reach. */
  readonly untouched: readonly string[];
  /** True if data was written and removed again. */
  readonly undone: boolean;
}

/**
 * The image after its import.
 *
 * @param data what was staged; null if the image had its data before.
 */
export function endOfImport(
  call: EmbeddedRequest,
  row: ImageRow,
  order: ImportOrder,
  result: ImportResult,
  data: WrittenData | null,
): ImageRow {
  const { written, failed, untouched } = result;
  const isFailed = order.mustAllSucceed && failed.length > 0 ||
    data !== null && written.length === 0;
  const image = data === null
    ? { ...row, locations: [...row.locations, ...written] }
    : written.length > 0
    ? { ...withMeasures(withStatus(row, "active"), data), locations: written }
    : withoutData(row, order, result, data);
  const copied = written.length === 0
    ? ""
    : `Copied ${Math.floor((image.size ?? 0) / MEBIBYTE)} MiB`;
  return withTraces(call, image, order, result, {
    importing: untouched,
    failed,
    message: isFailed ? null : copied,
  });
}

/** An image that no store took: queued again, or `importing` forever, as Glance leaves it. */
function withoutData(
  row: ImageRow,
  order: ImportOrder,
  { failed, undone }: ImportResult,
  data: WrittenData,
): ImageRow {
  const isStuck = order.mustAllSucceed && failed.length > 0 && order.method === "glance-direct";
  if (!isStuck) return { ...withStatus(row, "queued"), staged: null };
  const sizes = undone
    ? { size: null, virtual_size: data.virtualSize }
    : { size: data.size, virtual_size: null };
  return { ...row, ...sizes, staged: null };
}

/** How an import ended, for the two properties and the task that tell of it. */
export interface Traces {
  readonly importing: readonly string[];
  readonly failed: readonly string[];
  /** Null for a failure. */
  readonly message: string | null;
}

/** The image with what Glance notes about an import. */
export function withTraces(
  call: EmbeddedRequest,
  row: ImageRow,
  order: ImportOrder,
  { storeIds }: Pick<ImportResult, "storeIds">,
  { importing, failed, message }: Traces,
): ImageRow {
  const input = { image_id: row.id, import_req: order.body, backend: storeIds };
  const task = endedTask(
    call,
    newTask(call, "api_image_import", input),
    message === null
      ? { status: "failure", result: null, message: "Task failed due to Internal Error" }
      : { status: "success", result: { image_id: row.id }, message },
  );
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
