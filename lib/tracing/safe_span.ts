/** Isolates traced code from faults of an OpenTelemetry implementation. */
import type { OtelSpan, SpanIdentity } from "./open_telemetry.ts";

/** Identifies no span. */
const NONE: SpanIdentity = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };

/** Calls the implementation; undefined if it throws. A processor of spans can throw wherever it is called. */
export function safely<Result>(call: () => Result): Result | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

/**
 * A span whose methods never throw.
 *
 * @param span undefined for one that could not be started, or that is of another process
 * @param identity that of the span if it has none
 */
export function safeSpan(span: OtelSpan | undefined, identity: SpanIdentity = NONE): OtelSpan {
  return {
    spanContext: () => safely(() => span?.spanContext()) ?? identity,
    setAttributes: (attributes) => safely(() => span?.setAttributes(attributes)),
    addEvent: (name, attributes) => safely(() => span?.addEvent(name, attributes)),
    setStatus: (status) => safely(() => span?.setStatus(status)),
    end: () => void safely(() => span?.end()),
  };
}
