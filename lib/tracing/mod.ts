/**
 * Traces with OpenTelemetry: spans for calls and requests, and W3C Trace Context. It needs no package: it uses the
 * module `@opentelemetry/api` that is passed, or the implementation that the program has registered, such as Deno's
 * with `OTEL_DENO=true`. Without either, it does nothing.
 *
 * @example
 * ```ts
 * import { traceHeadersOf } from "@glance-edge/glance/tracing";
 *
 * const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
 * const trace = traceHeadersOf(new Headers({ traceparent }));
 * // Pass { authToken, trace } as the context of a call to continue the trace of a request.
 * console.assert(trace?.traceparent === traceparent);
 * ```
 *
 * @module
 */

export type {
  OpenTelemetry,
  OtelContext,
  OtelSpan,
  OtelSpanOptions,
  OtelTracer,
  SpanAttributes,
  SpanIdentity,
} from "./open_telemetry.ts";
export { type TraceHeaders, traceHeadersOf } from "./trace_context.ts";
export { tracedOptions, type TracingOptions } from "./traced_options.ts";
export { tracedService } from "./traced_service.ts";
