/** The two visible states of a task: created and ended. */

import type { EmbeddedRequest } from "../request/request.ts";
import { timesOfCreation, timestamp } from "../request/embedded_cloud.ts";
import type { TaskRow } from "./image_records.ts";

/** Glance's `task_time_to_live` of 48 hours. */
const LIFETIME_MS = 48 * 3600 * 1000;

/** A task created by this request. */
export function newTask(call: EmbeddedRequest, type: string, input: TaskRow["input"]): TaskRow {
  return {
    id: call.cloud.randomUUID(),
    type,
    status: "pending",
    owner: call.identity.projectId,
    user_id: call.identity.userId,
    request_id: call.requestId,
    input,
    result: null,
    message: "",
    ...timesOfCreation(call.cloud),
    expires_at: null,
  };
}

/** The task after it succeeded for an image. */
export function succeededTask(
  call: EmbeddedRequest,
  task: TaskRow,
  image_id: string,
  message = "",
): TaskRow {
  return ended(call, task, { status: "success", result: { image_id }, message });
}

/** The task after it failed. */
export function failedTask(
  call: EmbeddedRequest,
  task: TaskRow,
  message = "Task failed due to Internal Error",
): TaskRow {
  return ended(call, task, { status: "failure", result: null, message });
}

function ended(
  call: EmbeddedRequest,
  task: TaskRow,
  end: Pick<TaskRow, "status" | "result" | "message">,
): TaskRow {
  const expires_at = timestamp(call.cloud, LIFETIME_MS);
  return { ...task, ...end, updated_at: timestamp(call.cloud), expires_at };
}
