/**
 * Tasks, which record imports. A task belongs to an image or was created with the deprecated task
 * API, which lists both kinds for administrators.
 */

import { type EmbeddedRequest, json, param, queryOf } from "../request/request.ts";
import { isSameText } from "../lists/collation.ts";
import { badRequest, Failure, notFound } from "../http/errors.ts";
import { isAdmin } from "../request/identity.ts";
import { requireAdmin } from "../request/policy.ts";
import { visibleImage } from "../images/access.ts";
import { directionOf, pageLimit, pageLinks, pageOf } from "../lists/pages.ts";
import type { TaskRow } from "../storage/image_records.ts";

const SORT_KEYS = [
  "id",
  "type",
  "status",
  "owner",
  "image_id",
  "request_id",
  "user_id",
  "created_at",
  "updated_at",
  "expires_at",
] as const;
const STATUSES = ["pending", "processing", "success", "failure"];
const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** A task and the id of its image; null if it was created with `POST /v2/tasks`. */
export interface KnownTask extends TaskRow {
  readonly image_id: string | null;
}

/** `GET /v2/images/{image_id}/tasks`: database rows, with microseconds. */
export function listImageTasks(call: EmbeddedRequest): Response {
  const row = visibleImage(call, () => notFound());
  const { identity } = call;
  const seen = row.tasks.filter(({ owner }) => isAdmin(identity) || owner === identity.projectId);
  const tasks = seen.map((task) => ({
    ...task,
    created_at: databaseTime(task.created_at),
    updated_at: databaseTime(task.updated_at),
    expires_at: databaseTime(task.expires_at ?? ""),
    image_id: row.id,
    deleted: false,
    deleted_at: null,
  }));
  return json({ tasks });
}

/** `GET /v2/tasks`, newest first by default. */
export function listTasks(call: EmbeddedRequest): Response {
  requireAdmin(call);
  const query = queryOf(call);
  directionOf(query);
  const passesFilters = filterOf(query);
  const rows = allTasks(call);
  const limit = pageLimit(call.cloud, query);
  const page = pageOf(query, rows, SORT_KEYS, {
    limit,
    after: markerOf(query, rows),
    passesFilters,
  });
  return json({
    tasks: page.map(listedView),
    ...pageLinks("/v2/tasks", query, page.map(({ id }) => id), limit),
    schema: "/v2/schemas/tasks",
  });
}

/** `GET /v2/tasks/{task_id}` */
export function showTask(call: EmbeddedRequest): Response {
  requireAdmin(call);
  const id = param(call, 0);
  const task = allTasks(call).find((candidate) => isSameText(candidate.id, id));
  if (task === undefined) throw notFound(`Could not find task ${id}`);
  return json(taskView(task));
}

/** `DELETE /v2/tasks/{task_id}`: rejected, because Glance cannot delete tasks. */
export function rejectTaskDeletion(call: EmbeddedRequest): never {
  requireAdmin(call);
  throw new Failure(
    405,
    "This operation is currently not permitted on Glance Tasks. They are auto deleted after " +
      "reaching the time based on their expires_at property.",
    { headers: { allow: "GET" } },
  );
}

/** A task as JSON, without fields that are not set yet. */
export function taskView({ image_id, expires_at, ...row }: KnownTask): Record<string, unknown> {
  return {
    ...row,
    image_id: image_id ?? undefined,
    expires_at: expires_at ?? undefined,
    self: `/v2/tasks/${row.id}`,
    schema: "/v2/schemas/task",
  };
}

/** A task without the fields that only `GET /v2/tasks/{task_id}` shows. */
function listedView(task: KnownTask): Record<string, unknown> {
  const {
    input: _i,
    result: _r,
    message: _m,
    image_id: _id,
    request_id: _q,
    user_id: _u,
    ...view
  } = taskView(task);
  return view;
}

function databaseTime(time: string): string {
  return time.replace("Z", ".000000");
}

/** All tasks, oldest first. */
function allTasks({ cloud: { storage: store } }: EmbeddedRequest): readonly KnownTask[] {
  const ofImages = [...store.images.rows()].flatMap(({ id, tasks }) =>
    tasks.map((task) => ({ ...task, image_id: id }))
  );
  const others = [...store.tasks.rows()].map((task) => ({ ...task, image_id: null }));
  return [...ofImages, ...others].toSorted((a, b) => order(a) < order(b) ? -1 : 1);
}

function order({ created_at, id }: TaskRow): string {
  return `${created_at} ${id}`;
}

/** A test for the filters in the query string; keys that are not fields are ignored. */
function filterOf(query: URLSearchParams): (task: KnownTask) => boolean {
  const status = query.get("status") ?? "";
  if (status !== "" && !STATUSES.includes(status)) {
    throw badRequest(`Invalid status value: ${status}`);
  }
  const type = query.get("type") ?? "";
  if (type !== "" && type !== "import") throw badRequest(`Invalid type value: ${type}`);
  const expected = SORT_KEYS.flatMap((key) => {
    const value = query.get(key);
    return value === null ? [] : [[key, value] as const];
  });
  return (task) => expected.every(([key, value]) => isSameText(task[key] ?? "", value));
}

function markerOf(query: URLSearchParams, tasks: readonly KnownTask[]): KnownTask | null {
  const marker = query.get("marker") ?? "";
  if (marker === "") return null;
  if (!UUID.test(marker)) throw badRequest("Invalid marker format");
  const task = tasks.find(({ id }) => isSameText(id, marker));
  if (task !== undefined) return task;
  throw badRequest(`Task with the given id ${marker} was not found`);
}
