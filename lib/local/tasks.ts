/**
 * Tasks: the traces of imports. They belong to images; the deprecated task API shows them too, to
 * administrators.
 *
 * @module
 */

import { type Call, json, param } from "./call.ts";
import { badRequest, Failure, forbidden, notFound } from "./failures.ts";
import { isAdmin } from "./identity.ts";
import { pageLinks } from "./listing.ts";
import { visibleImage } from "./lookup.ts";
import type { TaskRow } from "./rows.ts";
import { compareText } from "./sorting.ts";

/** `GET /v2/images/{image_id}/tasks`: rows as the database has them, with microseconds. */
export function listImageTasks(call: Call): Response {
  const row = visibleImage(call, () => notFound());
  const { identity } = call;
  const seen = row.tasks.filter(({ owner }) => isAdmin(identity) || owner === identity.projectId);
  const tasks = seen.map((task) => ({
    ...task,
    created_at: databaseTime(task.created_at),
    updated_at: databaseTime(task.updated_at),
    expires_at: databaseTime(task.expires_at),
    image_id: row.id,
    deleted: false,
    deleted_at: null,
  }));
  return json({ tasks });
}

/** `GET /v2/tasks`, newest first; of the query string `limit` and `marker` are heeded. */
export function listTasks(call: Call): Response {
  refuseUsers(call);
  const all = allTasks(call).toSorted((a, b) => compareText(taskOrder(b), taskOrder(a)));
  const after = all.findIndex(({ id }) => id === call.query.get("marker")) + 1;
  const limit = Number(call.query.get("limit") ?? call.cloud.pageLimit);
  const tasks = all.slice(after, after + limit);
  return json({
    tasks: tasks.map(taskStub),
    ...pageLinks("/v2/tasks", call.query, tasks, limit),
    schema: "/v2/schemas/tasks",
  });
}

function taskOrder({ created_at, id }: TaskRow): string {
  return `${created_at} ${id}`;
}

/** A task without what only `GET /v2/tasks/{task_id}` shows. */
function taskStub(task: TaskView): Partial<TaskView> {
  const {
    input: _i,
    result: _r,
    message: _m,
    image_id: _id,
    request_id: _q,
    user_id: _u,
    ...stub
  } = task;
  return stub;
}

/** `GET /v2/tasks/{task_id}` */
export function showTask(call: Call): Response {
  refuseUsers(call);
  const id = param(call, 0);
  const task = allTasks(call).find((candidate) => candidate.id === id);
  if (task === undefined) throw notFound(`Could not find task ${id}`);
  return json(task);
}

/** `POST /v2/tasks`: imports are made with `POST /v2/images/{image_id}/import`. */
export function refuseTask(call: Call): never {
  refuseUsers(call);
  throw badRequest("Cannot create a task: this server has no task executor");
}

/** `DELETE /v2/tasks/{task_id}`: tasks cannot be deleted. */
export function refuseTaskDeletion(call: Call): never {
  refuseUsers(call);
  throw new Failure(
    405,
    "This operation is currently not permitted on Glance Tasks. They are auto deleted after " +
      "reaching the time based on their expires_at property.",
    { headers: { allow: "GET" } },
  );
}

function databaseTime(time: string): string {
  return time.replace("Z", ".000000");
}

function refuseUsers({ identity }: Call): void {
  if (isAdmin(identity)) return;
  throw forbidden("You are not authorized to complete tasks_api_access action.");
}

interface TaskView extends TaskRow {
  readonly image_id: string;
  readonly self: string;
  readonly schema: string;
}

function allTasks({ cloud }: Call): readonly TaskView[] {
  return [...cloud.store.images.rows()].flatMap((row) =>
    row.tasks.map((task) => ({
      ...task,
      image_id: row.id,
      self: `/v2/tasks/${task.id}`,
      schema: "/v2/schemas/task",
    }))
  );
}
