/** Operations of the cloud: import methods, stores, usage, schemas, tasks, versions, and health. */
import { jsonBody, queryIn, recordIn, textIn } from "./arguments.ts";
import { receiveList, receiveNothing, receivePage, receiveRecord, receiveText } from "../decode.ts";
import {
  type Defined,
  defineOperation,
  JSON_TYPE,
  type OperationDefinitions,
  tableOf,
} from "./define.ts";
import type { ImageStore } from "../types.ts";
import type {
  ApiVersion,
  GlanceTask,
  ImportInfo,
  MetadefSchemaName,
  NewTask,
  Query,
  SchemaDocument,
  SchemaName,
  StoreDetail,
  TaskPage,
  Usage,
} from "../wire.ts";

/** Operations on the cloud. */
export interface CloudOperations {
  /** Shows the import methods. `GET /v2/info/import`, since 2.6. */
  "info.import"(): ImportInfo;
  /** Lists the stores. `GET /v2/info/stores`, since 2.8. */
  "info.stores"(): readonly ImageStore[];
  /** Lists the stores with details, for administrators. `GET /v2/info/stores/detail`, since 2.15. */
  "info.storesDetail"(): readonly StoreDetail[];
  /** Shows the usage of the caller's quotas. `GET /v2/info/usage`, since 2.13. */
  "info.usage"(): Usage;
  /** Shows a schema of images, members, or tasks. `GET /v2/schemas/{schema_name}`, since 2.0. */
  "schemas.get"(name: SchemaName): SchemaDocument;
  /** Shows a schema of metadata definitions. `GET /v2/schemas/metadefs/{schema_name}`, since 2.2. */
  "schemas.getMetadef"(name: MetadefSchemaName): SchemaDocument;
  /** Lists one page of tasks. `GET /v2/tasks`, since 2.2. */
  "tasks.list"(query?: Query): TaskPage;
  /** Shows a task. `GET /v2/tasks/{task_id}`, since 2.2. */
  "tasks.get"(taskId: string): GlanceTask;
  /** Creates a task. Deprecated; use `import`. `POST /v2/tasks`, since 2.2. */
  "tasks.create"(task: NewTask): GlanceTask;
  /** Always fails with 405: Glance deletes tasks itself. `DELETE /v2/tasks/{task_id}`, since 2.2. */
  "tasks.delete"(taskId: string): void;
  /** Lists the API versions. `GET /versions`, since 2.0. */
  "versions.list"(): readonly ApiVersion[];
  /** Lists the API versions at the root of the endpoint. `GET /`, since 2.0. */
  "versions.root"(): readonly ApiVersion[];
  /** Returns the health of the server, `OK` if healthy. `GET /healthcheck`, since 2.0. */
  "healthcheck"(): string;
}

const TASK = "/v2/tasks/{task_id}";

/** Shows the import methods. */
export const GET_IMPORT_METHODS: Defined<CloudOperations, "info.import"> =
  /* @__PURE__ */ defineOperation(
    "show the import methods",
    "GET",
    "/v2/info/import",
    "2.6",
    {
      success: [200],
      receive: /* @__PURE__ */ receiveRecord("import-methods"),
    },
  );

export const LIST_STORES: Defined<CloudOperations, "info.stores"> = /* @__PURE__ */ defineOperation(
  "list the stores",
  "GET",
  "/v2/info/stores",
  "2.8",
  {
    feature: "multi-store",
    success: [200],
    receive: /* @__PURE__ */ receiveList("stores"),
  },
);

/** The operations of the cloud. */
export const CLOUD_OPERATIONS: OperationDefinitions<CloudOperations> = /* @__PURE__ */ tableOf<
  CloudOperations
>(
  () => ({
    "info.import": GET_IMPORT_METHODS,
    "info.stores": LIST_STORES,
    "info.storesDetail": defineOperation(
      "list the stores in detail",
      "GET",
      "/v2/info/stores/detail",
      "2.15",
      {
        feature: "multi-store",
        success: [200],
        receive: receiveList("stores"),
      },
    ),
    "info.usage": defineOperation("show the usage", "GET", "/v2/info/usage", "2.13", {
      success: [200],
      receive: receiveRecord("usage"),
    }),
    "schemas.get": defineOperation(
      'show schema "{schema_name}"',
      "GET",
      "/v2/schemas/{schema_name}",
      "2.0",
      {
        success: [200],
        receive: receiveRecord(undefined, ["name"]),
      },
    ),
    "schemas.getMetadef": defineOperation(
      'show metadata schema "{schema_name}"',
      "GET",
      "/v2/schemas/metadefs/{schema_name}",
      "2.2",
      {
        success: [200],
        receive: receiveRecord(undefined, ["name"]),
      },
    ),
    "tasks.list": defineOperation("list tasks", "GET", "/v2/tasks", "2.2", {
      success: [200],
      send: (query = []) => ({ query: queryIn(query) }),
      receive: receivePage<TaskPage>("tasks", "id"),
    }),
    "tasks.get": defineOperation('show task "{task_id}"', "GET", TASK, "2.2", {
      success: [200],
      receive: receiveRecord(undefined, ["id"]),
    }),
    "tasks.create": defineOperation("create a task", "POST", "/v2/tasks", "2.2", {
      mediaType: JSON_TYPE,
      idempotent: false,
      success: [201],
      send: (task) => jsonBody(taskIn(task)),
      receive: receiveRecord(undefined, ["id"]),
    }),
    "tasks.delete": defineOperation('delete task "{task_id}"', "DELETE", TASK, "2.2", {
      success: [],
      receive: receiveNothing,
    }),
    "versions.list": defineOperation("list the versions of the API", "GET", "/versions", "2.0", {
      success: [200, 300],
      receive: receiveList("versions"),
    }),
    "versions.root": defineOperation("list the versions of the API", "GET", "/", "2.0", {
      success: [300],
      receive: receiveList("versions"),
    }),
    "healthcheck": defineOperation("check the health of the server", "GET", "/healthcheck", "2.0", {
      feature: "the healthcheck in Glance's pipeline",
      success: [200],
      send: () => ({ headers: { accept: "text/plain" } }),
      receive: receiveText,
    }),
  }),
);

function taskIn(value: unknown): unknown {
  const task = recordIn("the task", value);
  textIn("the type", task["type"]);
  recordIn("the input", task["input"]);
  return task;
}
