/** The state of an import, from the properties of the image and from its task. Pure. */
import type { GlanceTask } from "../api/wire.ts";
import type { Image } from "../api/types.ts";

/** The progress of an import. */
export interface ImportProgress {
  /** The current image. */
  readonly image: Image;
  /** Ids of the target stores; null if unknown. */
  readonly stores: readonly string[] | null;
  /** Ids of the stores that the data is not written to yet. */
  readonly importing: readonly string[];
  /** Ids of the failed stores. */
  readonly failed: readonly string[];
  /** Status of Glance's task: `pending`, `processing`, `success`, or `failure`; null if not shown. */
  readonly taskStatus: string | null;
  /** Message of the task, for example `Copied 15 MiB`. */
  readonly message: string | null;
}

/** The target stores of an import, and whether one of them is enough. */
export interface ImportGoal {
  /** Ids of the target stores (default: those of Glance's task, else any). */
  readonly stores?: readonly string[] | undefined;
  /**
   * Whether the import succeeds if it has reached at least one of its stores.
   * Default: `false`.
   */
  readonly partial?: boolean | undefined;
}

/** The state of an import. */
export type ImportVerdict = "busy" | "done" | "failed";

/** The property with the id of the running import task. */
const LOCK = "os_glance_import_task";

/** Statuses of an image during an import, or before it. */
const IN_PROGRESS: readonly string[] = ["uploading", "importing", "saving"];

/** The id of the running import task; null if there is none, or the cloud does not show it. */
export function lockOf({ properties }: Image): string | null {
  const id = properties[LOCK];
  return typeof id === "string" && id !== "" ? id : null;
}

/** The task with an id, else the newest task. */
export function taskIn(tasks: readonly GlanceTask[], id: string | null): GlanceTask | null {
  const known = tasks.find((task) => task.id === id);
  if (known !== undefined) return known;
  const time = (task: GlanceTask) => String(task["created_at"] ?? "");
  return tasks.reduce<GlanceTask | null>(
    (newest, task) => newest === null || time(task) >= time(newest) ? task : newest,
    null,
  );
}

/** The progress of an import, from its image and its task. */
export function progressOf(
  image: Image,
  task: GlanceTask | null,
  goal: ImportGoal,
): ImportProgress {
  const stores = goal.stores ?? storesOf(task);
  const isTarget = (store: string) => stores === null || stores.includes(store);
  return {
    image,
    stores,
    importing: storesIn(image, "os_glance_importing_to_stores").filter(isTarget),
    failed: storesIn(image, "os_glance_failed_import").filter(isTarget),
    taskStatus: task?.status ?? null,
    message: task?.message || null,
  };
}

/**
 * The outcome of an import. A failed task ends shortly after the image shows the failure, so the result is
 * `busy` until the task has its message.
 */
export function classifyStatus(
  progress: ImportProgress,
  { partial = false }: ImportGoal,
): ImportVerdict {
  const { image, stores, importing, failed, taskStatus } = progress;
  if (lockOf(image) !== null || taskStatus === "pending" || taskStatus === "processing") {
    return "busy";
  }
  if (taskStatus === "failure") return "failed";
  // Glance does not reset the status of an image after the import into its last store has failed.
  const isGivenUp = importing.length === 0 && failed.length > 0 && image.status === "importing";
  if (importing.length > 0 || (IN_PROGRESS.includes(image.status) && !isGivenUp)) return "busy";
  if (image.status !== "active") return "failed";
  const isReached = partial &&
    (stores ?? image.stores).some((store) => image.stores.includes(store));
  return failed.length === 0 || isReached ? "done" : "failed";
}

/** Comma-separated store ids. */
function storesIn({ properties }: Image, key: string): string[] {
  return String(properties[key] ?? "").split(",").filter((store) => store !== "");
}

function storesOf(task: GlanceTask | null): readonly string[] | null {
  const input = task?.["input"];
  const stores = typeof input === "object" && input !== null && "backend" in input
    ? input["backend"]
    : null;
  const isList = Array.isArray(stores) && stores.every((store) => typeof store === "string");
  return isList ? stores : null;
}
