/** Who may read and change what. */
import type { Guarantee } from "./guarantee.ts";

export const ACCESS: readonly Guarantee[] = [
  [
    "A direct URL is read only if a trusted server names it.",
    "transfer/download/file_location_test.ts: getRemoteImageService() reads no file that the record of an untrusted server names",
  ],
  [
    "Data that the gateway requests together with the record is sent only if the record is not refused and the data fits it.",
    "router/file/early_request_test.ts: GET /file cancels the data, and sends none of it, when the record is refused",
    "router/file/early_request_test.ts: GET /file sends no byte of data that is not that of the record",
  ],
  [
    "Only `true` or a `Response` of `authorize` decides.",
    "router/access_test.ts: authorize() allows a request only when it returns true, and any other result is logged",
    'callbacks_test.ts: createImageRouter() responds with 500 and logs the cause when "authorize" …',
  ],
  [
    "An id has one spelling, for `authorize` and for the servers.",
    "router/access_test.ts: authorize() gets the canonical spelling of an id, and so do the servers",
  ],
  [
    "Without accounts, a loopback address answers loopback hosts only.",
    "cli/start_gateway_test.ts: runStart() on a loopback address refuses requests for another host, and cross-site writes",
    "router/host_guard_test.ts: allowedHosts responds with 403 to any other host name",
  ],
  [
    "A write that a page of another site sends reaches no server.",
    "router/host_guard_test.ts: checkHost() rejects a write without a token from a page of another site",
  ],
  [
    "The startup warning names the requests that are refused.",
    "cli/start_process_test.ts: start prints a warning when other machines can reach its address",
    "cli/start_test.ts: runStart() serves a sample image, prints examples, and ends on a signal",
  ],
  [
    "A Host that is not host[:port] is refused with 400.",
    "router/host_guard_test.ts: createImageRouter() sends no request when Host is not host[:port] on …",
    "router/path_test.ts: createImageRouter() responds with 400 and forwards nothing when Host is invalid",
  ],
  [
    "Callers do not see the refusal of the gateway's own token.",
    "router/access_test.ts: createImageRouter() with credentials conceals that its token was rejected",
  ],
  [
    "Output escapes C1 controls and bidirectional marks, also as JSON.",
    "cli/commands_test.ts: runGlance() prints no control character that can change what a terminal shows",
  ],
  [
    "A log line holds a path up to a limit.",
    "router/long_paths_test.ts: RequestLog cuts a path that is longer than its limit",
    "router/observability_test.ts: log() gets a path of at most LOGGED_PATH_LENGTH characters",
  ],
  [
    "No parser prints what it reads.",
    "auth/clouds/yaml_test.ts: readCloud() prints nothing of a file with any parser",
  ],
  [
    "A download writes its part and record through no link.",
    "cli/system/deno_files_test.ts: downloadToFile() writes nothing to … in place of FILE.…",
    "cli/system/deno_files_test.ts: image-download ignores a record that is a link, and keeps the partial file",
  ],
  [
    "A property may have any name, on every runtime.",
    "images/own_members_test.ts: GlanceImageService creates, shows, updates, lists and exports properties of any name",
  ],
  [
    "An empty `prefer` is the same as none.",
    "router/file/image_file_test.ts: GET /file ignores prefer when it names no store",
  ],
];
