/** The code that a gateway loads for traced requests. */
import type { OpenTelemetry } from "../../tracing/open_telemetry.ts";
import { traceHeadersOf } from "../../tracing/trace_context.ts";
import { GatewaySpans } from "./gateway_spans.ts";

/** Functions for tracing. */
export interface TraceCode {
  readonly traceHeadersOf: typeof traceHeadersOf;
  spansOf(api: OpenTelemetry): GatewaySpans;
}

/** Creates the spans of a gateway. */
export function spansOf(api: OpenTelemetry): GatewaySpans {
  return new GatewaySpans(api);
}

export { traceHeadersOf };
