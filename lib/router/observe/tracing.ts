/**
 * Loads the code for tracing when a request needs it: if the program has registered OpenTelemetry, or the client has
 * sent trace headers.
 */
import type { OpenTelemetry } from "../../tracing/open_telemetry.ts";
import type { GatewaySpans } from "../on_demand/gateway_spans.ts";
import type { TraceCode } from "../on_demand/trace_code.ts";

/** The global symbol under which `@opentelemetry/api` 1.x registers the implementation. */
const REGISTRY: unique symbol = Symbol.for("opentelemetry.js.api.1");

/** The tracing of a gateway. */
export class Tracing {
  readonly #given: OpenTelemetry | null;
  #code: Promise<TraceCode | null> | null = null;
  /** Creates spans; null until a request has found OpenTelemetry. */
  spans: GatewaySpans | null = null;

  /** Uses `given`, or what the program has registered. */
  constructor(given: OpenTelemetry | null) {
    this.#given = given;
  }

  /** The code for a request; null if it needs none, or the code cannot be loaded. */
  async codeFor({ headers }: Request): Promise<TraceCode | null> {
    const registry = (globalThis as { [REGISTRY]?: Partial<OpenTelemetry> })[REGISTRY];
    const api = this.#given ?? (registry?.trace && registry as OpenTelemetry);
    if (!api && !headers.has("traceparent")) return null;
    this.#code ??= import("../on_demand/trace_code.ts").catch(() => this.#code = null);
    const code = await this.#code;
    if (api) this.spans ??= code?.spansOf(api) ?? null;
    return code;
  }
}
