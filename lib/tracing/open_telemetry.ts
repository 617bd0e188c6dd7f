/**
 * The part of `@opentelemetry/api` 1.x that is used, without an import of it: programs without OpenTelemetry load
 * nothing, and Deno registers its own implementation where that package looks for one.
 */

/** What identifies a span. */
export interface SpanIdentity {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
  readonly traceState?: { serialize(): string };
}

/** Values of attributes. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span. */
export interface OtelSpan {
  spanContext(): SpanIdentity;
  setAttributes(attributes: SpanAttributes): unknown;
  addEvent(name: string, attributes: SpanAttributes): unknown;
  setStatus(status: { readonly code: number }): unknown;
  end(): void;
}

/** What an asynchronous operation inherits, such as the active span. Immutable. */
export interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
  deleteValue(key: symbol): OtelContext;
}

/** Options of a new span. */
export interface OtelSpanOptions {
  readonly kind: number;
  readonly attributes: SpanAttributes;
}

/** Makes spans. */
export interface OtelTracer {
  startSpan(name: string, options: OtelSpanOptions, context: OtelContext): OtelSpan;
}

/** The module `@opentelemetry/api`, or what is registered for it. */
export interface OpenTelemetry {
  readonly trace: { getTracer(name: string): OtelTracer };
  /** Absent if nothing is registered. */
  readonly context?: {
    active(): OtelContext;
    with<Result>(context: OtelContext, call: () => Result): Result;
  };
}

/** Kinds of spans, with the numbers of the API. */
export const SPAN_KIND = { internal: 0, server: 1, client: 2 } as const;

/** The status of a span that failed. */
export const STATUS_ERROR = 2;

/** Where `@opentelemetry/api` 1.x registers the implementation of a program. */
const REGISTRY: unique symbol = Symbol.for("opentelemetry.js.api.1");

/** The implementation that is registered; null if the program has none. */
export function registeredOpenTelemetry(): OpenTelemetry | null {
  const registry = (globalThis as { [REGISTRY]?: Partial<OpenTelemetry> })[REGISTRY];
  return registry?.trace === undefined ? null : registry as OpenTelemetry;
}
