/** Counters, histograms and gauges of a gateway. */
import type { GlanceEvent } from "../../events.ts";
import { GlanceError } from "../../errors.ts";
import type { CounterName, GaugeName, HistogramName, Series } from "../on_demand/metrics_text.ts";
import type { ServerState } from "./server_states.ts";

/** Upper limits of the buckets of all histograms, in milliseconds. Downloads take from milliseconds to hours. */
const BUCKETS = [5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 1.8e6];

/** The counters and histograms, since the gateway was created, and the gauges. */
export class Metrics {
  readonly #series = new Map<CounterName | HistogramName, Map<string, Series>>();
  readonly #levels: Record<GaugeName, number> = { open_requests: 0, waiting_requests: 0 };
  readonly #isServed: boolean;

  /** Counts nothing unless the metrics are served. */
  constructor(isServed: boolean) {
    this.#isServed = isServed;
  }

  add(name: CounterName, labels: Series["labels"], value = 1): void {
    if (this.#isServed && value !== 0) this.#seriesOf(name, labels).value += value;
  }

  /** Counts a duration. */
  time(name: HistogramName, labels: Series["labels"], milliseconds: number): void {
    if (!this.#isServed) return;
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
    // The others are about settings, and uploads that a gateway only forwards.
    if (!("server" in event)) return;
    const { server } = event;
    if (event.kind === "cooldown") return this.add("cooldowns_total", { server });
    if (event.kind === "hedge") return this.add("hedges_total", { server });
    if (event.kind === "probe") return this.add("probes_total", { server });
    if (event.kind === "retry") {
      this.add("retries_total", { server });
      if (event.isFailover) this.add("failovers_total", { server });
      return;
    }
    this.add("resumes_total", { server });
    const failed = event.cause instanceof GlanceError ? event.cause.server : undefined;
    if (failed !== undefined && failed !== server) {
      this.add("failovers_total", { server: failed });
    }
  }

  /** Formats all of them in Prometheus' text format, with the states of the servers. */
  async text(servers: readonly ServerState[]): Promise<string> {
    // Imported on demand: the texts are for a server that collects metrics.
    const { formatMetrics } = await import("../on_demand/metrics_text.ts");
    const seriesOf = (name: CounterName | HistogramName) => [
      ...this.#series.get(name)?.values() ?? [],
    ];
    return formatMetrics({ seriesOf, levels: this.#levels, buckets: BUCKETS, servers });
  }
}
