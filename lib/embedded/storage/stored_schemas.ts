/** Schemas of the files of directory storage, to detect damaged and foreign files. */

import type { Schema } from "../http/json_schema.ts";
import type { Catalog, NamespaceRow } from "./metadef_records.ts";
import type { ImageRow, LocationRow, MemberRow, TaskRow, WrittenData } from "./image_records.ts";

const TEXT: Schema = { type: "string" };
const TEXT_OR_NULL: Schema = { type: ["null", "string"] };
const COUNT: Schema = { type: "integer", minimum: 0 };
const COUNT_OR_NULL: Schema = { type: ["null", "integer"], minimum: 0 };
const FLAG: Schema = { type: "boolean" };
const OBJECT: Schema = { type: "object" };
const OBJECT_OR_NULL: Schema = { type: ["null", "object"] };
const TEXTS: Schema = list(TEXT);
/** `YYYY-MM-DDTHH:MM:SSZ` */
const TIME: Schema = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$" };

/** An object with every field of a row. */
function record<Row>(fields: Readonly<Record<keyof Row & string, Schema>>): Schema {
  return { type: "object", properties: fields, required: Object.keys(fields) };
}

function list(items: Schema): Schema {
  return { type: "array", items };
}

const LOCATION = record<LocationRow>({ url: TEXT, metadata: OBJECT, key: TEXT_OR_NULL });

const MEMBER = record<MemberRow>({
  member_id: TEXT,
  status: { type: "string", enum: ["pending", "accepted", "rejected"] },
  created_at: TIME,
  updated_at: TIME,
});

const WRITTEN_DATA = record<Omit<WrittenData, "refusal">>({
  key: TEXT,
  url: TEXT,
  size: COUNT,
  virtualSize: COUNT_OR_NULL,
  checksum: TEXT,
  hashAlgo: TEXT,
  hashValue: TEXT,
});

/** A task, in its own file or as part of an image. */
export const STORED_TASK: Schema = record<TaskRow>({
  id: TEXT,
  type: TEXT,
  status: { type: "string", enum: ["pending", "success", "failure"] },
  owner: TEXT_OR_NULL,
  user_id: TEXT_OR_NULL,
  request_id: TEXT,
  input: OBJECT,
  result: OBJECT_OR_NULL,
  message: TEXT,
  created_at: TIME,
  updated_at: TIME,
  expires_at: TEXT_OR_NULL,
});

export const STORED_IMAGE: Schema = record<ImageRow>({
  id: TEXT,
  name: TEXT_OR_NULL,
  status: {
    type: "string",
    enum: ["queued", "saving", "uploading", "importing", "active", "deactivated"],
  },
  visibility: { type: "string", enum: ["public", "community", "shared", "private"] },
  disk_format: TEXT_OR_NULL,
  container_format: TEXT_OR_NULL,
  size: COUNT_OR_NULL,
  virtual_size: COUNT_OR_NULL,
  checksum: TEXT_OR_NULL,
  os_hash_algo: TEXT_OR_NULL,
  os_hash_value: TEXT_OR_NULL,
  min_disk: COUNT,
  min_ram: COUNT,
  protected: FLAG,
  os_hidden: FLAG,
  owner: TEXT_OR_NULL,
  created_at: TIME,
  updated_at: TIME,
  tags: TEXTS,
  properties: { type: "object", additionalProperties: TEXT_OR_NULL },
  locations: list(LOCATION),
  members: list(MEMBER),
  tasks: list(STORED_TASK),
  staged: {
    ...WRITTEN_DATA,
    properties: { ...WRITTEN_DATA.properties, refusal: TEXT_OR_NULL },
    type: ["null", "object"],
  },
});

const NAMED: Schema = { type: "object", properties: { name: TEXT }, required: ["name"] };

const NAMESPACE = record<NamespaceRow>({
  namespace: TEXT,
  display_name: TEXT_OR_NULL,
  description: TEXT_OR_NULL,
  visibility: { type: "string", enum: ["public", "private"] },
  protected: FLAG,
  owner: TEXT_OR_NULL,
  created_at: TIME,
  updated_at: TIME,
  objects: list({
    ...NAMED,
    properties: { name: TEXT, required: TEXTS, properties: OBJECT },
    required: ["name", "required", "properties"],
  }),
  properties: list({
    ...NAMED,
    properties: { name: TEXT, schema: OBJECT },
    required: ["name", "schema"],
  }),
  tags: list(NAMED),
  associations: list(NAMED),
});

/** All metadata definitions. */
export const STORED_CATALOG: Schema = record<Catalog>({
  namespaces: list(NAMESPACE),
  resourceTypes: list(NAMED),
});
