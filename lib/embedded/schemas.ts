/**
 * The sixteen schema documents: `GET /v2/schemas/{image, images, member, members, task, tasks}` and
 * those of the metadata definitions.
 */

import { type EmbeddedRequest, json } from "./request/request.ts";
import { BASE_PROPERTIES, IMAGE_SCHEMA, text } from "./images/schema.ts";
import { MEMBER_STATUSES } from "../api/types.ts";
import type { Schema } from "./http/json_schema.ts";
import { METADEF_DOCUMENTS, pageSchema, READ_ONLY_TEXT } from "./metadefs/metadef_schemas.ts";
import { LISTED_TASK_SCHEMA, TASK_SCHEMA } from "./tasks/task_schema.ts";

const UUID = BASE_PROPERTIES["id"]?.pattern ?? "";

const MEMBER: Schema = {
  name: "member",
  properties: {
    member_id: text("An identifier for the image member (tenantId)"),
    image_id: text("An identifier for the image", { pattern: UUID }),
    created_at: text("Date and time of image member creation"),
    updated_at: text("Date and time of last modification of image member"),
    status: text("The status of this image member", { enum: MEMBER_STATUSES }),
    schema: READ_ONLY_TEXT,
  },
};

const DOCUMENTS: Readonly<Record<string, Schema>> = {
  image: IMAGE_SCHEMA,
  images: pageSchema("images", IMAGE_SCHEMA),
  member: MEMBER,
  members: collection("members", MEMBER),
  task: inspect(TASK_SCHEMA),
  tasks: collection("tasks", inspect(LISTED_TASK_SCHEMA)),
  ...Object.fromEntries(
    Object.entries(METADEF_DOCUMENTS).map(([name, document]) => [`metadefs/${name}`, document]),
  ),
};

/** Names of the documents, for the routing table. */
export const SCHEMA_NAMES: readonly string[] = Object.keys(DOCUMENTS);

/** `GET /v2/schemas/{name}` */
export function showSchema(name: string): (call: EmbeddedRequest) => Response {
  return () => json(DOCUMENTS[name]);
}

/** Glance publishes only the name and properties of a task schema. */
function inspect({ name, properties }: Schema): Schema {
  return { name, properties: properties ?? {} };
}

function collection(name: string, items: Schema): Schema {
  return {
    name,
    properties: { [name]: { type: "array", items }, schema: { type: "string" } },
    links: [{ rel: "describedby", href: "{schema}" }],
  };
}
