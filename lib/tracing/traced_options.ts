/** Traces the requests of a client. */
import { callSafely } from "../events.ts";
import { type GlanceOptions, resolveOptions } from "../options.ts";
import { defaultFetch } from "../platform.ts";
import { type OpenTelemetry, type OtelSpan, registeredOpenTelemetry } from "./open_telemetry.ts";
import { Spans } from "./spans.ts";

/** Options of tracing. */
export interface TracingOptions {
  /**
   * The module `@opentelemetry/api`.
   * Default: what the program has registered for that module when a call begins; if nothing, calls are not traced.
   */
  readonly api?: OpenTelemetry | undefined;
}

/** Creates spans with the current implementation; null without OpenTelemetry. */
export function spansOf({ api }: TracingOptions): Spans | null {
  const found = api ?? registeredOpenTelemetry();
  return found === null ? null : new Spans(found);
}

/**
 * The options of a client whose requests are traced: each attempt is a client span below the active one, and sends
 * its ids in `traceparent`. A resume is a span, from the request whose bytes continue the download until they arrive;
 * retries and other events are events of the active span.
 *
 * @example
 * ```ts
 * import { tracedOptions } from "@glance-edge/glance/tracing";
 * import { GlanceClientWrapper } from "@glance-edge/glance";
 *
 * const client = new GlanceClientWrapper(tracedOptions({ apiServers: ["glance.example:9292"] }));
 * console.assert(client.options.numRetries === 3);
 * ```
 */
export function tracedOptions<Options extends GlanceOptions>(
  options: Options,
  tracing: TracingOptions = {},
): Options {
  const { fetch = defaultFetch, onEvent } = options;
  const { wallClock } = resolveOptions(options);
  /** When the last request of a call began. */
  const requestTimes = new WeakMap<OtelSpan, number>();
  return {
    ...options,
    fetch: (url: string, init: RequestInit) => {
      const spans = spansOf(tracing);
      if (spans === null) return fetch(url, init);
      const call = spans.spanIn(spans.active());
      if (call !== undefined) requestTimes.set(call, wallClock());
      return spans.fetch(fetch, url, init);
    },
    onEvent: (event) => {
      const spans = spansOf(tracing);
      const isContinued = event.kind === "resume" || event.kind === "move";
      if (isContinued) {
        const call = spans?.spanIn(spans.active());
        spans?.addSpan(event, call && requestTimes.get(call));
      } else spans?.addEvent(event);
      if (onEvent !== undefined) callSafely(onEvent, event);
    },
  };
}
