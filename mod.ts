/**
 * A client for Glance, the image service of OpenStack, on the web platform: requests by `fetch`, image
 * data as `ReadableStream`s, retries, and failover over several servers.
 *
 * `connect()` reads the same configuration as the `openstack` command (`OS_CLOUD` and `clouds.yaml`, or
 * `OS_*` variables), or `GLANCE_API_SERVERS` for a Glance without Keystone.
 *
 * @example
 * ```ts
 * import { connect } from "@glance-edge/glance";
 * import { createEmbeddedGlance } from "@glance-edge/glance/embedded";
 * import { assert } from "@std/assert";
 *
 * const glance = createEmbeddedGlance();
 * const { service, context } = await connect({
 *   apiServers: ["glance.example:9292"], // leave all of this out to use your cloud
 *   environment: {},
 *   fetch: (input, init) => glance.fetch(new Request(input, init)),
 * });
 * const data = new Blob(["the bytes of a disk"]);
 * const image = await service.create(
 *   context,
 *   { name: "disk", diskFormat: "raw", containerFormat: "bare" },
 *   data,
 * );
 * for await (const { id, name, size } of service.list(context)) console.log(id, name, size);
 * const stream = await service.download(context, image.id);
 * assert(await new Response(stream).text() === "the bytes of a disk");
 * ```
 *
 * @module
 */

// The service, and how to get one.
export { connect, type Connection, type ConnectOptions } from "./lib/connect.ts";
export { getDefaultImageService, getRemoteImageService } from "./lib/images/remote.ts";
export { GlanceImageService } from "./lib/images/service.ts";
export type { UpdateOptions } from "./lib/images/update_image.ts";
export type { FilterValue, ListParameters, SortDir } from "./lib/api/query.ts";
export type {
  Image,
  ImageLocation,
  ImageMember,
  ImageMeta,
  ImageStatus,
  ImageStore,
  ImageVisibility,
  JsonValue,
} from "./lib/api/types.ts";

// Image data.
export { downloadImage } from "./lib/transfer/download/download.ts";
export type {
  DownloadOptions,
  ImageBytes,
  InspectMode,
  Progress,
  UploadData,
  UploadOptions,
  Verify,
} from "./lib/transfer/types.ts";

// What an image is, from its bytes. More is in lib/formats/mod.ts, which bundlers leave out of other programs.
export { inspectImage } from "./lib/formats/inspect_image.ts";
export type { ImageInspection, InspectionFailure, InspectOptions } from "./lib/formats/types.ts";

// Jobs that take more than one request.
export { findImage } from "./lib/jobs/find_image.ts";
export { copyImage, type CopyOptions, type ServiceAccess } from "./lib/jobs/copy_image.ts";
export {
  type ExportedImage,
  exportImage,
  type ExportOptions,
  type PortableRecord,
} from "./lib/jobs/export_image.ts";
export { restoreImage, type RestoreOptions } from "./lib/jobs/restore_image.ts";
export type { CompareOptions } from "./lib/jobs/compare_data.ts";
export { importImage, type ImportOptions } from "./lib/jobs/import_image.ts";
export type {
  DataSource,
  ImportMethod,
  ImportSource,
  ImportTargets,
  OwnSource,
  RegionSource,
  UrlSource,
} from "./lib/jobs/import_plan.ts";
export { type CreateFromOptions, createImageFrom } from "./lib/jobs/from_url/create_image_from.ts";
export type { ChecksumOptions } from "./lib/jobs/from_url/find_checksum.ts";
export type { SourceProgress } from "./lib/jobs/from_url/image_source.ts";
export { type ImportWaitOptions, waitForImport } from "./lib/jobs/wait_for_import.ts";
export type { ImportGoal, ImportProgress } from "./lib/jobs/import_state.ts";
export { type StatusWaitOptions, waitForStatus } from "./lib/jobs/wait_for_status.ts";
export type { WaitOptions } from "./lib/jobs/poll.ts";
export {
  type ImageRecords,
  type SignatureProperties,
  type SignatureVerifier,
  verifyImageSignature,
  type VerifySignatureOptions,
} from "./lib/transfer/integrity/image_signature.ts";

// The client below the service. The module `api` has the operations that it calls.
export { GlanceClientWrapper } from "./lib/api/client.ts";
export { ApiClient, type GlanceClientWrapperOptions } from "./lib/api/api_client.ts";
export type { CallOptions } from "./lib/http/request_spec.ts";
export { getApiServers } from "./lib/auth/api_servers.ts";
export type { ApiServer, CatalogInfo } from "./lib/api_server.ts";
export type { GlanceOptions } from "./lib/options.ts";
export type { GlanceEvent } from "./lib/events.ts";

// Authentication.
export { authenticate, type Credentials } from "./lib/auth/keystone.ts";
export type { AuthMethod } from "./lib/auth/credentials.ts";
export type { CatalogEndpoint, CatalogEntry, RequestContext } from "./lib/context.ts";
export type { Environment } from "./lib/auth/clouds/mod.ts";
export type { YamlOptions, YamlParser, YamlTag } from "./lib/auth/clouds/yaml.ts";

// The errors that most programs handle. The module `errors` has all.
export {
  AuthenticationFailed,
  Conflict,
  GlanceConnectionFailed,
  GlanceError,
  ImageConflict,
  ImageContentRejected,
  ImageDownloadFailed,
  ImageIntegrityError,
  ImageLimitExceeded,
  ImageNotAuthorized,
  ImageNotFound,
  ImageUploadFailed,
  Invalid,
  InvalidConfigurationValue,
  NotAuthorized,
  NotFound,
} from "./lib/errors.ts";
