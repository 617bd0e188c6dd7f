/**
 * How far an import has come, read from what Glance shows of it: properties of the image and its task.
 * Pure.
 *
 * @module
 */
import type { GlanceTask } from "../api/operations.ts";
import type { Image } from "../api/types.ts";

/** An import as it is seen at one moment. */
export interface ImportProgress {
  /** The image as Glance shows it now. */
  readonly image: Image;
  /** Stores that it is about; null where nobody tells. */
  readonly stores: readonly string[] | null;
  /** Stores to which data is still to be written. */
  readonly importing: readonly string[];
  /** Stores for which it failed. */
  readonly failed: readonly string[];
  /** Status of Glance's task (`pending`, `processing`, `success`, `failure`); null where the cloud shows none. */
  readonly taskStatus: string | null;
  /** What the task says, for example `Copied 15 MiB`. */
  readonly message: string | null;
}

/** Which stores an import is about, and whether some of them are enough. */
export interface ImportGoal {
  /** Ids of stores; without them, those that Glance's task names, else any. */
  readonly stores?: readonly string[];
  /**
   * Whether an import that has reached one of its stores is done.
   * @default {false}
   */
  readonly partial?: boolean;
}

/** What has become of an import. */
export type ImportVerdict = "busy" | "done" | "failed";

/** Under this name an image carries the id of the task that imports it, for as long as it does. */
const LOCK = "os_glance_import_task";

/** Statuses of an image whose import is under way, or has not begun. */
const UNDER_WAY: readonly string[] = ["uploading", "importing", "saving"];

/** The id of the task that imports an image; null where none does, or the cloud does not tell. */
export function lockOf({ properties }: Image): string | null {
  const id = properties[LOCK];
  return typeof id === "string" && id !== "" ? id : null;
}

/** The task with an id, else the newest one. */
export function taskIn(tasks: readonly GlanceTask[], id: string | null): GlanceTask | null {
  const known = tasks.find((task) => task.id === id);
  if (known !== undefined) return known;
  const time = (task: GlanceTask) => String(task["created_at"] ?? "");
  return tasks.reduce<GlanceTask | null>(
    (newest, task) => newest === null || time(task) >= time(newest) ? task : newest,
    null,
  );
}

/** The import of an image, as far as its task and its stores are concerned. */
export function progressOf(
  image: Image,
  task: GlanceTask | null,
  goal: ImportGoal,
): ImportProgress {
  const stores = goal.stores ?? storesOf(task);
  const isMeant = (store: string) => stores === null || stores.includes(store);
  return {
    image,
    stores,
    importing: storesIn(image, "os_glance_importing_to_stores").filter(isMeant),
    failed: storesIn(image, "os_glance_failed_import").filter(isMeant),
    taskStatus: task?.status ?? null,
    message: task?.message || null,
  };
}

/**
 * What has become of an import. The task is over a little later than the image shows, where it failed: its
 * message is worth the wait.
 */
export function verdictOf(
  progress: ImportProgress,
  { partial = false }: ImportGoal,
): ImportVerdict {
  const { image, stores, importing, failed, taskStatus } = progress;
  if (lockOf(image) !== null || taskStatus === "pending" || taskStatus === "processing") {
    return "busy";
  }
  if (taskStatus === "failure") return "failed";
  // Glance forgets to take back the status of an image of which it has given up the last store.
  const isGivenUp = importing.length === 0 && failed.length > 0 && image.status === "importing";
  if (importing.length > 0 || (UNDER_WAY.includes(image.status) && !isGivenUp)) return "busy";
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
