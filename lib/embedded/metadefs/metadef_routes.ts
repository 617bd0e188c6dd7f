/**
 * Routes of the metadata definitions.
 *
 * @module
 */

import { listNamespaces } from "./listing.ts";
import {
  createNamespace,
  deleteNamespace,
  deleteParts,
  showNamespace,
  updateNamespace,
} from "./namespaces.ts";
import { addObject, deleteObject, listObjects, showObject, updateObject } from "./objects.ts";
import {
  addProperty,
  deleteProperty,
  listProperties,
  showProperty,
  updateProperty,
} from "./properties.ts";
import {
  addAssociation,
  listAssociations,
  listResourceTypes,
  removeAssociation,
} from "./resource_types.ts";
import {
  addMetadefTag,
  addTags,
  listTags,
  removeMetadefTag,
  renameTag,
  showTag,
} from "./metadef_tags.ts";
import { defineRoute, type PathRoutes } from "../request/route.ts";

const NAMESPACE = "/metadefs/namespaces/*";

export const METADEF_ROUTES: readonly PathRoutes[] = [
  defineRoute("/metadefs/resource_types", "GET", { GET: listResourceTypes }),
  defineRoute("/metadefs/namespaces", "GET, POST", {}, {
    GET: listNamespaces,
    POST: createNamespace,
  }),
  defineRoute(NAMESPACE, "GET, PUT, DELETE", { GET: showNamespace, DELETE: deleteNamespace }, {
    PUT: updateNamespace,
  }),
  defineRoute(`${NAMESPACE}/resource_types`, "GET, POST", { GET: listAssociations }, {
    POST: addAssociation,
  }),
  defineRoute(`${NAMESPACE}/resource_types/*`, "DELETE", { DELETE: removeAssociation }),
  defineRoute(`${NAMESPACE}/properties`, "GET, POST, DELETE", {
    GET: listProperties,
    DELETE: deleteParts("properties"),
  }, { POST: addProperty }),
  defineRoute(`${NAMESPACE}/properties/*`, "GET, PUT, DELETE", {
    GET: showProperty,
    DELETE: deleteProperty,
  }, { PUT: updateProperty }),
  defineRoute(`${NAMESPACE}/objects`, "GET, POST, DELETE", { DELETE: deleteParts("objects") }, {
    GET: listObjects,
    POST: addObject,
  }),
  defineRoute(`${NAMESPACE}/objects/*`, "GET, PUT, DELETE", {
    GET: showObject,
    DELETE: deleteObject,
  }, {
    PUT: updateObject,
  }),
  defineRoute(`${NAMESPACE}/tags`, "GET, POST, DELETE", { DELETE: deleteParts("tags") }, {
    GET: listTags,
    POST: addTags,
  }),
  defineRoute(`${NAMESPACE}/tags/*`, "GET, POST, PUT, DELETE", {
    GET: showTag,
    POST: addMetadefTag,
    DELETE: removeMetadefTag,
  }, { PUT: renameTag }),
];
