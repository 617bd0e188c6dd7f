/**
 * The routing table: methods and handlers of each path. A known path with another method is
 * answered with 405 and `Allow`, an unknown path with 404.
 *
 * @module
 */

import { deactivate, reactivate } from "./images/actions.ts";
import { CACHE_ROUTES } from "./data/cache_routes.ts";
import { checkBody, checkNoBody, type EmbeddedRequest, isRequestId } from "./request/request.ts";
import { importInfo, storesDetail, storesInfo } from "./discovery.ts";
import { downloadData } from "./data/download.ts";
import { Failure, notFound } from "./http/errors.ts";
import { createImage, deleteImage, showImage } from "./images/images.ts";
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
import { METADEF_ROUTES } from "./metadefs/metadef_routes.ts";
import { defineRoute, type PathRoutes } from "./request/route.ts";
import { actionOf, checkPolicy } from "./request/policy.ts";
import { addTag, removeTag } from "./images/tags.ts";
import { createTask } from "./tasks/task_import.ts";
import { listImageTasks, listTasks, rejectTaskDeletion, showTask } from "./tasks/tasks.ts";
import { stageData, uploadData } from "./data/upload.ts";
import { usage } from "./images/usage.ts";

const TABLE: readonly PathRoutes[] = [
  defineRoute("/images", "GET, POST", {}, { GET: listImages, POST: createImage }),
  defineRoute("/images/*", "GET, PATCH, DELETE", { GET: showImage, DELETE: deleteImage }, {
    PATCH: updateImage,
  }),
  defineRoute("/images/*/file", "GET, PUT", { GET: downloadData }, { PUT: uploadData }),
  defineRoute("/images/*/stage", "PUT", {}, { PUT: stageData }),
  defineRoute("/images/*/actions/deactivate", "POST", { POST: deactivate }),
  defineRoute("/images/*/actions/reactivate", "POST", { POST: reactivate }),
  defineRoute("/images/*/tags/*", "PUT, DELETE", { PUT: addTag, DELETE: removeTag }),
  defineRoute("/images/*/members", "GET, POST", { GET: listMembers }, { POST: addMember }),
  defineRoute(
    "/images/*/members/*",
    "GET, PUT, DELETE",
    { GET: showMember, DELETE: removeMember },
    {
      PUT: updateMember,
    },
  ),
  defineRoute("/images/*/import", "POST", {}, { POST: importImage }),
  defineRoute("/images/*/tasks", null, { GET: listImageTasks }),
  {
    ...defineRoute("/images/*/locations", "GET, POST", { GET: listLocations }, {
      POST: addLocation,
    }),
    since: 17,
  },
  defineRoute("/stores/*/*", "DELETE", { DELETE: deleteFromStore }),
  defineRoute("/tasks", "GET, POST", {}, { GET: listTasks, POST: createTask }),
  defineRoute("/tasks/*", "GET, DELETE", {}, { GET: showTask, DELETE: rejectTaskDeletion }),
  ...SCHEMA_NAMES.map((name) => defineRoute(`/schemas/${name}`, "GET", { GET: showSchema(name) })),
  defineRoute("/info/import", "GET", { GET: importInfo }),
  defineRoute("/info/stores", "GET", { GET: storesInfo }),
  defineRoute("/info/stores/detail", "GET", { GET: storesDetail }),
  defineRoute("/info/usage", null, { GET: usage }),
  ...CACHE_ROUTES,
  ...METADEF_ROUTES,
];

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
    if (match === null || (routes.since ?? 0) > call.cloud.minor) continue;
    const { method } = call.request;
    const bare = routes.bare.get(method);
    const route = bare ?? routes.full.get(method);
    if (route === undefined) {
      await checkBody(call);
      throw methodNotAllowed(routes.allow);
    }
    if (!isRequestId(given)) throw new Failure(431);
    if (bare !== undefined) await checkNoBody(call.request);
    const routed = { ...call, params: match.slice(1), action: actionOf(method, routes.name) };
    // For images and namespaces, a 404 for an invisible one comes before the policy check.
    if (!/^\/(images|metadefs\/namespaces)\/\*/.test(routes.name)) {
      checkPolicy(routed, routed.action);
    }
    return await route(routed);
  }
  throw IMPLEMENTED.includes(call.request.method) ? notFound() : new Failure(501);
}

function methodNotAllowed(allow: string | null): Failure {
  return allow === null ? notFound() : new Failure(405, "", { headers: { allow } });
}
