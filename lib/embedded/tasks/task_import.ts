/**
 * `POST /v2/tasks`, the deprecated import API: creates an image from a URL. The response shows the
 * task as `pending`, but the task ends before the response is sent.
 */

import { type EmbeddedRequest, json, jsonBody } from "../request/request.ts";
import { badRequest, Failure } from "../http/errors.ts";
import { checkImportFilter } from "../data/import_filter.ts";
import { checkAgainst } from "../http/json_schema.ts";
import { newRow } from "../images/new_image.ts";
import { defaultStoreId, storeMetadata } from "../request/store_choice.ts";
import {
  checkFormats,
  type ImageRow,
  type TaskRow,
  withData,
  withStatus,
} from "../storage/image_records.ts";
import { failedTask, newTask, succeededTask } from "../storage/task_records.ts";
import { TASK_SCHEMA } from "./task_schema.ts";
import { taskView } from "./tasks.ts";
import { requireAdmin } from "../request/policy.ts";
import { openUrl } from "../data/location_data.ts";
import { writtenData } from "../data/ingest.ts";
import { checkAccepted } from "../data/inspection.ts";

/** `POST /v2/tasks` */
export async function createTask(call: EmbeddedRequest): Promise<Response> {
  requireAdmin(call);
  const { type, input } = await taskOrder(call);
  const task = newTask(call, type, input);
  await call.cloud.storage.tasks.insert(await runTask(call, task));
  return json(taskView({ ...task, image_id: null }), 201, {
    location: new URL(`/v2/tasks/${task.id}`, call.request.url).href,
  });
}

async function taskOrder(
  call: EmbeddedRequest,
): Promise<{ type: string; input: TaskRow["input"] }> {
  const body = await jsonBody(call);
  const missing = ["type", "input"].find((name) => !Object.hasOwn(body, name));
  if (missing !== undefined) throw badRequest(`Task '${missing}' is required`);
  checkAgainst(TASK_SCHEMA, body);
  // Checked by the schema.
  const { type, input } = body as unknown as { type: string; input: TaskRow["input"] | null };
  if (type === "import") checkSource(call, input?.["import_from"]);
  return { type, input: input ?? {} };
}

/**
 * Checks the source URL.
 *
 * @throws {Failure} 400 if it is not an http or https URL, or the import filter does not allow it.
 */
function checkSource({ cloud }: EmbeddedRequest, url: unknown): void {
  if (typeof url !== "string" || url === "") {
    throw badRequest(`Invalid location: ${typeof url === "string" ? url : "None"}`);
  }
  if (/^file(system)?:\/\/\//.test(url)) {
    throw badRequest(
      "File based imports are not allowed. Please use a non-local source of image data.",
    );
  }
  if (!/^https?:\/\//.test(url)) {
    throw badRequest(
      "The given uri is not valid. Please specify a valid uri from the following list of " +
        "supported uri ['http']",
    );
  }
  checkImportFilter(cloud.importFilter, url, "legacy import task");
}

/** Runs the task and returns its final state. */
async function runTask(call: EmbeddedRequest, task: TaskRow): Promise<TaskRow> {
  const fault = inputFault(task);
  if (fault !== null) return failedTask(call, task, fault);
  try {
    const { id } = await importedImage(call, task.input);
    return succeededTask(call, task, id);
  } catch (error) {
    if (!(error instanceof Failure)) call.cloud.onError(error);
    return failedTask(call, task);
  }
}

function inputFault({ type, input }: TaskRow): string | null {
  if (type !== "import") return `Input to ${type} task is empty.`;
  const missing = ["import_from", "import_from_format", "image_properties"]
    .find((name) => !Object.hasOwn(input, name));
  return missing === undefined ? null : `Input does not contain '${missing}' field`;
}

async function importedImage(call: EmbeddedRequest, input: TaskRow["input"]): Promise<ImageRow> {
  const { cloud } = call;
  const properties = input["image_properties"];
  if (typeof properties !== "object" || properties === null) throw badRequest("No properties");
  const queued = newRow(call, properties as Readonly<Record<string, unknown>>);
  checkFormats(queued);
  if (!await cloud.storage.images.insert(withStatus(queued, "saving"))) throw new Failure(409);
  try {
    return await fillImage(call, queued.id, String(input["import_from"]));
  } catch (error) {
    await cloud.storage.images.remove(queued.id, () => {});
    throw error;
  }
}

/** Stores the data at the URL as that of the image. */
async function fillImage({ cloud }: EmbeddedRequest, id: string, url: string): Promise<ImageRow> {
  const { images, bytes } = cloud.storage;
  const row = images.get(id);
  if (row === undefined) throw new Failure(410);
  const storeId = defaultStoreId(cloud);
  const key = `${storeId}/${id}`;
  const data = await writtenData(
    cloud,
    await openUrl(cloud, url, cloud.importFilter),
    key,
    row,
    null,
  );
  const image = data.refusal ? null : await images.update(
    id,
    (current) => withData(withStatus(current, "active"), data, storeMetadata(cloud, storeId)),
  );
  if (image !== null) return image;
  await bytes.remove(key);
  checkAccepted(data);
  throw new Failure(410);
}
