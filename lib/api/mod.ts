/**
 * The Image API v2, the layer below the image service: the table of operations, the types of requests and responses, and
 * the translation between Glance's records and images.
 *
 * {@linkcode GlanceClientWrapper.call} calls an operation by its name. Most programs need only the image
 * service of the main module.
 *
 * @example
 * ```ts
 * import { GlanceClientWrapper } from "@glance-edge/glance";
 * import { fromGlance, OPERATIONS } from "@glance-edge/glance/api";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assertEquals } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const client = new GlanceClientWrapper({
 *   netloc: "glance.example:9292",
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const record = await client.call({}, "create", { name: "cirros", min_disk: 1 });
 * assertEquals(fromGlance(record).minDisk, 1);
 * assertEquals(OPERATIONS["create"].path, "/v2/images");
 * ```
 *
 * @module
 */

// Operations, and their arguments and results.
export {
  type ApiVersion,
  type CachedImage,
  type CacheOperations,
  type CacheState,
  type CacheTarget,
  type CloudOperations,
  type DataBody,
  type DataOperations,
  type DataRequest,
  type DefinitionOperations,
  type GlanceTask,
  type ImageOperations,
  type ImagePage,
  type ImportInfo,
  type ImportRequest,
  type MemberAndTagOperations,
  type NamespaceOperations,
  type NewImage,
  type NewTask,
  type OperationArgs,
  type OperationDescription,
  type OperationName,
  type OperationResult,
  type Operations,
  type PrunedCache,
  type Query,
  type QuotaUse,
  type SchemaDocument,
  type StoreDetail,
  type TaskPage,
  type UploadRequest,
  type Usage,
} from "./operations.ts";
export type { Operation, RequestParts } from "./operation.ts";
export type { Receive } from "./decode.ts";
export {
  METADEF_SCHEMA_NAMES,
  type MetadefSchemaName,
  SCHEMA_NAMES,
  type SchemaName,
} from "./wire.ts";
export type {
  MetadefAssociation,
  MetadefDates,
  MetadefNamespace,
  MetadefNamespaceMeta,
  MetadefNamespacePage,
  MetadefObject,
  MetadefObjectBody,
  MetadefProperties,
  MetadefProperty,
  MetadefPropertySchema,
  MetadefResourceType,
  MetadefTag,
  MetadefType,
  MetadefView,
  NewMetadefAssociation,
  NewMetadefNamespace,
  NewMetadefObject,
  NewTagsOptions,
} from "./operations/metadef_types.ts";
export type { JsonPatch, PatchOperation } from "./patch.ts";

export { OPERATIONS } from "./operations/descriptions.ts";

// Records and images.
export {
  type GlanceImage,
  IMAGE_STATUSES,
  IMAGE_VISIBILITIES,
  MEMBER_STATUSES,
  type MemberStatus,
  type ValidationData,
} from "./types.ts";
export { fromGlance, toGlance } from "./translate.ts";

// Requests and responses.
export type { Deadline } from "../http/deadline.ts";
export type { FailureFacts, ServerHealth } from "../http/retry/server_health.ts";
export type { TokenSource } from "../http/token_source.ts";
export type {
  CallPolicy,
  OpenResponse,
  RequestSpec,
  ResponseHandler,
  WireRequest,
} from "../http/request_spec.ts";
export type { ResolvedOptions } from "../options.ts";
export { errorFromStatus } from "../http/error_from_status.ts";
export type { ErrorResponse } from "../http/status_error.ts";
export { redact } from "../redact.ts";
