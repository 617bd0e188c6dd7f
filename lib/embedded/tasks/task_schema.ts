/** The schemas of a task and of a task in a list. */

import { BASE_PROPERTIES, text } from "../images/schema.ts";
import type { NamedSchema, Schema } from "../http/json_schema.ts";
import { READ_ONLY_TEXT } from "../metadefs/metadef_schemas.ts";

/** All fields of a task, in Glance's order. */
const FIELDS: Readonly<Record<string, Schema>> = {
  id: {
    description: "An identifier for the task",
    pattern: BASE_PROPERTIES["id"]?.pattern ?? "",
    type: "string",
  },
  type: {
    description: "The type of task",
    enum: ["import", "api_image_import", "location_import"],
    type: "string",
  },
  status: {
    description: "The current status of this task",
    enum: ["pending", "processing", "success", "failure"],
    type: "string",
  },
  input: { type: ["null", "object"], description: "The parameters of the task" },
  result: { type: ["null", "object"], description: "The result of the task" },
  owner: text("An identifier for the owner of this task"),
  message: text("Message about the task, mostly the reason of a failure"),
  image_id: text("Image associated with the task"),
  request_id: text("Request that started the task"),
  user_id: text("User who started the task"),
  expires_at: { type: ["null", "string"], description: "When the task may be removed" },
  created_at: text("When the task was created"),
  updated_at: text("When the task was changed"),
  self: READ_ONLY_TEXT,
  schema: READ_ONLY_TEXT,
};

const { input: _input, result: _result, message: _message, ...LISTED } = FIELDS;

export const LISTED_TASK_SCHEMA: NamedSchema = {
  name: "task",
  properties: LISTED,
  additionalProperties: false,
};

export const TASK_SCHEMA: NamedSchema = {
  name: "task",
  properties: FIELDS,
  additionalProperties: false,
};
