/**
 * Policies that restrict Glance's defaults: the action of each request, and the error responses.
 *
 * @module
 */

import { type Failure, forbidden, notFound } from "../http/errors.ts";
import { isAdmin, type Requester } from "./identity.ts";

/** Returns false to forbid an action. `action` is the name of Glance's policy. */
export type EmbeddedPolicy = (action: string, identity: Requester) => boolean;

const NAMESPACE = "/metadefs/namespaces/*";

/** Method and path of a route to the name of its policy. */
const ACTIONS: ReadonlyMap<string, string> = new Map([
  ["GET /images", "get_images"],
  ["POST /images", "add_image"],
  ["GET /images/*", "get_image"],
  ["PATCH /images/*", "modify_image"],
  ["DELETE /images/*", "delete_image"],
  ["GET /images/*/file", "download_image"],
  ["PUT /images/*/file", "upload_image"],
  ["PUT /images/*/stage", "modify_image"],
  ["POST /images/*/import", "modify_image"],
  ["POST /images/*/actions/deactivate", "deactivate"],
  ["POST /images/*/actions/reactivate", "reactivate"],
  ["PUT /images/*/tags/*", "modify_image"],
  ["DELETE /images/*/tags/*", "modify_image"],
  ["GET /images/*/members", "get_members"],
  ["POST /images/*/members", "add_member"],
  ["GET /images/*/members/*", "get_member"],
  ["PUT /images/*/members/*", "modify_member"],
  ["DELETE /images/*/members/*", "delete_member"],
  ["GET /images/*/tasks", "get_image"],
  ["GET /images/*/locations", "fetch_image_location"],
  ["POST /images/*/locations", "add_image_location"],
  ["DELETE /stores/*/*", "delete_image_location"],
  ["GET /tasks", "tasks_api_access"],
  ["POST /tasks", "tasks_api_access"],
  ["GET /tasks/*", "tasks_api_access"],
  ["DELETE /tasks/*", "tasks_api_access"],
  ["GET /info/stores/detail", "stores_info_detail"],
  ["GET /cache", "cache_list"],
  ["DELETE /cache", "cache_delete"],
  ["PUT /cache/*", "cache_image"],
  ["DELETE /cache/*", "cache_delete"],
  ["GET /metadefs/resource_types", "list_metadef_resource_types"],
  ["GET /metadefs/namespaces", "get_metadef_namespaces"],
  ["POST /metadefs/namespaces", "add_metadef_namespace"],
  [`GET ${NAMESPACE}`, "get_metadef_namespace"],
  [`PUT ${NAMESPACE}`, "modify_metadef_namespace"],
  [`DELETE ${NAMESPACE}`, "delete_metadef_namespace"],
  [`GET ${NAMESPACE}/objects`, "get_metadef_objects"],
  [`POST ${NAMESPACE}/objects`, "add_metadef_object"],
  [`GET ${NAMESPACE}/objects/*`, "get_metadef_object"],
  [`PUT ${NAMESPACE}/objects/*`, "modify_metadef_object"],
  [`DELETE ${NAMESPACE}/objects/*`, "delete_metadef_object"],
  [`GET ${NAMESPACE}/properties`, "get_metadef_properties"],
  [`POST ${NAMESPACE}/properties`, "add_metadef_property"],
  [`GET ${NAMESPACE}/properties/*`, "get_metadef_property"],
  [`PUT ${NAMESPACE}/properties/*`, "modify_metadef_property"],
  [`DELETE ${NAMESPACE}/properties/*`, "remove_metadef_property"],
  [`GET ${NAMESPACE}/tags`, "get_metadef_tags"],
  [`POST ${NAMESPACE}/tags`, "add_metadef_tags"],
  [`GET ${NAMESPACE}/tags/*`, "get_metadef_tag"],
  [`POST ${NAMESPACE}/tags/*`, "add_metadef_tag"],
  [`PUT ${NAMESPACE}/tags/*`, "modify_metadef_tag"],
  [`DELETE ${NAMESPACE}/tags/*`, "delete_metadef_tag"],
  [`GET ${NAMESPACE}/resource_types`, "list_metadef_resource_types"],
  [`POST ${NAMESPACE}/resource_types`, "add_metadef_resource_type_association"],
  [`DELETE ${NAMESPACE}/resource_types/*`, "remove_metadef_resource_type_association"],
]);

/** Name of the policy for a route; null if there is none. */
export function actionOf(method: string, path: string): string | null {
  return ACTIONS.get(`${method} ${path}`) ?? null;
}

/** The parts of a request that a policy check reads. */
interface PolicyCaller {
  readonly cloud: { readonly policy: EmbeddedPolicy };
  readonly identity: Requester;
  readonly action: string | null;
}

/**
 * Checks the policy of an action.
 *
 * @throws {Failure} 403 if the policy forbids it.
 */
export function checkPolicy({ cloud, identity }: PolicyCaller, action: string | null): void {
  if (action === null || cloud.policy(action, identity)) return;
  throw unauthorized(action);
}

/**
 * Checks the policies of a request for an image that the caller can see.
 *
 * @throws {Failure} 404 if `get_image` is forbidden, 403 if the action of the request is.
 */
export function checkImagePolicy(caller: PolicyCaller, missing: () => Failure = notFound): void {
  if (!caller.cloud.policy("get_image", caller.identity)) throw missing();
  checkPolicy(caller, caller.action);
}

/**
 * Checks a new visibility: only administrators may set "public", and the policies may forbid
 * "public" and "community".
 *
 * @throws {Failure} 403 if the visibility is not allowed.
 */
export function checkVisibilityPolicy(caller: PolicyCaller, visibility: unknown): void {
  if (visibility === "public" && !isAdmin(caller.identity)) throw unauthorized("publicize_image");
  const action = visibility === "public"
    ? "publicize_image"
    : visibility === "community"
    ? "communitize_image"
    : null;
  checkPolicy(caller, action);
}

function unauthorized(action: string): Failure {
  return forbidden(`You are not authorized to complete ${action} action.`);
}
