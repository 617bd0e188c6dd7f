/** Starts spans, makes them the parents of nested calls, and sends their ids with requests. */
import type { GlanceEvent } from "../events.ts";
import {
  type OpenTelemetry,
  type OtelContext,
  type OtelSpan,
  SPAN_KIND,
  type SpanAttributes,
  STATUS_ERROR,
} from "./open_telemetry.ts";
import { safely, safeSpan } from "./safe_span.ts";
import type { TraceHeaders } from "./trace_context.ts";

/** Name of the instrumentation. */
const NAME = "@glance-edge/glance";

/** Keys of contexts, which the API and the SDK derive from these names. */
const ACTIVE_SPAN: symbol = Symbol.for("OpenTelemetry Context Key SPAN");
const SUPPRESS_TRACING: symbol = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
const TRACESTATE = Symbol("tracestate");

/** The injected `fetch`. */
type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

/** A context for programs that have registered none. */
class PlainContext implements OtelContext {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown> = new Map()) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): OtelContext {
    return new PlainContext(new Map([...this.#values, [key, value]]));
  }

  deleteValue(key: symbol): OtelContext {
    return new PlainContext(new Map([...this.#values].filter(([other]) => other !== key)));
  }
}

/** A started span, and the context of nested calls. */
export interface StartedSpan {
  readonly span: OtelSpan;
  readonly context: OtelContext;
}

/** The spans of one program. If its OpenTelemetry throws, spans are missing, but the traced code continues. */
export class Spans {
  readonly #api: OpenTelemetry;

  constructor(api: OpenTelemetry) {
    this.#api = api;
  }

  /** The context of the caller. */
  active(): OtelContext {
    return safely(() => this.#api.context?.active()) ?? new PlainContext();
  }

  /** The span of a context; undefined if there is none. */
  spanIn(context: OtelContext): OtelSpan | undefined {
    return context.getValue(ACTIVE_SPAN) as OtelSpan | undefined;
  }

  /** A context whose parent is the span that sent trace headers, unless a span is active. */
  below(headers: TraceHeaders | undefined, context: OtelContext = this.active()): OtelContext {
    if (headers === undefined) return context;
    const [, traceId = "", spanId = "", flags = ""] = headers.traceparent.split("-");
    const span = this.spanIn(context);
    const active = span && safeSpan(span).spanContext();
    // The active span is part of another trace.
    if (active !== undefined && active.traceId !== traceId) return context;
    const { tracestate } = headers;
    const below = tracestate === undefined ? context : context.setValue(TRACESTATE, tracestate);
    if (active !== undefined) return below;
    const identity = { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
    return below.setValue(ACTIVE_SPAN, safeSpan(undefined, identity));
  }

  /** Starts a span in a context. */
  start(
    name: string,
    kind: keyof typeof SPAN_KIND,
    attributes: SpanAttributes,
    parent: OtelContext = this.active(),
    startTime?: number,
  ): StartedSpan {
    const time = startTime === undefined ? {} : { startTime };
    const options = { kind: SPAN_KIND[kind], attributes, ...time };
    const span = safely(() => this.#api.trace.getTracer(NAME).startSpan(name, options, parent));
    return { span: safeSpan(span), context: span ? parent.setValue(ACTIVE_SPAN, span) : parent };
  }

  /** Calls a function in a context. */
  run<Result>(context: OtelContext, call: () => Result): Result {
    const manager = this.#api.context;
    if (manager === undefined) return call();
    let isCalled = false;
    try {
      return manager.with(context, () => {
        isCalled = true;
        return call();
      });
    } catch (error) {
      if (isCalled) throw error;
      return call();
    }
  }

  /** Calls a function in a span that ends with its promise. */
  async within<Result>(
    { span, context }: StartedSpan,
    call: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await this.run(context, call);
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /**
   * Sends a request in a span of its own, with the trace headers of that span. A runtime that instruments `fetch`,
   * such as Deno with `OTEL_DENO=true`, would append a second `traceparent` to ours, which no server could parse.
   */
  async fetch(fetch: FetchFunction, url: string, init: RequestInit): Promise<Response> {
    const { hostname, port, protocol, origin, pathname } = new URL(url);
    const method = init.method ?? "GET";
    const sent = new Headers(init.headers);
    // The query may have a secret.
    const started = this.start(method, "client", {
      "http.request.method": method,
      "url.full": origin + pathname,
      "server.address": hostname.replace(/^\[|\]$/g, ""),
      "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
    }, this.below(headersToSend(sent)));
    const { span, context } = started;
    const own = this.headersOf(started);
    if (own !== null) sent.delete("tracestate");
    const headers = { ...Object.fromEntries(sent), ...own };
    return await this.within(
      { span, context: context.setValue(SUPPRESS_TRACING, true) },
      async () => {
        const response = await fetch(url, { ...init, headers });
        setStatusCode(span, response.status, 400);
        return response;
      },
    );
  }

  /** The headers of a request that a span sends; null without an implementation that makes ids. */
  headersOf({ span, context }: StartedSpan): TraceHeaders | null {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    if (!/[1-9a-f]/.test(traceId)) return null;
    const flags = traceFlags.toString(16).padStart(2, "0");
    const tracestate = safely(() => traceState?.serialize()) || context.getValue(TRACESTATE);
    return {
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      ...typeof tracestate === "string" && { tracestate },
    };
  }

  /** Adds an event of the client to the span that is active. */
  addEvent(event: GlanceEvent): void {
    safeSpan(this.spanIn(this.active())).addEvent(`glance.${event.kind}`, attributesOf(event));
  }

  /** Records an event that took from `startTime` until now as a span below the active one. */
  addSpan(event: GlanceEvent, startTime: number | undefined): void {
    const name = `glance.${event.kind}`;
    this.start(name, "internal", attributesOf(event), this.active(), startTime).span.end();
  }
}

/** The facts of an event. */
function attributesOf({ kind: _, ...facts }: GlanceEvent): SpanAttributes {
  const attributes: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(facts)) {
    if (name === "cause") attributes["error.type"] = errorType(value);
    else if (["string", "number", "boolean"].includes(typeof value)) {
      attributes[`glance.${ATTRIBUTES[name] ?? name}`] = value as string;
    }
  }
  return attributes;
}

/** Attributes whose names differ from those of the members of events. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  imageId: "image.id",
  isFailover: "is_failover",
};

/** Trace headers of the caller's context, which the client sends unless there is a span. */
function headersToSend(headers: Headers): TraceHeaders | undefined {
  const [traceparent, tracestate] = [headers.get("traceparent"), headers.get("tracestate")];
  if (traceparent === null) return undefined;
  return tracestate === null ? { traceparent } : { traceparent, tracestate };
}

/** Records the status of a response; those from `failed` on are errors. */
export function setStatusCode(span: OtelSpan, status: number, failed: number): void {
  span.setAttributes({ "http.response.status_code": status });
  if (status < failed) return;
  span.setAttributes({ "error.type": `${status}` });
  span.setStatus({ code: STATUS_ERROR });
}

/** Records an error by its type only: its message may have a URL with a secret. */
export function failSpan(span: OtelSpan, error: unknown): void {
  span.setAttributes({ "error.type": errorType(error) });
  span.setStatus({ code: STATUS_ERROR });
}

/** The name of the class of an error. */
function errorType(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
