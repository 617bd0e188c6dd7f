/**
 * The part of `@opentelemetry/api` 1.x that is used, without an import of it: programs without OpenTelemetry load
 * nothing, and Deno registers its own implementation where that package looks for one.
 */

/** What identifies a span. */
export interface SpanIdentity {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: the trace is sampled. */
  readonly traceFlags: number;
  /** Whether it came with a request. */
  readonly isRemote?: boolean;
  /** The members of `tracestate`. */
  readonly traceState?: { serialize(): string };
}

/** Values of attributes. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span. */
export interface OtelSpan {
  /** What identifies it. */
  spanContext(): SpanIdentity;
  /** Adds attributes, or replaces those of the same name. */
  setAttributes(attributes: SpanAttributes): unknown;
  /** Adds an event at the current time. */
  addEvent(name: string, attributes: SpanAttributes): unknown;
  /** Sets the status, with a code of the API. */
  setStatus(status: { readonly code: number }): unknown;
  /** Ends it at the current time. */
  end(): void;
}

/** The context that an asynchronous operation inherits, such as the active span. Immutable. */
export interface OtelContext {
  /** The value of a key. */
  getValue(key: symbol): unknown;
  /** Returns a context with another value of a key. */
  setValue(key: symbol, value: unknown): OtelContext;
  /** Returns a context without a key. */
  deleteValue(key: symbol): OtelContext;
}

/** Options of a new span. */
export interface OtelSpanOptions {
  /** One of `SPAN_KIND`. */
  readonly kind: number;
  /** Its first attributes. */
  readonly attributes: SpanAttributes;
  /** Milliseconds of the Unix time at which it began; absent for now. */
  readonly startTime?: number;
}

/** Creates spans. */
export interface OtelTracer {
  /** Starts a span, whose parent is that of the context. */
  startSpan(name: string, options: OtelSpanOptions, context: OtelContext): OtelSpan;
}

/** The module `@opentelemetry/api`, or what is registered for it. */
export interface OpenTelemetry {
  /** The traces. */
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

/** The global symbol under which `@opentelemetry/api` 1.x registers the implementation. */
const REGISTRY: unique symbol = Symbol.for("opentelemetry.js.api.1");

/** The implementation that is registered; null if the program has none. */
export function registeredOpenTelemetry(): OpenTelemetry | null {
  const registry = (globalThis as { [REGISTRY]?: Partial<OpenTelemetry> })[REGISTRY];
  return registry?.trace === undefined ? null : registry as OpenTelemetry;
}
