/** The metrics of a gateway in Prometheus' text format (version 0.0.4). */
import { VERSION } from "../version.ts";
import type { ServerState } from "./server_states.ts";
import { processMetrics } from "./process_metrics.ts";

const PREFIX = "glance_edge_";

/** The globals that name the runtime. */
interface NamedRuntime {
  readonly navigator?: { readonly userAgent?: string };
  readonly process?: { readonly versions?: Readonly<Record<string, string>> };
}

/** The counters with their help texts. */
const COUNTERS = {
  requests_total: "Responses sent, by method, path template, and status.",
  responses_total:
    "Responses that have ended, by outcome: complete, canceled by the client, aborted because no server could send the rest, or failed with an error of the gateway.",
  received_bytes_total: "Bytes of image data received from clients, by path template.",
  sent_bytes_total: "Bytes of bodies sent to clients, by the server they came from.",
  upstream_responses_total: "Responses of image servers that were used, by server.",
  retries_total: "Requests retried, by the server that had failed.",
  failovers_total: "Requests and downloads moved to another server, by the server that had failed.",
  resumes_total: "Downloads resumed after a failure, by the server that resumed.",
  hedges_total: "Requests sent to a second server as well, by the server that was silent.",
  probes_total: "Requests that probed a server after its cool-down, by server.",
  cooldowns_total: "Cool-downs of failing servers, by server.",
  releases_total: "Upstream connections closed while their client was idle, by server.",
  cache_requests_total:
    "Requests for data that were served through the cache, by the source of the first byte.",
  cache_sent_bytes_total: "Bytes sent to clients that were stored in the cache.",
  cache_origin_bytes_total: "Bytes that the cache read from image servers.",
  cache_events_total:
    "Slots stored, evicted, or corrupt, images verified, and failures of the store, by event.",
  cache_authorizations_total:
    "Permission checks for cached data, by result; remembered ones were not sent to image servers.",
  renewals_total: "Renewals of the gateway's own token, by reason.",
} as const;

/** The histograms with their help texts. */
const HISTOGRAMS = {
  response_start_seconds:
    "Time from the headers of a request to those of its response, by method and path template.",
  request_duration_seconds:
    "Time from the headers of a request to the end of its response, by method and path template.",
} as const;

/** The gauges with their help texts. */
const GAUGES = {
  open_requests: "Requests whose responses are not finished.",
  waiting_requests: "Open requests whose downloads wait for admission.",
} as const;

/** Counters with a series for each server. */
const BY_SERVER: ReadonlySet<string> = new Set<CounterName>([
  "upstream_responses_total",
  "retries_total",
  "failovers_total",
  "resumes_total",
  "hedges_total",
  "probes_total",
  "cooldowns_total",
  "releases_total",
]);

const OUTCOMES = ["complete", "canceled", "aborted", "failed"] as const;

/** The name of a counter. */
export type CounterName = keyof typeof COUNTERS;

/** The name of a histogram. */
export type HistogramName = keyof typeof HISTOGRAMS;

/** The name of a gauge. */
export type GaugeName = keyof typeof GAUGES;

type Labels = Readonly<Record<string, string | number>>;

/** A counter or histogram for one set of labels. */
export interface Series {
  readonly labels: Labels;
  /** The value of a counter; the sum of a histogram. */
  value: number;
  /** Observations by bucket, the last of which has no limit. */
  counts?: number[];
}

/** The metrics to format. */
export interface MetricsInput {
  readonly seriesOf: (name: CounterName | HistogramName) => readonly Series[];
  readonly levels: Readonly<Record<GaugeName, number>>;
  /** Upper limits of the buckets in milliseconds. */
  readonly buckets: readonly number[];
  readonly servers: readonly ServerState[];
}

/** Formats all metrics of a gateway, and those of its process. */
export function formatMetrics({ seriesOf, levels, buckets, servers }: MetricsInput): string {
  const counters = Object.entries(COUNTERS).map(([name, help]) =>
    family(name, "counter", help, [
      ...withZeros(seriesOf(name as CounterName), zerosOf(name, servers))
        .map(({ labels, value }) => sample(name, labels, value)),
    ])
  );
  const histograms = Object.entries(HISTOGRAMS).map(([name, help]) =>
    family(
      name,
      "histogram",
      help,
      seriesOf(name as HistogramName).flatMap((series) => histogramLines(name, series, buckets)),
    )
  );
  const gauges = Object.entries(GAUGES).map(([name, help]) =>
    family(name, "gauge", help, [sample(name, {}, levels[name as GaugeName])])
  );
  const all = [...counters, ...histograms, ...gauges, ...serverFamilies(servers), buildInfo()];
  return [...all.flat(), ...processMetrics(), ""].join("\n");
}

/** The lines of a metric. */
function family(name: string, type: string, help: string, lines: readonly string[]): string[] {
  return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${type}`, ...lines];
}

function serverFamilies(servers: readonly ServerState[]): string[][] {
  return [
    family(
      "server_up",
      "gauge",
      "Whether a server has not failed since its last response, by server.",
      servers.map(({ server, failedAt }) =>
        sample("server_up", { server }, failedAt === null ? 1 : 0)
      ),
    ),
    family(
      "server_failed_timestamp_seconds",
      "gauge",
      "Unix time of the first failure of a server since its last response; absent if the server is up.",
      servers.flatMap(({ server, failedAt }) =>
        failedAt === null
          ? []
          : [sample("server_failed_timestamp_seconds", { server }, failedAt / 1000)]
      ),
    ),
  ];
}

function buildInfo(): string[] {
  return family(
    "build_info",
    "gauge",
    "Version of Glance Edge and the runtime; the value is 1.",
    [sample("build_info", { version: VERSION, runtime: runtimeName() }, 1)],
  );
}

/** `Deno/2.9.6`, `Node.js/24`, `Cloudflare-Workers`, and so on. Node 20 has no `navigator`. */
function runtimeName(): string {
  const { navigator, process } = globalThis as NamedRuntime;
  const node = process?.versions?.["node"]?.split(".")[0];
  return navigator?.userAgent ?? (node === undefined ? "unknown" : `Node.js/${node}`);
}

/** Prometheus sees no increase in a counter that starts at 1, so counters whose labels are known start at 0. */
function zerosOf(name: string, servers: readonly ServerState[]): Labels[] {
  if (name === "responses_total") return OUTCOMES.map((outcome) => ({ outcome }));
  return BY_SERVER.has(name) ? servers.map(({ server }) => ({ server })) : [];
}

function withZeros(series: readonly Series[], zeros: readonly Labels[]): readonly Series[] {
  const known = new Set(series.map(({ labels }) => formatLabels(labels)));
  const missing = zeros.filter((labels) => !known.has(formatLabels(labels)));
  return [...series, ...missing.map((labels) => ({ labels, value: 0 }))];
}

/** The buckets of a series, which are cumulative, its sum, and its count. */
function histogramLines(
  name: string,
  { labels, value, counts = [] }: Series,
  buckets: readonly number[],
): string[] {
  let count = 0;
  const lines = [...buckets, Infinity].map((limit, i) => {
    count += counts[i] ?? 0;
    const le = limit === Infinity ? "+Inf" : limit / 1000;
    return sample(`${name}_bucket`, { ...labels, le }, count);
  });
  return [...lines, sample(`${name}_sum`, labels, value), sample(`${name}_count`, labels, count)];
}

function sample(name: string, labels: Labels, value: number): string {
  const text = formatLabels(labels);
  return `${PREFIX}${name}${text === "" ? "" : `{${text}}`} ${value}`;
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
