/** Counters, histograms, and gauges of a gateway that serves its metrics. */
import type { GlanceEvent } from "../../events.ts";
import {
  type CounterName,
  formatMetrics,
  type GaugeName,
  type HistogramName,
  type Series,
} from "./metrics_text.ts";
import { ServerStates } from "./server_states.ts";

/** Upper limits of the buckets of all histograms, in milliseconds. Downloads take from milliseconds to hours. */
const BUCKETS = [5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 1.8e6];

/** The counters and histograms, since the gateway was created, and the gauges. */
export class MetricCounters {
  readonly #series = new Map<CounterName | HistogramName, Map<string, Series>>();
  readonly #levels: Record<GaugeName, number> = { open_requests: 0, waiting_requests: 0 };
  readonly #states = new ServerStates();
  readonly #wallClock: () => number;

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  /** Adds to a counter. */
  add(name: CounterName, labels: Series["labels"], value = 1): void {
    if (value !== 0) this.#seriesOf(name, labels).value += value;
  }

  /** Counts a duration. */
  time(name: HistogramName, labels: Series["labels"], milliseconds: number): void {
    const series = this.#seriesOf(name, labels);
    series.value += milliseconds / 1e3;
    series.counts ??= [...BUCKETS, 0].fill(0);
    const bucket = BUCKETS.findIndex((limit) => milliseconds <= limit);
    // The last bucket has no limit.
    const { counts } = series;
    const at = bucket < 0 ? BUCKETS.length : bucket;
    counts[at] = (counts[at] ?? 0) + 1;
  }

  #seriesOf(name: CounterName | HistogramName, labels: Series["labels"]): Series {
    const all = this.#series.get(name) ?? new Map<string, Series>();
    this.#series.set(name, all);
    // A metric always has the same labels. Formatting them here would cost 3 % of a small request.
    const key = Object.values(labels).join("\n");
    const series = all.get(key) ?? { labels, value: 0 };
    all.set(key, series);
    return series;
  }

  /** Moves a gauge up or down. */
  move(name: GaugeName, by: 1 | -1): void {
    this.#levels[name] += by;
  }

  /** Counts an event of the client. */
  observe(event: GlanceEvent): void {
    if (event.kind === "renew") return this.add("renewals_total", { reason: event.reason });
    // The others are about settings, the cache, which counts on its own, and uploads that a gateway only forwards.
    if (!("server" in event)) return;
    const { server } = event;
    if (event.kind === "cooldown") {
      this.#states.failed(server, this.#wallClock());
      return this.add("cooldowns_total", { server });
    }
    if (event.kind === "hedge") return this.add("hedges_total", { server });
    if (event.kind === "probe") return this.add("probes_total", { server });
    if (event.kind === "retry") {
      this.add("retries_total", { server });
      if (event.isFailover) this.add("failovers_total", { server });
      return;
    }
    if (event.kind === "outage") return;
    this.add("resumes_total", { server });
    const failed = failedServer(event.cause);
    if (failed !== undefined && failed !== server) {
      this.add("failovers_total", { server: failed });
    }
  }

  /** Records the response of a server. */
  responded(url: string, status: number): void {
    this.#states.responded(url, status);
  }

  /** The response with all of them, in Prometheus' text format, and with the states of the servers. */
  response(servers: readonly { readonly endpoint: string }[]): Response {
    const endpoints = servers.map(({ endpoint }) => endpoint).sort();
    const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return new Response(this.#text(endpoints), { headers });
  }

  #text(servers: readonly string[]): string {
    const seriesOf = (name: CounterName | HistogramName) => [
      ...this.#series.get(name)?.values() ?? [],
    ];
    const [levels, states] = [this.#levels, this.#states.of(servers)];
    return formatMetrics({ seriesOf, levels, buckets: BUCKETS, servers: states });
  }
}

/** The server that an error names. */
function failedServer(error: unknown): string | undefined {
  const { server } = Object(error) as { server?: unknown };
  return typeof server === "string" ? server : undefined;
}
