/** The spans of a gateway, with the names of OpenTelemetry's semantic conventions for HTTP. */
import type { RangeSource } from "../../transfer/download/range_source.ts";
import type { OtelContext } from "../../tracing/open_telemetry.ts";
import { failSpan, setStatusCode, Spans, type StartedSpan } from "../../tracing/spans.ts";
import type { TraceHeaders } from "../../tracing/trace_context.ts";
import type { RequestLog, RequestRecorder } from "../observe/access_log.ts";

/** The methods that the conventions list. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];

/** A request to trace. */
export interface TracedRequest {
  readonly request: Request;
  /** Path template; empty if the path is not part of the API. */
  readonly route: string;
  readonly recorder: RequestRecorder;
}

/** An open span that calls functions. */
export interface OpenSpan {
  run<Result>(call: () => Result): Result;
  /** Ends the span; an error is recorded. */
  end(error?: unknown): void;
}

/** Creates the spans of a gateway. */
export class GatewaySpans extends Spans {
  /**
   * Handles a request in a span that ends with the response body. It is a child of the active span, which the server
   * of the runtime may have started, else of the client's.
   */
  async request(
    { request, route, recorder }: TracedRequest,
    respond: () => Promise<Response>,
  ): Promise<Response> {
    const { requestId, traceHeaders: headers } = recorder;
    const started = this.#startRequest(request, route, headers);
    const { span, context } = started;
    recorder.traceHeaders = this.headersOf(started) ?? undefined;
    span.setAttributes({ "glance.request_id": requestId });
    recorder.onEnd(({ outcome, resumes, bytesOut }: RequestLog) => {
      span.setAttributes({
        "glance.outcome": outcome,
        "glance.resumes": resumes,
        "http.response.body.size": bytesOut,
      });
      if (outcome === "aborted") failSpan(span, outcome);
      span.end();
    });
    const response = await this.run(context, respond);
    setStatusCode(span, response.status, 500);
    return response;
  }

  #startRequest(
    { url, method }: Request,
    route: string,
    headers: TraceHeaders | undefined,
  ): StartedSpan {
    const active = this.active();
    const isNested = this.spanIn(active) !== undefined;
    const { protocol, hostname, port, pathname } = new URL(url);
    const known = METHODS.includes(method);
    const name = known ? method : "HTTP";
    return this.start(
      route === "" ? name : `${name} ${route}`,
      isNested ? "internal" : "server",
      {
        "http.request.method": known ? method : "_OTHER",
        ...!known && { "http.request.method_original": method.slice(0, 100) },
        ...route !== "" && { "http.route": route },
        "url.scheme": protocol.slice(0, -1),
        "url.path": pathname.slice(0, 1_000),
        "server.address": hostname.replace(/^\[|\]$/g, ""),
        "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
      },
      this.below(headers, active),
    );
  }

  /**
   * A source whose requests are children of the active span. Those after the first, or all if the source is a
   * `secondSource`, are in spans of their own: the download continues with them.
   */
  source(source: RangeSource, isSecond = false): RangeSource {
    const context = this.active();
    const { identity, candidates, hasPrefer } = source;
    let isOpened = isSecond;
    return {
      identity,
      candidates,
      hasPrefer,
      open: (offset, ...rest) => {
        if (!isOpened) {
          isOpened = true;
          return this.run(context, () => source.open(offset, ...rest));
        }
        const attributes = { "glance.image.id": identity.imageId, "glance.offset": offset };
        const name = isSecond ? "glance.move" : "glance.resume";
        const started = this.start(name, "internal", attributes, context);
        return this.within(started, () => source.open(offset, ...rest));
      },
    };
  }

  /** Begins the span of a read that fills the cache. */
  fill(imageId: string, start: number, end: number, parent: OtelContext): OpenSpan {
    const { span, context } = this.start("glance.cache.fill", "internal", {
      "glance.image.id": imageId,
      "glance.range.start": start,
      "glance.range.end": end,
    }, parent);
    return {
      run: (call) => this.run(context, call),
      end: (error) => {
        if (error !== undefined) failSpan(span, error);
        span.end();
      },
    };
  }
}
