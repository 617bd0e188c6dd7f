/**
 * The meanings of the error statuses of each operation. For documentation: not needed to call an operation.
 */

/** The meanings by status. */
type Meanings = Readonly<Record<number, string>>;

const ADMIN = "for administrators only";
const NO_CACHE = "the server has no cache";
const NO_CACHED_IMAGE = "no such image, or the server has no cache";
const NO_MEMBER = "no such image or member, or not visible to the caller";
const QUOTA = "a quota is reached";
const SIZE_LIMIT = "a quota or a size limit is reached";
const UNKNOWN_SIZE = "a proxy rejects data of unknown size";
const NOT_OWNER = "not the owner of the image";

const NEW_DEFINITION = { 400: "an invalid definition", 409: "the name is taken" };
const CHANGED_DEFINITION = {
  400: "an invalid definition",
  404: "no such name in the namespace, or already renamed",
  409: "the new name is taken",
};
const ONE_DEFINITION = { 404: "no such namespace, or no such name in it" };
const LISTED_DEFINITIONS = { 400: "no such sort direction or limit" };

/** Meanings that differ from the usual ones, by operation. */
export const ERROR_MEANINGS: Readonly<Record<string, Meanings>> = {
  list: { 400: "no such marker, sort key or filter value" },
  create: {
    400: "an invalid property",
    403: "a property that only Glance or an administrator sets",
    409: "the id is taken",
    413: QUOTA,
  },
  update: {
    400: "an operation that Glance does not support, or an invalid value",
    403: "not the owner of the image, or a property that only Glance sets",
    409: "a property to remove or replace does not exist",
    413: QUOTA,
  },
  delete: { 403: "protected, or not the owner of the image", 409: "in use" },
  import: {
    400: "the method is not enabled, lacks a parameter, or its source is not allowed",
    403: NOT_OWNER,
    409: "a status that does not allow an import, an import in progress, or no such store",
    413: QUOTA,
    502: "the server that holds the staged data is unreachable",
    504: "the server that holds the staged data does not respond",
  },
  deactivate: { 403: "neither active nor deactivated, or not allowed" },
  reactivate: { 403: "neither active nor deactivated, or not allowed" },
  addImageLocation: {
    400: "no store for such a URL, or an incomplete hash",
    403: "neither a service nor the owner with an http store",
    409: "not queued",
  },
  getImageLocations: { 403: "not a service" },
  deleteFromStore: {
    403: "its last location, or not the owner of the image",
    404: "no such image, or not in this store",
    409: "no such store, not active, or in use",
  },
  data: {
    400: "the store does not support ranges, or a preferred store does not exist",
    403: "deactivated, or not allowed",
    416: "no such range",
    503: "the store is unavailable",
  },
  upload: {
    400: "no formats, not the announced size, no such store, or a wrong signature",
    403: NOT_OWNER,
    409: "not queued",
    410: "deleted or filled by another request",
    411: UNKNOWN_SIZE,
    413: SIZE_LIMIT,
    415: "not of the format of the image, or unsafe",
    503: "the store is unavailable",
  },
  stage: {
    403: NOT_OWNER,
    404: "no such image, or the cloud does not import staged data",
    409: "not queued, or staged already",
    411: UNKNOWN_SIZE,
    413: SIZE_LIMIT,
    503: "the staging area is unavailable",
  },
  "members.list": { 403: "not shared" },
  "members.get": { 404: NO_MEMBER },
  "members.create": {
    400: "not a project id",
    403: "not shared, or not the owner of the image",
    409: "already a member",
    413: "the quota of members is reached",
  },
  "members.update": { 400: "no such status", 403: "not the member", 404: NO_MEMBER },
  "members.delete": { 403: "not shared, or not the owner of the image", 404: NO_MEMBER },
  "tags.update": { 400: "longer than 255 characters", 413: "the quota of tags is reached" },
  "tags.delete": { 404: "no such image or tag, or not visible to the caller" },
  "info.stores": { 404: "the cloud has one store" },
  "info.storesDetail": { 403: ADMIN, 404: "the cloud has one store" },
  "schemas.get": { 404: "no such schema" },
  "schemas.getMetadef": { 404: "no such schema" },
  "tasks.list": { 400: "no such marker, sort key or filter value", 403: ADMIN },
  "tasks.get": { 403: ADMIN, 404: "no such task, or not visible to the caller" },
  "tasks.create": { 400: "no such type, or unusable input", 403: ADMIN },
  "tasks.delete": { 403: ADMIN, 405: "always" },
  healthcheck: { 404: "the cloud has no healthcheck", 503: "unhealthy" },
  "cache.list": { 403: ADMIN, 404: NO_CACHE },
  "cache.queue": { 400: "not active", 403: ADMIN, 404: NO_CACHED_IMAGE },
  "cache.delete": { 403: ADMIN, 404: NO_CACHED_IMAGE },
  "cache.clear": { 400: "no such target", 403: ADMIN, 404: NO_CACHE },
  "cache.clean": { 403: ADMIN, 404: NO_CACHE },
  "cache.prune": { 403: ADMIN, 404: NO_CACHE },
  "cache.nodes": { 403: ADMIN, 404: NO_CACHED_IMAGE, 409: "the cache uses another driver" },
  "metadefs.namespaces.list": {
    400: "no such sort direction, limit or visibility",
    404: "no such marker",
  },
  "metadefs.namespaces.create": NEW_DEFINITION,
  "metadefs.namespaces.update": {
    400: "an invalid definition",
    404: "no such namespace, not visible to the caller, or already renamed",
    409: "the new name is taken",
  },
  "metadefs.namespaces.delete": { 403: "protected, or not the owner of the namespace" },
  "metadefs.associations.create": { 400: "an invalid association", 409: "already associated" },
  "metadefs.associations.delete": { 404: "no such namespace, or no such resource type in it" },
  "metadefs.objects.list": LISTED_DEFINITIONS,
  "metadefs.objects.create": NEW_DEFINITION,
  "metadefs.objects.get": ONE_DEFINITION,
  "metadefs.objects.update": CHANGED_DEFINITION,
  "metadefs.objects.delete": ONE_DEFINITION,
  "metadefs.properties.create": NEW_DEFINITION,
  "metadefs.properties.get": ONE_DEFINITION,
  "metadefs.properties.update": CHANGED_DEFINITION,
  "metadefs.properties.delete": ONE_DEFINITION,
  "metadefs.tags.list": LISTED_DEFINITIONS,
  "metadefs.tags.create": { 400: "longer than 80 characters", 409: "it exists already" },
  "metadefs.tags.createAll": { 400: "an invalid tag", 409: "an existing or repeated tag" },
  "metadefs.tags.get": ONE_DEFINITION,
  "metadefs.tags.update": CHANGED_DEFINITION,
  "metadefs.tags.delete": ONE_DEFINITION,
};

/** The error statuses of an operation, and what each means. */
export function errorMeanings(name: string, path: string): Meanings {
  return { ...usualMeanings(path), ...ERROR_MEANINGS[name] };
}

/** The errors of authentication, policy, and lookup, which all operations have. */
function usualMeanings(path: string): Meanings {
  if (!path.startsWith("/v2/")) return {};
  const refused = { 401: "the token is missing, unknown, or expired", 403: "not allowed" };
  const [, thing] = /\{(image|namespace)(?:_id)?\}/.exec(path) ?? [];
  return thing === undefined
    ? refused
    : { ...refused, 404: `no such ${thing}, or not visible to the caller` };
}
