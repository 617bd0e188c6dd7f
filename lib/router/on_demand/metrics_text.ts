/** The metrics of a gateway in Prometheus' text format (version 0.0.4). */

/** The counters with their help texts. */
const COUNTERS = {
  requests_total: "Requests answered, by method, path and status.",
  received_bytes_total: "Bytes of image data received from clients, by path.",
  sent_bytes_total: "Bytes of image data sent to clients, by the server they came from.",
  upstream_responses_total: "Responses of image servers that were used, by server.",
  retries_total: "Requests retried, by the server that had failed.",
  failovers_total: "Requests and downloads moved to another server, by the server that had failed.",
  resumes_total: "Downloads resumed after a failure, by the server that resumed.",
  hedges_total: "Requests sent to a second server as well, by the server that was silent.",
  probes_total: "Requests that probed a server after its cool-down, by server.",
  cooldowns_total: "Cool-downs of failing servers, by server.",
  releases_total: "Upstream connections closed while their client was idle, by server.",
  cache_requests_total:
    "Requests for data that the cache answered, by where their first byte came from.",
  cache_sent_bytes_total: "Bytes sent to clients that were stored in the cache.",
  cache_origin_bytes_total: "Bytes that the cache read from image servers.",
  cache_events_total:
    "Slots stored, evicted and found damaged, images verified, and failures of the store, by event.",
  cache_authorizations_total:
    "Permissions to read cached data: asked of image servers, or remembered, by result.",
  renewals_total: "Renewals of the gateway's own token, by reason.",
} as const;

/** The gauges with their help texts. */
const GAUGES = {
  open_requests: "Requests whose responses are not finished.",
  waiting_requests: "Open requests whose downloads wait for admission.",
} as const;

/** The name of a counter. */
export type CounterName = keyof typeof COUNTERS;

/** The name of a gauge. */
export type GaugeName = keyof typeof GAUGES;

type Labels = Readonly<Record<string, string | number>>;

/** The value of a counter for one set of labels. */
export interface Series {
  readonly labels: Labels;
  value: number;
}

/** Formats the series of each counter, and the gauges. */
export function formatMetrics(
  seriesOf: (name: CounterName) => readonly Series[],
  levels: Readonly<Record<GaugeName, number>>,
): string {
  const counters = Object.entries(COUNTERS).flatMap(([name, help]) => [
    `# HELP glance_edge_${name} ${help}`,
    `# TYPE glance_edge_${name} counter`,
    ...seriesOf(name as CounterName).map(({ labels, value }) =>
      `glance_edge_${name}{${formatLabels(labels)}} ${value}`
    ),
  ]);
  const gauges = Object.entries(GAUGES).flatMap(([name, help]) => [
    `# HELP glance_edge_${name} ${help}`,
    `# TYPE glance_edge_${name} gauge`,
    `glance_edge_${name} ${levels[name as GaugeName]}`,
  ]);
  return [...counters, ...gauges, ""].join("\n");
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
