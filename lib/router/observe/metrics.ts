/**
 * Counters and gauges of a gateway, in Prometheus' text format (version 0.0.4).
 *
 * @module
 */
import type { GlanceEvent } from "../../events.ts";
import { GlanceError } from "../../errors.ts";

/** What is counted, and what it means. */
const COUNTERS = {
  requests_total: "Requests that were answered, by method, path and status.",
  received_bytes_total: "Bytes of image data that callers have sent, by path.",
  sent_bytes_total:
    "Bytes of image data that were handed to callers, by the server they came from.",
  answers_total: "Answers of the image servers that were used, by server.",
  retries_total: "Requests that were made again, by the server that had failed.",
  failovers_total: "Requests and downloads that went on elsewhere, by the server they left.",
  resumes_total: "Downloads that went on after they had broken, by the server that went on.",
  cooldowns_total: "Times that a failing server was passed over, by server.",
  releases_total: "Connections that were given back while a slow caller took nothing, by server.",
  renewals_total: "Tokens of the gateway that were renewed, by reason.",
} as const;

/** What goes up and down. */
const GAUGES = {
  open_requests: "Requests whose answer is not all out.",
  waiting_requests: "Downloads that wait for their turn to begin, among the open requests.",
} as const;

type CounterName = keyof typeof COUNTERS;

type GaugeName = keyof typeof GAUGES;

type Labels = Readonly<Record<string, string | number>>;

/** Counters since the gateway was made, and gauges. */
export class Metrics {
  readonly #counts = new Map<CounterName, Map<string, number>>();
  readonly #levels: Record<GaugeName, number> = { open_requests: 0, waiting_requests: 0 };

  /** Adds to a counter. */
  add(name: CounterName, labels: Labels, value = 1): void {
    if (value === 0) return;
    const series = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, series);
    const key = formatLabels(labels);
    series.set(key, (series.get(key) ?? 0) + value);
  }

  /** Moves a gauge up or down. */
  move(name: GaugeName, by: 1 | -1): void {
    this.#levels[name] += by;
  }

  /** Counts what happens on the way to the servers. */
  observe(event: GlanceEvent): void {
    if (event.kind === "ignored") return;
    if (event.kind === "renew") return this.add("renewals_total", { reason: event.reason });
    // A gateway passes uploads on, and waits for none.
    if (event.kind === "storing") return;
    const { server } = event;
    if (event.kind === "cooldown") return this.add("cooldowns_total", { server });
    if (event.kind === "retry") {
      this.add("retries_total", { server });
      // Only a server that was not tried yet is asked without a pause.
      if (event.delay === 0) this.add("failovers_total", { server });
      return;
    }
    this.add("resumes_total", { server });
    const left = event.cause instanceof GlanceError ? event.cause.server : undefined;
    if (left !== undefined && left !== server) this.add("failovers_total", { server: left });
  }

  /** All of it as text. */
  toString(): string {
    const lines = Object.entries(COUNTERS).flatMap(([name, help]) => {
      const series = this.#counts.get(name as CounterName) ?? [];
      return [
        `# HELP glance_edge_${name} ${help}`,
        `# TYPE glance_edge_${name} counter`,
        ...[...series].map(([labels, value]) => `glance_edge_${name}{${labels}} ${value}`),
      ];
    });
    const levels = Object.entries(GAUGES).flatMap(([name, help]) => [
      `# HELP glance_edge_${name} ${help}`,
      `# TYPE glance_edge_${name} gauge`,
      `glance_edge_${name} ${this.#levels[name as GaugeName]}`,
    ]);
    return [...lines, ...levels, ""].join("\n");
  }
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
