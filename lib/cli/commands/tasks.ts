/** Commands for tasks, which Glance runs in the background: `image-tasks` and `task-…`. */
import { number, required, text } from "../args/flags.ts";
import type { GlanceTask } from "../../api/operations.ts";
import { findImageId, IMAGE } from "./shared/find_image.ts";
import { command, type Flags, type Values } from "../args/command.ts";
import { jsonObject } from "../args/json_flag.ts";
import { type Column, type OutputCall, printList, printRecord } from "../output/records.ts";
import { allPages, queryOf } from "./shared/pages.ts";

/** Tasks per request, as in glanceclient. */
const PAGE_SIZE = 20;

function imageTaskColumns(isVerbose: boolean): Column[] {
  // glanceclient prints null as Python does here.
  const column = (heading: string, key: string): Column => [
    heading,
    (task) => task[key] === null ? "None" : task[key],
  ];
  const short = [
    column("Message", "message"),
    column("Status", "status"),
    column("Updated at", "updated_at"),
  ];
  if (!isVerbose) return short;
  return [
    column("Image Id", "image_id"),
    column("Task Id", "id"),
    ...short,
    column("User Id", "user_id"),
    column("Request Id", "request_id"),
    column("Result", "result"),
    column("Owner", "owner"),
    column("Input", "input"),
    column("Expires at", "expires_at"),
  ];
}

/** The members of a task. */
const TASK_COLUMNS: readonly string[] = [
  "created_at",
  "expires_at",
  "id",
  "image_id",
  "input",
  "message",
  "owner",
  "request_id",
  "result",
  "status",
  "type",
  "updated_at",
  "user_id",
];

const LIST_FLAGS = {
  "sort-key": text("<KEY>", "Property to sort by: id, type or status (default: status)", {
    choices: ["id", "type", "status"],
  }),
  "sort-dir": text("<DIRECTION>", "Direction: asc or desc (default: desc)", {
    choices: ["asc", "desc"],
  }),
  "page-size": number("<SIZE>", "Tasks per request (default: 20)"),
  "type": text("<TYPE>", "Only tasks of this type"),
  "status": text("<STATUS>", "Only tasks with this status"),
} as const satisfies Flags;

function taskQuery(values: Values<typeof LIST_FLAGS>): [key: string, value: string][] {
  const { type, status } = values;
  return queryOf({
    limit: String(values["page-size"] ?? PAGE_SIZE),
    sort_key: values["sort-key"] ?? "status",
    sort_dir: values["sort-dir"] ?? "desc",
    type,
    status,
  });
}

export const COMMANDS = {
  "image-tasks": command({
    positionals: [IMAGE],
    async run(invocation, image) {
      const tasks = await invocation.call("tasks", await findImageId(invocation, image));
      await printList(invocation, tasks, imageTaskColumns(invocation.verbose));
    },
  }),
  "task-list": command({
    flags: LIST_FLAGS,
    async run(invocation) {
      const query = taskQuery(invocation.values);
      const size = invocation.values["page-size"] ?? PAGE_SIZE;
      const tasks = await allPages<GlanceTask>(async (marker) => {
        const after = queryOf({ marker: marker ?? undefined });
        const page = await invocation.call("tasks.list", [...query, ...after]);
        // Glance may allow shorter pages than requested; all but the last have a next link.
        const isLast = page.next === undefined && page.tasks.length < size;
        return { entries: page.tasks, isLast };
      }, ({ id }) => id);
      await printList(invocation, tasks, [
        ["ID", "id"],
        ["Type", "type"],
        ["Status", "status"],
        ["Owner", "owner"],
      ]);
    },
  }),
  "task-show": command({
    positionals: [{ name: "<TASK_ID>", summary: "Id of the task" }],
    async run(invocation, id) {
      await printTask(invocation, await invocation.call("tasks.get", id));
    },
  }),
  "task-create": command({
    output: { columns: TASK_COLUMNS },
    details: "To import an image, use image-import or image-create-via-import instead.",
    flags: {
      "type": required("<TYPE>", "Type of the task, for example import"),
      "input": text("<JSON>", "Input of the task, a JSON object (default: {})"),
    },
    async run(invocation) {
      const { type } = invocation.values;
      const input = jsonObject("--input", invocation.values["input"] ?? "{}");
      await printTask(invocation, await invocation.call("tasks.create", { type, input }));
    },
  }),
};

/** Prints a task as glanceclient does: without `self` and `schema`. */
async function printTask(invocation: OutputCall, task: GlanceTask): Promise<void> {
  const { self: _, schema: __, ...shown } = task;
  await printRecord(invocation, invocation.json ? task : shown);
}
