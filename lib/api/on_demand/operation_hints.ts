/** What the user can do after an error status, by operation. Imported on demand: most requests succeed. Pure. */

type Hints = Readonly<Record<number, string>>;

const ADMINISTRATOR = { 403: "ask an administrator of the cloud" };
const SIZE =
  "a proxy in front of Glance rejects data of unknown size: give its size, or upload it from a file";
const UPLOADED = "data can be uploaded only once; create a new image";
const SCHEMA = { 404: "check the name: there is no such schema" };
const NEW_DEFINITION = { 409: "choose another name, or update the existing definition" };
const RENAMED = { 409: "choose another name" };
const DONE = { 409: "there is nothing left to do" };

const IMAGE = "/v2/images/{image_id}";
const NAMESPACES = "/v2/metadefs/namespaces";
const NAMESPACE = `${NAMESPACES}/{namespace}`;

/** What differs from the usual hints, by verb and path. */
export const HINTS: Readonly<Record<string, Hints>> = {
  "POST /v2/images": {
    403: "leave out what only Glance or an administrator sets",
    409: "choose another id, or omit it",
  },
  [`PATCH ${IMAGE}`]: {
    403: "leave out what only Glance sets, or ask the owner of the image or an administrator",
    409: "show the image again, and compute the patch from the new state",
  },
  [`DELETE ${IMAGE}`]: { 409: "delete what uses it before" },
  [`POST ${IMAGE}/import`]: {
    409: "check the status and formats of the image, and wait for a running import",
  },
  [`POST ${IMAGE}/locations`]: {
    403: "use the credentials of a service, or those of the owner and an http store",
    409: "create a new image, and add the location to that",
  },
  [`GET ${IMAGE}/locations`]: { 403: "use the credentials of a service" },
  [`PUT ${IMAGE}/file`]: {
    409: UPLOADED,
    410: UPLOADED,
    411: SIZE,
    415: "correct the disk format of the image, or its data",
  },
  [`PUT ${IMAGE}/stage`]: {
    409: "import the data if the image has staged data, else create a new image",
    411: SIZE,
  },
  "DELETE /v2/stores/{store_id}/{image_id}": {
    404: "list the stores, and see in which of them the image is",
    409:
      "correct the id of the store, wait until the image is active, or delete what uses the image",
  },
  [`POST ${IMAGE}/members`]: DONE,
  [`PUT ${IMAGE}/members/{member_id}`]: {
    400: 'use the status "accepted", "rejected" or "pending"',
    403:
      "only the member itself can answer the offer: sign in to its project, or ask an administrator",
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

/** The parts of an operation on which its hints depend. */
export interface HintedOperation {
  readonly verb: string;
  readonly path: string;
  readonly parameters: readonly string[];
  readonly success: readonly number[];
  readonly feature?: string;
}

/** The hints of an operation by error status. */
export function hintsOf(operation: HintedOperation): Hints {
  return { ...usualHints(operation), ...HINTS[`${operation.verb} ${operation.path}`] };
}

/** Hints for a 404, which can mean a missing or hidden resource, or a missing feature of the cloud. */
function usualHints({ parameters, success, feature }: HintedOperation): Hints {
  const names = parameters.map((name) => `the ${name.replaceAll("_", " ")}`).join(" and ");
  if (success.length === 0) return {};
  if (feature !== undefined) {
    return { 404: `check ${names === "" ? "" : `${names}, and `}that the cloud offers ${feature}` };
  }
  if (names === "") return {};
  const lost = parameters.length === 1 ? "it" : "one of them";
  return { 404: `check ${names}: ${lost} does not exist, or you cannot see it` };
}
