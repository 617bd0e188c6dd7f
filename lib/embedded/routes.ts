/**
 * The routing table: methods and handlers of each path. Another method of a known path is rejected with 405 and `Allow`,
 * an unknown path with 404.
 */

import {
  addTag,
  createImage,
  deactivate,
  deleteImage,
  reactivate,
  removeTag,
  showImage,
} from "./images/images.ts";
import { CACHE_ROUTES } from "./data/cache_routes.ts";
import { checkBody, checkNoBody, type EmbeddedRequest, isRequestId } from "./request/request.ts";
import { importInfo, storesDetail, storesInfo } from "./discovery.ts";
import { downloadData } from "./data/download.ts";
import { Failure, notFound } from "./http/errors.ts";
import { importImage } from "./data/import.ts";
import { listImages } from "./lists/list_images.ts";
import { addLocation } from "./data/location_import.ts";
import { deleteFromStore, listLocations } from "./images/locations.ts";
import {
  addMember,
  listMembers,
  removeMember,
  showMember,
  updateMember,
} from "./images/members.ts";
import { updateImage } from "./patch/patch.ts";
import { SCHEMA_NAMES, showSchema } from "./schemas.ts";
import { METADEF_TAG_ROUTES } from "./metadefs/metadef_tags.ts";
import { NAMESPACE_ROUTES } from "./metadefs/namespaces.ts";
import { OBJECT_ROUTES } from "./metadefs/objects.ts";
import { PROPERTY_ROUTES } from "./metadefs/properties.ts";
import { RESOURCE_TYPE_ROUTES } from "./metadefs/resource_types.ts";
import { byPath, type PathRoutes, withBody, withoutBody } from "./request/route.ts";
import { checkPolicy } from "./request/policy.ts";
import { createTask } from "./tasks/task_import.ts";
import { listImageTasks, listTasks, rejectTaskDeletion, showTask } from "./tasks/tasks.ts";
import { stageData, uploadData } from "./data/upload.ts";
import { usage } from "./images/usage.ts";

const TABLE: readonly PathRoutes[] = byPath([
  withBody("GET /images", "get_images", listImages),
  withBody("POST /images", "add_image", createImage),
  withoutBody("GET /images/*", "get_image", showImage),
  withBody("PATCH /images/*", "modify_image", updateImage),
  withoutBody("DELETE /images/*", "delete_image", deleteImage),
  withoutBody("GET /images/*/file", "download_image", downloadData),
  withBody("PUT /images/*/file", "upload_image", uploadData),
  withBody("PUT /images/*/stage", "modify_image", stageData),
  withoutBody("POST /images/*/actions/deactivate", "deactivate", deactivate),
  withoutBody("POST /images/*/actions/reactivate", "reactivate", reactivate),
  withoutBody("PUT /images/*/tags/*", "modify_image", addTag),
  withoutBody("DELETE /images/*/tags/*", "modify_image", removeTag),
  withoutBody("GET /images/*/members", "get_members", listMembers),
  withBody("POST /images/*/members", "add_member", addMember),
  withoutBody("GET /images/*/members/*", "get_member", showMember),
  withBody("PUT /images/*/members/*", "modify_member", updateMember),
  withoutBody("DELETE /images/*/members/*", "delete_member", removeMember),
  withBody("POST /images/*/import", "modify_image", importImage),
  withoutBody("GET /images/*/tasks", "get_image", listImageTasks),
  withoutBody("GET /images/*/locations", "fetch_image_location", listLocations, 17),
  withBody("POST /images/*/locations", "add_image_location", addLocation, 17),
  withoutBody("DELETE /stores/*/*", "delete_image_location", deleteFromStore),
  withBody("GET /tasks", "tasks_api_access", listTasks),
  withBody("POST /tasks", "tasks_api_access", createTask),
  withBody("GET /tasks/*", "tasks_api_access", showTask),
  withBody("DELETE /tasks/*", "tasks_api_access", rejectTaskDeletion),
  ...SCHEMA_NAMES.map((name) => withoutBody(`GET /schemas/${name}`, null, showSchema(name))),
  withoutBody("GET /info/import", null, importInfo),
  withoutBody("GET /info/stores", null, storesInfo),
  withoutBody("GET /info/stores/detail", "stores_info_detail", storesDetail),
  withoutBody("GET /info/usage", null, usage),
  ...CACHE_ROUTES,
  ...NAMESPACE_ROUTES,
  ...RESOURCE_TYPE_ROUTES,
  ...PROPERTY_ROUTES,
  ...OBJECT_ROUTES,
  ...METADEF_TAG_ROUTES,
]);

/** Paths whose other methods Glance rejects as if the path were unknown. */
const WITHOUT_ALLOW: readonly string[] = ["/images/*/tasks", "/info/usage"];

/** Methods that Glance rejects with 404 or 405; it rejects all others with 501. */
const IMPLEMENTED: readonly string[] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];

/** Handles a request below `/v2`. `path` is decoded and starts with a slash. */
export async function dispatch(
  call: Omit<EmbeddedRequest, "params" | "action">,
  path: string,
): Promise<Response> {
  const given = call.request.headers.get("x-openstack-request-id") ?? "";
  for (const routes of TABLE) {
    const match = routes.path.exec(path);
    if (match === null || routes.since > call.cloud.minor) continue;
    const route = routes.methods.get(call.request.method);
    if (route === undefined) {
      if (WITHOUT_ALLOW.includes(routes.name)) break;
      await checkBody(call);
      throw methodNotAllowed(routes);
    }
    if (!isRequestId(given)) throw new Failure(431);
    if (!route.hasBody) await checkNoBody(call.request);
    const routed = { ...call, params: match.slice(1), action: route.action };
    // For images and namespaces, a 404 for an invisible one comes before the policy check.
    if (!/^\/(images|metadefs\/namespaces)\/\*/.test(routes.name)) {
      checkPolicy(routed, routed.action);
    }
    return await route.handle(routed);
  }
  throw IMPLEMENTED.includes(call.request.method) ? notFound() : new Failure(501);
}

function methodNotAllowed({ methods }: PathRoutes): Failure {
  return new Failure(405, "", { headers: { allow: [...methods.keys()].join(", ") } });
}
