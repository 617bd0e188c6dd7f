/** Time, memory, connections and descriptors are bounded. */
import type { Guarantee } from "./guarantee.ts";

export const RESOURCES: readonly Guarantee[] = [
  [
    "A request body has a deadline, a limit, and a share of a total limit.",
    "router/forward/request_body_test.ts: withBody() responds with 413 at its limit when a body is endless, with any token",
    "router/forward/request_body_test.ts: withBody() responds with 408 after a minute when a body does not arrive",
    "router/forward/request_body_test.ts: withBody() leaves room for other clients when one sends many bodies, by token and by address",
    "embedded/bounds_test.ts: fetch() rejects an endless JSON body at the limit on every path",
  ],
  [
    "No body is read before a token is present.",
    "router/forward/request_body_test.ts: createImageRouter() sends Glance's 401 before it reads a byte of the body when there is no token",
    "embedded/bounds_test.ts: fetch() rejects an unknown token before reading the body",
  ],
  [
    "Every read of a response is bounded: from Glance, Keystone and the host of an href.",
    "http/json_test.ts: call() names the limit in its error when the response to a request for … is endless",
    "http/json_test.ts: call() reads an endless error response to a request for … only up to the limit of a quote",
  ],
  [
    "Work on external input grows in proportion to it.",
    "growth_test.ts: … takes time in proportion to the length of its input",
    "embedded/bounds_test.ts: fetch() takes linear time for a request with many …",
  ],
  [
    "A long path costs linear time while Glance responds with 503.",
    "router/long_paths_test.ts: GET /v2 with a long path of … takes time in proportion to its length when Glance responds with 503",
  ],
  [
    "A clouds.yaml whose aliases expand without end is a typed error.",
    "auth/clouds/yaml_test.ts: readCloud() rejects … in bounded time",
  ],
  [
    "The process survives the end of its descriptors.",
    "cli/http_server/listener_test.ts: HttpListener accepts connections again when the system had no descriptor or the client disconnected",
    "cli/start_process_test.ts: start serves the next connection after more connections than it has descriptors",
  ],
  [
    "Clients that reset their connections do not delay others.",
    "cli/http_server/listener_test.ts: HttpListener accepts the next connection at once, and closes no other, when many clients have disconnected",
  ],
  [
    "Silent sockets, half-sent headers and stalled uploads are closed.",
    "cli/http_server/slow_clients_test.ts: serve() closes a connection when its client sends nothing in time",
    "cli/http_server/slow_clients_test.ts: serve() closes a connection when its client reads nothing in time",
  ],
  [
    "A client that sends a byte from time to time does not keep its connection.",
    "cli/http_server/slow_clients_test.ts: serve() responds with 408 when a client sends a byte of a body from time to time",
    "cli/http_server/slow_clients_test.ts: serve() closes a connection when its client sends only empty lines",
  ],
  [
    "A slow reader is not disconnected, but its connection is used for the next client when all are in use.",
    "cli/http_server/listener_test.ts: HttpListener closes the slowest reader only when all connections are in use",
  ],
  [
    "Clients that pipeline requests do not delay others, however many there are.",
    "cli/http_server/turns/pipeline_turns_test.ts: PipelineTurns.next() bounds the time of a turn when 30 connections pipeline requests",
    "cli/http_server/http_server_test.ts: serve() responds to another client soon when 30 clients pipeline requests",
  ],
  [
    "An image of the embedded Glance does not stay `saving` when its upload stalls or its sender leaves.",
    "embedded/socket_test.ts: createEmbeddedGlance() leaves the image queued, and reports no error, when the client disconnects during an upload",
    "embedded/socket_test.ts: createEmbeddedGlance() leaves the image queued when the client stalls during an upload",
    "embedded/storage/directory_test.ts: directoryStorage() makes an image … after a crash …",
  ],
  [
    "A stalled request does not block SIGTERM.",
    "cli/http_server/http_server_test.ts: serve() aborts and reports running requests when the drain time is over",
    "cli/start_process_test.ts: start --drain-timeout aborts a stalled upload, reports it, and leaves the image queued",
  ],
  [
    "Standard error that is not read does not let memory grow.",
    "cli/system/console_test.ts: Messages drops and counts lines while standard error is not read, and reports them once",
    "cli/start_process_test.ts: start bounds its memory and ends on SIGTERM when nothing reads its standard error",
  ],
  [
    "Unread ranges hold a bounded amount of memory and upstream connections.",
    "router/fair_clients_test.ts: GET /file of a small range is not delayed when another client leaves 600 ranges unread",
    "router/slow_readers_test.ts: GET /file adds at most 64 MiB to the gateway's process when … clients read slowly",
  ],
  [
    "The stalled downloads of one caller do not delay other callers.",
    "router/fair_clients_test.ts: GET /file waits for two admissions at most when another client has 200 stalled downloads",
  ],
  [
    "A callback that throws or rejects does not end the process.",
    'callbacks_test.ts: create() and download() succeed when "onEvent" or "onProgress" …',
    'callbacks_test.ts: createImageRouter() responds as usual when "log" or "onEvent" …',
  ],
  [
    "Bytes are exact, or the outcome is a typed error or a refusal, when all neighbors misbehave.",
    "sockets/random_faults_test.ts: createImageRouter() sends exact bytes or an error when servers, proxies and clients misbehave",
    "sockets/random_faults_test.ts: GlanceImageService downloads exact bytes or fails with a GlanceError when servers and proxies misbehave",
    "sockets/random_faults_test.ts: GlanceImageService.create() leaves the sent bytes or no active image when servers and proxies misbehave",
  ],
  [
    "Memory and descriptors stay flat during ten minutes of mixed load.",
    "bench/soak.ts: soak",
  ],
];
