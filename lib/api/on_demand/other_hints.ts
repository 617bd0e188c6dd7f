/** Hints for error statuses of operations that few programs call. Pure. */

const ADMINISTRATOR = { 403: "ask an administrator of the cloud" };
const SCHEMA = { 404: "check the name: there is no such schema" };
const NEW_DEFINITION = { 409: "choose another name, or update the existing definition" };
const RENAMED = { 409: "choose another name" };
const DONE = { 409: "there is nothing left to do" };

export const UNKNOWN_SIZE =
  "a proxy in front of Glance rejects data of unknown size: give its size, or upload it from a file";

const IMAGE = "/v2/images/{image_id}";
const NAMESPACES = "/v2/metadefs/namespaces";
const NAMESPACE = `${NAMESPACES}/{namespace}`;

/** Hints that differ from the usual ones, by verb and path. */
export const OTHER_HINTS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  [`POST ${IMAGE}/import`]: {
    409: "check the status and formats of the image, and wait for a running import",
  },
  [`POST ${IMAGE}/locations`]: {
    403: "use the credentials of a service, or those of the owner and an http store",
    409: "create a new image, and add the location to that",
  },
  [`GET ${IMAGE}/locations`]: { 403: "use the credentials of a service" },
  [`PUT ${IMAGE}/stage`]: {
    409: "import the data if the image has staged data, else create a new image",
    411: UNKNOWN_SIZE,
  },
  "DELETE /v2/stores/{store_id}/{image_id}": {
    404: "list the stores, and see in which of them the image is",
    409:
      "correct the id of the store, wait until the image is active, or delete what uses the image",
  },
  "GET /v2/info/stores/detail": ADMINISTRATOR,
  "GET /v2/schemas/{schema_name}": SCHEMA,
  "GET /v2/schemas/metadefs/{schema_name}": SCHEMA,
  "GET /v2/tasks": ADMINISTRATOR,
  "GET /v2/tasks/{task_id}": ADMINISTRATOR,
  "POST /v2/tasks": ADMINISTRATOR,
  "DELETE /v2/tasks/{task_id}": { 405: "wait: Glance deletes old tasks itself" },
  "GET /v2/cache": ADMINISTRATOR,
  "PUT /v2/cache/{image_id}": ADMINISTRATOR,
  "DELETE /v2/cache/{image_id}": ADMINISTRATOR,
  "DELETE /v2/cache": ADMINISTRATOR,
  "POST /v2/cache/clean": ADMINISTRATOR,
  "POST /v2/cache/prune": ADMINISTRATOR,
  "GET /v2/cache/nodes/{image_id}": {
    ...ADMINISTRATOR,
    409: "ask the operator of the servers to set image_cache_driver to centralized_db",
  },
  [`POST ${NAMESPACES}`]: {
    ...ADMINISTRATOR,
    409: "choose another name, or update the existing namespace",
  },
  [`PUT ${NAMESPACE}`]: RENAMED,
  [`POST ${NAMESPACE}/resource_types`]: { 409: "delete the existing association first" },
  [`POST ${NAMESPACE}/objects`]: NEW_DEFINITION,
  [`PUT ${NAMESPACE}/objects/{object}`]: RENAMED,
  [`POST ${NAMESPACE}/properties`]: NEW_DEFINITION,
  [`PUT ${NAMESPACE}/properties/{property}`]: RENAMED,
  [`POST ${NAMESPACE}/tags/{tag}`]: DONE,
  [`POST ${NAMESPACE}/tags`]: { 409: "leave out tags that exist already or are listed twice" },
  [`PUT ${NAMESPACE}/tags/{tag}`]: RENAMED,
};
