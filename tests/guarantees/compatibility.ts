/** Responses equal those of Glance, output equals that of `glance`. */
import type { Guarantee } from "./guarantee.ts";

export const COMPATIBILITY: readonly Guarantee[] = [
  [
    "Tags and names with backslashes, control characters and dots select what they select in Glance.",
    "router/path_test.ts: addressOf() encodes any other name as a single segment",
    "router/raw_requests_test.ts: createImageRouter() responds to … over a socket as its server does",
    "live/differential/gateway_differences.ts: a name that consists of dots",
  ],
  [
    "`Location` of a namespace leads to that namespace.",
    "router/path_test.ts: POST /metadefs/namespaces returns a Location that leads to a namespace of any name",
  ],
  [
    "The body of a method without one is read as Glance reads it.",
    "router/forward/proxy_json_test.ts: DELETE forwards a body only when Content-Length announces it, as Glance reads it",
    "router/raw_requests_test.ts: createImageRouter() responds to … over a socket as its server does",
    "live/differential/gateway_differences.ts: a body of a request whose method or path takes none",
  ],
  [
    "The announced size is ignored by the gateway of a cloud that ignores it.",
    "router/forward/upload_test.ts: PUT /file stores the data as sent when Glance ignores X-OpenStack-Image-Size",
  ],
  [
    "An error body has the media type that Glance chooses.",
    "router/routes_test.ts: createImageRouter() returns the bodies of Glance for 404 and 405, in each of its three forms",
    "contract/discovery_checks.ts: an error is plain text when Accept allows neither HTML nor JSON",
    "router/raw_requests_test.ts: createImageRouter() responds to … over a socket as its server does",
  ],
  [
    "PATCH of another content type responds with 415 as Glance does.",
    "contract/patch_checks.ts: PATCH of another content type returns 415 with Accept-Patch",
    "router/raw_requests_test.ts: createImageRouter() responds to … over a socket as its server does",
  ],
  [
    "The health check responds as Glance does.",
    "router/raw_requests_test.ts: createImageRouter() responds to … over a socket as its server does",
  ],
  [
    "A caller without a valid token gets 401 before 404 and 405.",
    "router/routes_test.ts: createImageRouter() responds with 401 to an unknown path or method when the token is invalid",
    "contract/discovery_checks.ts: 401 comes before 404 and 405",
  ],
  [
    "Unknown versions, slashes after the version, and versions in a media type are read as Glance reads them.",
    "router/path_test.ts: createImageRouter() returns the list of versions for an unknown minor version",
    "router/path_test.ts: createImageRouter() ignores slashes before and after the version, also for authorize",
    "router/path_test.ts: createImageRouter() forwards a version in the URL or in the media type when Glance supports it",
    "router/path_test.ts: GET /versions lists the versions when more segments follow",
    "router/raw_requests_test.ts: createImageRouter() responds to … over a socket as its server does",
  ],
  [
    "A route that is newer than the cloud is 404.",
    "router/routes_test.ts: createImageRouter() responds with 404 to every method of a path that an old cloud does not have",
  ],
  [
    "Several ranges and malformed ranges differ from Glance on purpose, for a reason that is stated.",
    "live/differential/gateway_differences.ts: several ranges",
    "live/differential/gateway_differences.ts: a range that is malformed, or in another unit",
  ],
  [
    "An owner does not give an image away.",
    "contract/patch_checks.ts: PATCH does not let an owner give the image away",
  ],
  [
    "An import into a read-only store fails.",
    "contract/read_only_store_checks.ts: an import into a read-only store fails",
  ],
  [
    "Queries and bodies that are not UTF-8 are refused.",
    "contract/text_checks.ts: a query that is not UTF-8 returns 400 on every path that parses it",
    "contract/text_checks.ts: a JSON body that … returns 400",
  ],
  [
    "Characters of four bytes are refused if Glance refuses them.",
    "contract/text_checks.ts: an emoji is rejected in tags, property names, and members",
    "contract/text_checks.ts: an emoji is rejected in every column of a metadata definition",
  ],
  [
    "A malformed range of a queued image is 416.",
    "contract/data_checks.ts: GET of a malformed range returns 416 or 400 if there is no data",
  ],
  [
    "No request makes the embedded Glance answer 500.",
    "embedded/no_input_fails_test.ts: createEmbeddedGlance() never responds to a random request with 500",
  ],
  [
    "Paths are read byte by byte, and names compare and sort as the database has them.",
    "contract/text_checks.ts: a path is decoded byte by byte",
    "contract/text_checks.ts: names are compared without case, accents, and trailing spaces",
    "contract/text_checks.ts: a list is sorted with the database's collation",
  ],
  [
    "`kernel_id` and `ramdisk_id` are image ids.",
    "contract/patch_checks.ts: kernel_id and ramdisk_id are image ids or null",
  ],
  [
    "Property protections, policies, import filters and quotas in bytes are modeled.",
    "embedded/operator_rules_test.ts: createEmbeddedGlance() forbids to create, read, update, and delete a property when propertyRules say so",
    "embedded/operator_rules_test.ts: createEmbeddedGlance() rejects … … with 403 when policy forbids …",
    "embedded/operator_rules_test.ts: createEmbeddedGlance() filters imports when importFilter is …",
    "embedded/operator_rules_test.ts: createEmbeddedGlance() limits the bytes of a project when userStorageQuota is set",
  ],
  [
    "Random requests find no difference that the table of differences does not explain.",
    "live/differential_test.ts: createImageRouter() and createEmbeddedGlance() respond to random requests as a real Glance does",
  ],
];
