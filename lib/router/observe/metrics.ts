/** The metrics of a gateway. The counters are imported on demand: most gateways do not serve metrics. */
import type { MetricCounters } from "../on_demand/metric_counters.ts";

/** Loads the counters if metrics are served. */
export class Metrics {
  /** The counters; null if metrics are not served, or before the first request. */
  counters: MetricCounters | null = null;
  /** Whether metrics are served. */
  readonly isServed: boolean;
  readonly #wallClock: () => number;

  constructor(isServed: boolean, wallClock: () => number) {
    this.isServed = isServed;
    this.#wallClock = wallClock;
  }

  /** Loads the counters if metrics are served. If that fails, nothing is counted. */
  async load(): Promise<void> {
    if (!this.isServed || this.counters !== null) return;
    const code = await import("../on_demand/metric_counters.ts").catch(() => null);
    this.counters ??= code && new code.MetricCounters(this.#wallClock);
  }
}
