/** A collector that receives spans over OTLP/HTTP with JSON. */

/** A span that was received. */
export interface ReceivedSpan {
  /** Name of the service that made it. */
  readonly service: string;
  /** Name of the instrumentation that made it. */
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan extends Omit<ReceivedSpan, "service" | "scope" | "attributes"> {
  readonly attributes?: readonly OtlpAttribute[];
}

interface OtlpTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly OtlpSpan[];
    }[];
  }[];
}

/** A running collector. Disposing stops it. */
export class Collector implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#receive(request),
  );

  /** The endpoint for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** A span, and its ancestors before it: `service name` each. */
  pathOf(span: ReceivedSpan): string {
    const parent = this.spans.find(({ spanId }) => spanId === span.parentSpanId);
    const own = `${span.service} ${span.name}`;
    return parent === undefined ? own : `${this.pathOf(parent)} > ${own}`;
  }

  async #receive(request: Request): Promise<Response> {
    const body = await request.json();
    if (new URL(request.url).pathname === "/v1/traces") this.#add(body);
    return Response.json({});
  }

  #add({ resourceSpans = [] }: OtlpTraces): void {
    for (const { resource, scopeSpans = [] } of resourceSpans) {
      const service = String(recordOf(resource?.attributes)["service.name"]);
      for (const { scope, spans = [] } of scopeSpans) {
        for (const { attributes, ...span } of spans) {
          const of = { service, scope: scope?.name ?? "", attributes: recordOf(attributes) };
          this.spans.push({ ...span, parentSpanId: span.parentSpanId ?? "", ...of });
        }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function recordOf(attributes: readonly OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
