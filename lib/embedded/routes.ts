/**
 * The routing table: methods and handlers of each path. A known path with another method is
 * answered with 405 and `Allow`, an unknown path with 404.
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
import { bare, byPath, full, type PathRoutes } from "./request/route.ts";
import { checkPolicy } from "./request/policy.ts";
import { createTask } from "./tasks/task_import.ts";
import { listImageTasks, listTasks, rejectTaskDeletion, showTask } from "./tasks/tasks.ts";
import { stageData, uploadData } from "./data/upload.ts";
import { usage } from "./images/usage.ts";

const TABLE: readonly PathRoutes[] = byPath([
  full("GET /images", "get_images", listImages),
  full("POST /images", "add_image", createImage),
  bare("GET /images/*", "get_image", showImage),
  full("PATCH /images/*", "modify_image", updateImage),
  bare("DELETE /images/*", "delete_image", deleteImage),
  bare("GET /images/*/file", "download_image", downloadData),
  full("PUT /images/*/file", "upload_image", uploadData),
  full("PUT /images/*/stage", "modify_image", stageData),
  bare("POST /images/*/actions/deactivate", "deactivate", deactivate),
  bare("POST /images/*/actions/reactivate", "reactivate", reactivate),
  bare("PUT /images/*/tags/*", "modify_image", addTag),
  bare("DELETE /images/*/tags/*", "modify_image", removeTag),
  bare("GET /images/*/members", "get_members", listMembers),
  full("POST /images/*/members", "add_member", addMember),
  bare("GET /images/*/members/*", "get_member", showMember),
  full("PUT /images/*/members/*", "modify_member", updateMember),
  bare("DELETE /images/*/members/*", "delete_member", removeMember),
  full("POST /images/*/import", "modify_image", importImage),
  bare("GET /images/*/tasks", "get_image", listImageTasks),
  bare("GET /images/*/locations", "fetch_image_location", listLocations, 17),
  full("POST /images/*/locations", "add_image_location", addLocation, 17),
  bare("DELETE /stores/*/*", "delete_image_location", deleteFromStore),
  full("GET /tasks", "tasks_api_access", listTasks),
  full("POST /tasks", "tasks_api_access", createTask),
  full("GET /tasks/*", "tasks_api_access", showTask),
  full("DELETE /tasks/*", "tasks_api_access", rejectTaskDeletion),
  ...SCHEMA_NAMES.map((name) => bare(`GET /schemas/${name}`, null, showSchema(name))),
  bare("GET /info/import", null, importInfo),
  bare("GET /info/stores", null, storesInfo),
  bare("GET /info/stores/detail", "stores_info_detail", storesDetail),
  bare("GET /info/usage", null, usage),
  ...CACHE_ROUTES,
  ...NAMESPACE_ROUTES,
  ...RESOURCE_TYPE_ROUTES,
  ...PROPERTY_ROUTES,
  ...OBJECT_ROUTES,
  ...METADEF_TAG_ROUTES,
]);

/** Paths whose other methods Glance answers as on an unknown path. */
const WITHOUT_ALLOW: readonly string[] = ["/images/*/tasks", "/info/usage"];

/** Methods that Glance answers with 404 or 405; it answers all others with 501. */
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
