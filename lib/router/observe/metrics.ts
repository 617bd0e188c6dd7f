/** Counters and gauges of a gateway. */
import type { GlanceEvent } from "../../events.ts";
import { GlanceError } from "../../errors.ts";
import type { CounterName, GaugeName, Series } from "../on_demand/metrics_text.ts";

/** The counters, since the gateway was created, and the gauges. */
export class Metrics {
  readonly #counts = new Map<CounterName, Map<string, Series>>();
  readonly #levels: Record<GaugeName, number> = { open_requests: 0, waiting_requests: 0 };

  add(name: CounterName, labels: Series["labels"], value = 1): void {
    if (value === 0) return;
    const counter = this.#counts.get(name) ?? new Map<string, Series>();
    this.#counts.set(name, counter);
    // A counter always has the same labels. Formatting them here would cost 3 % of a small request.
    const key = Object.values(labels).join("\n");
    const series = counter.get(key);
    if (series === undefined) counter.set(key, { labels, value });
    else series.value += value;
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

  /** Formats all of them in Prometheus' text format. */
  async text(): Promise<string> {
    // Imported on demand: the texts are for a server that collects metrics.
    const { formatMetrics } = await import("../on_demand/metrics_text.ts");
    return formatMetrics((name) => [...this.#counts.get(name)?.values() ?? []], this.#levels);
  }
}
