/** Traces the calls of an image service. */
import type { RequestContext } from "../context.ts";
import type { GlanceImageService } from "../images/service.ts";
import type { SpanAttributes } from "./open_telemetry.ts";
import { failSpan, type Spans, type StartedSpan } from "./spans.ts";
import { traceHeadersOf } from "./trace_context.ts";
import { spansOf, type TracingOptions } from "./traced_options.ts";

type Method = (...args: readonly unknown[]) => unknown;

/**
 * An image service whose calls are spans. The span of a call ends with its result: that of a list after the last
 * image, and that of a download after the last byte. Its parent is the active span, else the `trace` of the context.
 * The client of the service must have {@linkcode tracedOptions}.
 *
 * @example
 * ```ts
 * import { tracedOptions, tracedService } from "@glance-edge/glance/tracing";
 * import { GlanceClientWrapper, GlanceImageService } from "@glance-edge/glance";
 *
 * const options = tracedOptions({ apiServers: ["glance.example:9292"] });
 * const service = tracedService(new GlanceImageService(new GlanceClientWrapper(options)));
 * console.assert(service.client.options.numRetries === 3);
 * ```
 */
export function tracedService(
  service: GlanceImageService,
  tracing: TracingOptions = {},
): GlanceImageService {
  return new Proxy(service, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function" || typeof name !== "string") return member;
      const method: Method = member.bind(target);
      return (...args: readonly unknown[]) => {
        const spans = spansOf(tracing);
        return spans === null ? method(...args) : tracedCall(spans, name, method, args);
      };
    },
  });
}

function tracedCall(spans: Spans, name: string, method: Method, args: readonly unknown[]): unknown {
  const [context, imageId] = args as [RequestContext | undefined, unknown];
  const headers = new Headers(context?.trace);
  const attributes: SpanAttributes = typeof imageId === "string"
    ? { "glance.image.id": imageId }
    : {};
  const parent = spans.below(traceHeadersOf(headers));
  const started = spans.start(`glance.${name}`, "internal", attributes, parent);
  const result = callIn(spans, started, () => method(...args));
  if (isGenerator(result)) return tracedGenerator(spans, started, result);
  return Promise.resolve(result).then((value) => {
    if (value instanceof ReadableStream) return tracedStream(spans, started, value);
    started.span.end();
    return value;
  }, (error) => endFailed(started, error));
}

function callIn<Result>(spans: Spans, started: StartedSpan, call: () => Result): Result {
  try {
    return spans.run(started.context, call);
  } catch (error) {
    return endFailed(started, error);
  }
}

/** Ends a span with an error, which it throws. */
function endFailed({ span }: StartedSpan, error: unknown): never {
  failSpan(span, error);
  span.end();
  throw error;
}

function isGenerator(value: unknown): value is AsyncGenerator<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value &&
    "next" in value;
}

/** Each page of a list is requested in the span. */
async function* tracedGenerator(
  spans: Spans,
  started: StartedSpan,
  items: AsyncGenerator<unknown>,
): AsyncGenerator<unknown> {
  try {
    for (;;) {
      const { done, value } = await spans.run(started.context, () => items.next());
      if (done) return value;
      yield value;
    }
  } catch (error) {
    failSpan(started.span, error);
    throw error;
  } finally {
    await items.return(undefined);
    started.span.end();
  }
}

/** The bytes of a download. Streams call their source in the context of their reader, not in ours. */
function tracedStream(
  spans: Spans,
  started: StartedSpan,
  stream: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const { span, context } = started;
  const reader = stream.getReader();
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      try {
        const { done, value } = await spans.run(context, () => reader.read());
        if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>);
        span.end();
        controller.close();
        controller.byobRequest?.respond(0);
      } catch (error) {
        endFailed(started, error);
      }
    },
    async cancel(reason) {
      span.end();
      await reader.cancel(reason);
    },
  });
}
