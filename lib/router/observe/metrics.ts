/**
 * Counters and gauges of a gateway, in Prometheus' text format (version 0.0.4).
 *
 * @module
 */
import type { GlanceEvent } from "../../events.ts";
import { GlanceError } from "../../errors.ts";

/** The counters with their help texts. */
const COUNTERS = {
  requests_total: "Requests answered, by method, path and status.",
  received_bytes_total: "Bytes of image data received from clients, by path.",
  sent_bytes_total: "Bytes of image data sent to clients, by the server they came from.",
  upstream_responses_total: "Responses of image servers that were used, by server.",
  retries_total: "Requests retried, by the server that had failed.",
  failovers_total: "Requests and downloads moved to another server, by the server that had failed.",
  resumes_total: "Downloads resumed after a failure, by the server that resumed.",
  cooldowns_total: "Cool-downs of failing servers, by server.",
  releases_total: "Upstream connections closed while their client was idle, by server.",
  renewals_total: "Renewals of the gateway's own token, by reason.",
} as const;

/** The gauges with their help texts. */
const GAUGES = {
  open_requests: "Requests whose responses are not finished.",
  waiting_requests: "Open requests whose downloads wait for admission.",
} as const;

type CounterName = keyof typeof COUNTERS;

type GaugeName = keyof typeof GAUGES;

type Labels = Readonly<Record<string, string | number>>;

/** The value of a counter for one set of labels. */
interface Series {
  readonly labels: Labels;
  value: number;
}

/** The counters, since the gateway was created, and the gauges. */
export class Metrics {
  readonly #counts = new Map<CounterName, Map<string, Series>>();
  readonly #levels: Record<GaugeName, number> = { open_requests: 0, waiting_requests: 0 };

  add(name: CounterName, labels: Labels, value = 1): void {
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
    if (event.kind === "ignored") return;
    if (event.kind === "renew") return this.add("renewals_total", { reason: event.reason });
    // A gateway forwards uploads and does not wait until they are stored.
    if (event.kind === "storing") return;
    const { server } = event;
    if (event.kind === "cooldown") return this.add("cooldowns_total", { server });
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
  toString(): string {
    const lines = Object.entries(COUNTERS).flatMap(([name, help]) => {
      const series = this.#counts.get(name as CounterName)?.values() ?? [];
      return [
        `# HELP glance_edge_${name} ${help}`,
        `# TYPE glance_edge_${name} counter`,
        ...[...series].map(({ labels, value }) =>
          `glance_edge_${name}{${formatLabels(labels)}} ${value}`
        ),
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
