/**
 * What the project guarantees at its edge, and the tests that prove each guarantee. `guarantees_test.ts`
 * checks that every one of these tests exists.
 */

/**
 * A sentence that holds, and its proofs: `file: name of the test`, with the file below `tests/` and `…` for what
 * a table of cases fills in. A file in `bench/` is run by hand.
 */
export type Guarantee = readonly [holds: string, ...proofs: readonly string[]];

export const GUARANTEES: Readonly<Record<string, readonly Guarantee[]>> = {
  "Uploads": [
    [
      "The time of a chunked upload is linear in its size: no body is queued ahead of its reader.",
      "cli/http_server_test.ts: serve() reads a body no faster than its handler",
      "bench/upload.ts: upload, …, through the gateway",
    ],
    [
      "The gateway's README names a listener with the same property for programs that use the router on Deno.",
      "readme_test.ts: every TypeScript block of … checks and runs",
    ],
    [
      "An upload through the gateway, and one into --data, keeps its share of nginx's speed.",
      "bench/upload.ts: upload, …, through the gateway",
      "bench/upload.ts: upload, …, into --data",
    ],
    [
      "An upload to a slow store adds at most 64 MiB to the process.",
      "router/forward/upload_test.ts: PUT /file reads from the client as fast as the server reads",
      "runtimes/suite.ts: upload queue",
      "bench/upload.ts: memory added by an upload, …, to a store of … MB/s",
    ],
    [
      "The listener of `start` does not slow downloads down.",
      "bench/gateway.ts: gateway, file, resume armed",
      "bench/gateway.ts: gateway, file, pass-through",
    ],
    [
      "Progress counts bytes that the server has accepted.",
      "transfer/upload_request_test.ts: upload() reports a chunk when the runtime asks for the next, and a known total after the answer",
      "transfer/upload_request_test.ts: upload() never reports a known total when the data was not stored",
      "cli/upload_test.ts: image-create shows 100 % only at the end",
    ],
  ],
  "Right bytes": [
    [
      "The gateway answers 502 or resets the connection when a server lies about image data.",
      "router/lies_test.ts: An answer to /file that … is an error or a reset for the caller",
      "router/lies_test.ts: verify resets a body with wrong bytes of the right number, with resume on and off",
    ],
    [
      "The log reports such an answer as failed, and only an honest one as complete.",
      "router/lies_test.ts: An answer to /file that … is an error or a reset for the caller",
      "router/lies_test.ts: A correct response to /file is delivered completely and logged as complete",
    ],
    [
      "Data is checked whichever header asks for the range, and for administrators as well.",
      "router/promise_test.ts: A request with Content-Range gets the response of one with Range, with resume on and off",
      "router/promise_test.ts: An administrator can read a deactivated image, with the checks of any other",
      "router/promise_test.ts: Data that Glance sends for an image without data is not forwarded",
    ],
    [
      "A command fails at a wrong path, where Glance answers everything with 300.",
      "cli/args/wording_test.ts: A command exits with 1 at a wrong path, where Glance answers everything with 300",
      "images/promise_test.ts: The list of versions at a wrong path says that there is no Image API",
    ],
    [
      "Every operation refuses a status that it does not promise.",
      "images/promise_test.ts: Every operation refuses each status below 400 that its row does not promise",
      "router/promise_test.ts: A status below 400 that an operation does not define is 502, and logged as failed",
    ],
    [
      "Every operation refuses a success whose body is empty or foreign.",
      "images/promise_test.ts: Every operation that promises a document refuses one that is empty or foreign",
      "images/promise_test.ts: Every operation without a result refuses a page",
      "router/promise_test.ts: A response that is empty or not of the operation is 502, and logged as failed",
    ],
    [
      "HEAD for an active image of unknown size announces no length.",
      "router/promise_test.ts: HEAD for an active image of unknown size announces no length, on a socket",
      "router/promise_test.ts: HEAD for an active image of unknown size is refused if an application around the router would announce 0 bytes",
    ],
    [
      "No header is built from a record value of the wrong type.",
      "router/promise_test.ts: No header is made from a record value of the wrong type",
      "images/promise_test.ts: A record whose size, hash or name has the wrong type is not a record",
    ],
    [
      "Data that follows an announced size of 0 is refused with 400.",
      "contract/data_checks.ts: PUT of data with x-openstack-image-size 0 returns 400",
      "router/forward/upload_test.ts: PUT /file is refused and not stored when its length differs from the announced one",
    ],
    [
      "An image href without a host is refused.",
      "images/remote_test.ts: getRemoteImageService refuses …, and says what is wanted",
      "api_server_test.ts: parseApiServer() refuses …, and shows the expected form",
    ],
  ],
  "Downloads that finish": [
    [
      "A download uses every usable answer to a range: earlier, shorter, whole, or in parts.",
      "sockets/range_lies_test.ts: A download that breaks goes on when the other server answers a range with …",
      "transfer/download/multipart_test.ts: findBodyPart() finds the part with the wanted byte in chunks of … bytes",
    ],
    [
      "An overlap is compared with the bytes that were delivered.",
      "transfer/download/overlap_test.ts: A part that starts earlier is used if its first bytes are those that were delivered",
      "transfer/download/overlap_test.ts: The rest as 200 without a label is not believed without a hash",
    ],
    [
      "A download falls back to the whole image, and does not repeat a question that has failed.",
      "transfer/download/resume_policy_test.ts: Candidates asks for the whole image after two fruitless ranges of each server",
      "transfer/download/range_source_test.ts: The only server is asked for no range again after it has given the whole",
    ],
    [
      "Running the command again finishes a part, whatever the servers answer to ranges.",
      "sockets/range_lies_test.ts: image-download finishes a part when every server answers a range with …",
    ],
    [
      "A server that denies the image during a download is passed over, and the others are asked.",
      "transfer/server_choice_test.ts: A download goes on at the server that broke when the others answer …",
      "transfer/server_choice_test.ts: A server that denied the image is asked again after another one has delivered and died",
    ],
    [
      "A server that fails goes to the end of the queue.",
      "transfer/download/resume_policy_test.ts: Candidates asks a server that failed after the others, the oldest failure first",
    ],
    [
      "An active image that one server does not have is requested from the others.",
      "transfer/server_choice_test.ts: A download begins at the only server that does not answer …",
    ],
    [
      "One caller's mistake changes nothing for other callers.",
      "transfer/download/range_memory_test.ts: A caller's wrong store changes nothing for the other callers of a gateway",
      "transfer/download/range_memory_test.ts: A 400 to a range and to the whole image alike teaches nothing about the store",
    ],
    [
      "What was learned about ranges expires.",
      "transfer/download/range_memory_test.ts: RangeMemory forgets after ten minutes",
      "transfer/download/range_memory_test.ts: A store that did not seek is asked for ranges again after ten minutes",
    ],
    [
      "The error about a store that is slow to begin names the option and the flag that help.",
      "transfer/download/resuming_reader_test.ts: download() names requestTimeout when no response arrives in time",
      "cli/failures_test.ts: sentenceOf() names flags in place of the options of the library that they set",
    ],
  ],
  "Uploads that Glance still stores": [
    [
      "An upload waits while the image is saving, after a proxy's 504 and after silence.",
      "transfer/upload_wait_test.ts: create() of … waits while the image is saving when …",
      "sockets/upload_proxies_test.ts: create() of … waits after nginx's 504 with proxy_request_buffering …",
      "cli/upload_test.ts: image-create waits, and says so, when a proxy gives up while Glance stores the data",
    ],
    [
      "An image whose bytes are complete is never deleted while it is saving.",
      "transfer/upload_wait_test.ts: create() keeps an image that is saving without a change for an hour when …",
      "transfer/upload_wait_test.ts: create() keeps an image that is saving when it is aborted after the last byte",
      "sockets/upload_answers_test.ts: create() keeps an image of which nothing is heard for an hour",
    ],
    [
      "Only of a stream does a message say that its data can be read only once.",
      "transfer/upload_request_test.ts: upload() says that data can be read only once of streams alone",
      "cli/upload_test.ts: image-create says of standard input, and not of a file, that it can be read only once",
    ],
    [
      "A token that is refused during an upload is renewed once, and re-readable data is sent again.",
      "transfer/upload_request_test.ts: upload() renews a refused token once, and sends data that can be read again",
      "sockets/upload_proxies_test.ts: create() renews the token that nginx refuses without reading the data",
    ],
    [
      "A proxy that wants a length gets the size when it is known; otherwise the error says what to do.",
      "transfer/upload_request_test.ts: upload() says what to do when a proxy wants a length that is unknown",
      "sockets/upload_proxies_test.ts: create() sends the size that lighttpd wants, and says so when it is unknown",
      "cli/upload_test.ts: image-create sends the size of a file, and says what to do when that of a pipe is wanted",
    ],
    [
      "A browser sends Blobs and byte arrays as they are.",
      "transfer/upload_request_test.ts: upload() sends a Blob as it is in a browser, and compares its hash",
      "runtimes/suite.ts: upload Blob",
      "runtimes/suite.ts: upload bytes",
    ],
    [
      "The module and the router run on every runtime, and the module in Chromium.",
      "runtimes/matrix_test.ts: The module and the router do the same on every runtime",
    ],
  ],
  "Resources": [
    [
      "A request body has a deadline, a limit, and a share of a total limit.",
      "router/request_body_test.ts: withBody() answers 413 at its limit when a body is endless, with any token",
      "router/request_body_test.ts: withBody() answers 408 after a minute when a body does not arrive",
      "router/request_body_test.ts: withBody() leaves room for other clients when one sends many bodies, by token and by address",
      "embedded/bounds_test.ts: fetch() rejects an endless JSON body at the limit on every path",
    ],
    [
      "No body is read before a token is present.",
      "router/request_body_test.ts: Without a token, Glance's 401 is sent before any byte of the body is read",
      "embedded/bounds_test.ts: fetch() rejects an unknown token before reading the body",
    ],
    [
      "Every read of an answer is bounded: from Glance, Keystone and the host of an href.",
      "http/json_test.ts: An endless response to a request for … is an error that names the limit",
      "http/json_test.ts: An endless error response to a request for … is read only up to the limit of a quote",
    ],
    [
      "Work on external input grows in proportion to it.",
      "growth_test.ts: … takes time in proportion to the length of what it reads",
      "embedded/bounds_test.ts: fetch() takes linear time for a request with many …",
    ],
    [
      "A long path costs linear time while Glance answers 503.",
      "router/long_paths_test.ts: A long path of … costs time in proportion to it while Glance answers 503",
    ],
    [
      "A clouds.yaml whose aliases expand without end is a typed error.",
      "auth/clouds/yaml_test.ts: readCloud() rejects … in bounded time",
    ],
    [
      "The process survives the end of its descriptors.",
      "cli/http_server_test.ts: HttpListener goes on accepting after the system had no descriptor, or the client had left",
      "cli/start_process_test.ts: start survives more connections than it has descriptors, and serves the next",
    ],
    [
      "Silent sockets, half-sent headers and stalled uploads are closed.",
      "cli/http_server_test.ts: serve() closes connections whose clients say nothing",
      "cli/http_server_test.ts: serve() closes the connection of a client that takes nothing",
    ],
    [
      "An image of the embedded Glance does not stay `saving` when its upload stalls or its sender leaves.",
      "embedded/socket_test.ts: an upload leaves the image queued when the client disconnects",
      "embedded/socket_test.ts: an upload leaves the image queued when the client stalls",
      "embedded/store/directory_test.ts: directoryStore() makes an image … after a crash …",
    ],
    [
      "A stalled request does not block SIGTERM.",
      "cli/http_server_test.ts: serve() cuts what still runs when the drain has lasted long enough, and says what it was",
      "cli/start_process_test.ts: start --drain-timeout cuts a stalled upload, reports it, and leaves the image queued",
    ],
    [
      "Standard error that is not read does not let memory grow.",
      "cli/system/console_test.ts: Messages drops and counts lines while standard error is not read, and reports them once",
      "cli/start_process_test.ts: start holds its memory and ends on SIGTERM though nothing reads its standard error",
    ],
    [
      "Unread ranges hold a bounded amount of memory and upstream connections.",
      "router/fair_callers_test.ts: GET /file of a small range is not delayed when another client leaves 600 ranges unread",
      "router/slow_readers_test.ts: … slow readers at once hold at most 64 MiB more of the gateway's process than one",
    ],
    [
      "The stalled downloads of one caller do not delay other callers.",
      "router/fair_callers_test.ts: GET /file waits for two admissions at most when another client has 200 stalled downloads",
    ],
    [
      "A callback that throws or rejects does not end the process.",
      'callbacks_test.ts: An "onEvent" or "onProgress" that … does not disturb a transfer',
      'callbacks_test.ts: A "log" or "onEvent" of a gateway that … does not disturb an answer',
    ],
    [
      "Bytes are exact, or the outcome is a typed error or a refusal, when all neighbors misbehave.",
      "sockets/hostile_neighbors_test.ts: createImageRouter() answers with exact bytes or a refusal when servers, proxies and callers misbehave",
      "sockets/hostile_neighbors_test.ts: GlanceImageService downloads exact bytes or fails with a GlanceError when servers and proxies misbehave",
      "sockets/hostile_neighbors_test.ts: GlanceImageService.create() leaves the sent bytes or no active image when servers and proxies misbehave",
    ],
    [
      "Memory and descriptors stay flat during ten minutes of mixed load.",
      "bench/soak.ts: soak",
    ],
  ],
  "Access": [
    [
      "A direct URL is read only if a trusted server names it.",
      "transfer/download/file_location_test.ts: getRemoteImageService() reads no file that the record of an untrusted server names",
    ],
    [
      "Only `true` or a `Response` of `authorize` decides.",
      "router/access_test.ts: authorize allows a request only when it returns true, and any other result is logged",
      'callbacks_test.ts: An "authorize" that … gives no access: 500, and the log says why',
    ],
    [
      "An id has one spelling, for `authorize` and for the servers.",
      "router/access_test.ts: authorize gets the canonical spelling of an id, and so do the servers",
    ],
    [
      "Without accounts, a loopback address answers loopback hosts only.",
      "cli/start_test.ts: start on a loopback address answers no request for another host, and no cross-site write",
      "router/host_guard_test.ts: allowedHosts answers 403 to any other host name",
    ],
    [
      "A write that a page of another site sends reaches no server.",
      "router/host_guard_test.ts: checkHost() rejects a write without a token from a page of another site",
    ],
    [
      "The startup warning says what is refused.",
      "cli/start_process_test.ts: start on an address that others reach warns, and says what is refused",
      "cli/start_test.ts: start serves a sample image, says what to try, and ends in peace",
    ],
    [
      "A Host that is not host[:port] is refused with 400.",
      "router/host_guard_test.ts: A Host that is not host[:port] reaches no server on …",
      "router/path_test.ts: A request with an invalid Host is answered with 400 and not forwarded",
    ],
    [
      "Callers do not see the refusal of the gateway's own token.",
      "router/access_test.ts: Service mode conceals a refusal of the gateway's own token and its issuer",
    ],
    [
      "Output escapes C1 controls and bidirectional marks, also as JSON.",
      "cli/commands_test.ts: No output holds a character that can rewrite or disguise what a terminal shows",
    ],
    [
      "A log line holds a path up to a limit.",
      "router/long_paths_test.ts: RequestLog cuts a path that is longer than its limit",
      "router/observability_test.ts: log() gets a path of at most LOGGED_PATH_LENGTH characters",
    ],
    [
      "No parser prints what it reads.",
      "auth/clouds/yaml_test.ts: No YAML parser prints what it reads",
    ],
    [
      "A download writes its part and record through no link.",
      "cli/system/deno_files_test.ts: downloadToFile() writes nothing to … in place of FILE.…",
      "cli/system/deno_files_test.ts: A record that is a link is not one: the part stays as it is",
    ],
    [
      "A property may have any name, on every runtime.",
      "images/own_members_test.ts: A service creates, shows, updates, lists and exports properties of any name",
    ],
    [
      "An empty `prefer` is the same as none.",
      "router/file/image_file_test.ts: prefer is ignored when it names no store",
    ],
  ],
  "Configuration and messages": [
    [
      "Scalars of clouds.yaml are read as PyYAML reads them, or rejected.",
      "live/yaml_test.ts: Plain scalars are read as PyYAML reads them, or rejected",
      "auth/clouds/yaml_test.ts: readCloud() reads a password as it was written, or asks for quotes",
    ],
    [
      "Every printed command works with the real clients, whatever is configured.",
      "live/printed_commands_test.ts: Every command that start prints for an embedded Glance works, whatever cloud is configured",
      "live/printed_commands_test.ts: Every command that start prints for a cloud reaches the gateway, with the caller's token",
    ],
    [
      "Every setting that is not honored is reported.",
      "auth/clouds/ignored_settings_test.ts: readCloud() reports that … is ignored",
      "auth/clouds/ignored_settings_test.ts: connect() and createCloudGateway() report each ignored setting",
      "cli/commands/shared/cloud_flags_test.ts: A setting that is not honored is named on standard error, once, also without --debug",
    ],
    [
      "Messages of the command line name flags and variables.",
      "cli/args/wording_test.ts: Every message speaks of flags, variables and commands at a terminal",
    ],
    [
      "The edge function of lib/README.md signs in again, answers any path, and serves public images only.",
      "readme_test.ts: every TypeScript block of … checks and runs",
    ],
    [
      "The hint about a protected image fits, and following it helps.",
      "cli/args/wording_test.ts: The hint about … fits, and following it helps",
    ],
    [
      "The error of a deactivated image says so.",
      "cli/args/wording_test.ts: A deactivated image says so, and who can help",
    ],
    [
      "`member-update` by the owner says who may answer the offer.",
      "cli/args/wording_test.ts: member-update by the owner says who may answer the offer",
    ],
    [
      "`glance image list` suggests `image-list`.",
      "cli/args/parse_test.ts: readCommandLine says what is wrong and what to do",
    ],
    [
      "Images can be deleted while they are listed.",
      "images/list_test.ts: list() continues if each yielded image is deleted, for any page size",
      "images/list_test.ts: list() continues if others delete the marker, or all yielded images",
      "cli/commands/info_test.ts: task-list goes on after an earlier task when its marker is gone",
      "cli/metadefs_test.ts: md-namespace-list goes on after an earlier namespace when its marker is gone",
    ],
    [
      "The embedded Glance answers 413 when its disk is full.",
      "embedded/full_disk_test.ts: an upload to a full disk is answered with 413 and changes nothing (tmpfs)",
    ],
    [
      "A row file that is invalid costs that image only, and is named in the log.",
      "embedded/invalid_rows_test.ts: directoryStore() reports a row file that … and loses only that image",
      "cli/start_test.ts: start --data serves the other images and logs the file that is invalid",
    ],
  ],
  "Answers as Glance gives them": [
    [
      "Tags and names with backslashes, control characters and dots lead where Glance leads them.",
      "router/path_test.ts: addressOf() encodes any other name as a single segment",
      "router/raw_requests_test.ts: The gateway answers … over a socket as its server does",
      "live/differential/gateway_differences.ts: a name that consists of dots",
    ],
    [
      "`Location` of a namespace leads to that namespace.",
      "router/path_test.ts: Location of a namespace leads to that namespace, whatever its name",
    ],
    [
      "A body of a method that takes none is read as Glance reads it.",
      "router/forward/proxy_json_test.ts: DELETE forwards a body only when Content-Length announces it, as Glance reads it",
      "router/raw_requests_test.ts: The gateway answers … over a socket as its server does",
      "live/differential/gateway_differences.ts: a body of a request whose method or path takes none",
    ],
    [
      "The announced size is ignored by the gateway of a cloud that ignores it.",
      "router/forward/upload_test.ts: PUT /file stores the data as sent when Glance ignores X-OpenStack-Image-Size",
    ],
    [
      "An error body has the media type that Glance chooses.",
      "router/routes_test.ts: 404 and 405 have the bodies that Glance gives them, in each of its three forms",
      "contract/discovery_checks.ts: an error is plain text when Accept allows neither HTML nor JSON",
      "router/raw_requests_test.ts: The gateway answers … over a socket as its server does",
    ],
    [
      "PATCH of another content type answers 415 as Glance does.",
      "contract/patch_checks.ts: PATCH of another content type returns 415 with Accept-Patch",
      "router/raw_requests_test.ts: The gateway answers … over a socket as its server does",
    ],
    [
      "The health check answers as Glance does.",
      "router/raw_requests_test.ts: The gateway answers … over a socket as its server does",
    ],
    [
      "A caller without a valid token gets 401 before 404 and 405.",
      "router/routes_test.ts: A path or method that the API does not have is 401 to a caller without a valid token",
      "contract/discovery_checks.ts: 401 comes before 404 and 405",
    ],
    [
      "Unknown versions, slashes after the version, and versions in a media type are read as Glance reads them.",
      "router/path_test.ts: An unknown minor version is answered with the list of versions",
      "router/path_test.ts: Slashes between the version and the path are ignored, also by authorize",
      "router/path_test.ts: A version in the URL or in the media type is forwarded when Glance knows it",
      "router/path_test.ts: GET /versions lists the versions, whatever follows in the path",
      "router/raw_requests_test.ts: The gateway answers … over a socket as its server does",
    ],
    [
      "A route that is newer than the cloud is 404.",
      "router/routes_test.ts: A path that an old cloud does not have is 404, whatever the method",
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
      "Characters of four bytes are refused where Glance refuses them.",
      "contract/text_checks.ts: an emoji is rejected in tags, property names, and members",
      "contract/text_checks.ts: an emoji is rejected in every column of a metadata definition",
    ],
    [
      "A malformed range of a queued image is 416.",
      "contract/data_checks.ts: GET of a malformed range returns 416 or 400 if there is no data",
    ],
    [
      "No request makes the embedded Glance answer 500.",
      "embedded/no_input_fails_test.ts: createEmbeddedGlance() never answers a random request with 500",
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
      "embedded/operator_rules_test.ts: propertyRules forbid to create, read, update, and delete a property",
      "embedded/operator_rules_test.ts: policy that forbids … makes … … respond with 403",
      "embedded/operator_rules_test.ts: imports apply the filter …",
      "embedded/operator_rules_test.ts: userStorageQuota limits the bytes of a project",
    ],
    [
      "Random requests find no difference that the table of differences does not explain.",
      "live/differential_test.ts: The gateway and the embedded Glance answer random requests as the real Glance does",
    ],
  ],
};
