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
import { bare, full, type MethodRoute } from "../request/route.ts";

const NAMESPACE = "/metadefs/namespaces/*";

export const METADEF_ROUTES: readonly MethodRoute[] = [
  bare("GET /metadefs/resource_types", "list_metadef_resource_types", listResourceTypes),
  full("GET /metadefs/namespaces", "get_metadef_namespaces", listNamespaces),
  full("POST /metadefs/namespaces", "add_metadef_namespace", createNamespace),
  bare(`GET ${NAMESPACE}`, "get_metadef_namespace", showNamespace),
  full(`PUT ${NAMESPACE}`, "modify_metadef_namespace", updateNamespace),
  bare(`DELETE ${NAMESPACE}`, "delete_metadef_namespace", deleteNamespace),
  bare(`GET ${NAMESPACE}/resource_types`, "list_metadef_resource_types", listAssociations),
  full(`POST ${NAMESPACE}/resource_types`, "add_metadef_resource_type_association", addAssociation),
  bare(
    `DELETE ${NAMESPACE}/resource_types/*`,
    "remove_metadef_resource_type_association",
    removeAssociation,
  ),
  bare(`GET ${NAMESPACE}/properties`, "get_metadef_properties", listProperties),
  full(`POST ${NAMESPACE}/properties`, "add_metadef_property", addProperty),
  bare(`DELETE ${NAMESPACE}/properties`, null, deleteParts("properties")),
  bare(`GET ${NAMESPACE}/properties/*`, "get_metadef_property", showProperty),
  full(`PUT ${NAMESPACE}/properties/*`, "modify_metadef_property", updateProperty),
  bare(`DELETE ${NAMESPACE}/properties/*`, "remove_metadef_property", deleteProperty),
  full(`GET ${NAMESPACE}/objects`, "get_metadef_objects", listObjects),
  full(`POST ${NAMESPACE}/objects`, "add_metadef_object", addObject),
  bare(`DELETE ${NAMESPACE}/objects`, null, deleteParts("objects")),
  bare(`GET ${NAMESPACE}/objects/*`, "get_metadef_object", showObject),
  full(`PUT ${NAMESPACE}/objects/*`, "modify_metadef_object", updateObject),
  bare(`DELETE ${NAMESPACE}/objects/*`, "delete_metadef_object", deleteObject),
  full(`GET ${NAMESPACE}/tags`, "get_metadef_tags", listTags),
  full(`POST ${NAMESPACE}/tags`, "add_metadef_tags", addTags),
  bare(`DELETE ${NAMESPACE}/tags`, null, deleteParts("tags")),
  bare(`GET ${NAMESPACE}/tags/*`, "get_metadef_tag", showTag),
  bare(`POST ${NAMESPACE}/tags/*`, "add_metadef_tag", addMetadefTag),
  full(`PUT ${NAMESPACE}/tags/*`, "modify_metadef_tag", renameTag),
  bare(`DELETE ${NAMESPACE}/tags/*`, "delete_metadef_tag", removeMetadefTag),
];
