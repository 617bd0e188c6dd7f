/** What a gateway needs for requests that are traced. */
import type { OpenTelemetry } from "../../tracing/open_telemetry.ts";
import { traceHeadersOf } from "../../tracing/trace_context.ts";
import { GatewaySpans } from "./gateway_spans.ts";

/** The code of traces. */
export interface TraceCode {
  readonly traceHeadersOf: typeof traceHeadersOf;
  spansOf(api: OpenTelemetry): GatewaySpans;
}

/** Makes spans with an OpenTelemetry. */
export function spansOf(api: OpenTelemetry): GatewaySpans {
  return new GatewaySpans(api);
}

export { traceHeadersOf };
