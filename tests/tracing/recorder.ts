/** An OpenTelemetry in memory, with the interfaces that the SDK has, to see spans without a runtime of its own. */
import { AsyncLocalStorage } from "node:async_hooks";
import type {
  OpenTelemetry,
  OtelContext,
  OtelSpanOptions,
  SpanAttributes,
  SpanIdentity,
} from "../../lib/tracing/mod.ts";

const ACTIVE = Symbol.for("OpenTelemetry Context Key SPAN");

/** A recorded span. */
export class RecordedSpan {
  readonly attributes: Record<string, string | number | boolean>;
  readonly events: { readonly name: string; readonly attributes: SpanAttributes }[] = [];
  isFailed = false;
  #ends = 0;

  constructor(
    readonly name: string,
    readonly kind: number,
    readonly parentId: string | undefined,
    readonly identity: SpanIdentity,
    attributes: SpanAttributes,
    readonly startTime: number | undefined,
  ) {
    this.attributes = { ...attributes };
  }

  spanContext(): SpanIdentity {
    return this.identity;
  }

  setAttributes(attributes: SpanAttributes): void {
    Object.assign(this.attributes, attributes);
  }

  addEvent(name: string, attributes: SpanAttributes): void {
    this.events.push({ name, attributes });
  }

  setStatus({ code }: { readonly code: number }): void {
    this.isFailed = code === 2;
  }

  end(): void {
    this.#ends++;
  }

  /** Whether it has ended once: no caller may end it twice. */
  get isEnded(): boolean {
    return this.#ends === 1;
  }
}

class RecordedContext implements OtelContext {
  constructor(readonly values: ReadonlyMap<symbol, unknown>) {}

  getValue(key: symbol): unknown {
    return this.values.get(key);
  }

  setValue(key: symbol, value: unknown): OtelContext {
    return new RecordedContext(new Map([...this.values, [key, value]]));
  }

  deleteValue(key: symbol): OtelContext {
    const values = new Map(this.values);
    values.delete(key);
    return new RecordedContext(values);
  }
}

/** Records all spans. */
export class Recorder implements OpenTelemetry {
  readonly spans: RecordedSpan[] = [];
  readonly #storage = new AsyncLocalStorage<OtelContext>();

  readonly context = {
    active: (): OtelContext => this.#storage.getStore() ?? new RecordedContext(new Map()),
    with: <Result>(context: OtelContext, call: () => Result): Result =>
      this.#storage.run(context, call),
  };

  readonly trace = {
    getTracer: () => ({
      startSpan: (name: string, options: OtelSpanOptions, context: OtelContext) => {
        const active = context.getValue(ACTIVE) as RecordedSpan | undefined;
        const parent = active?.spanContext();
        const number = this.spans.length + 1;
        const traceId = parent?.traceId ?? number.toString(16).padStart(32, "0");
        const identity = { traceId, spanId: number.toString(16).padStart(16, "0"), traceFlags: 1 };
        const { kind, attributes, startTime } = options;
        const span = new RecordedSpan(
          name,
          kind,
          parent?.spanId,
          identity,
          attributes,
          startTime,
        );
        this.spans.push(span);
        return span;
      },
    }),
  };

  /** The spans as a tree: each with the names of its ancestors, `root > child`. */
  get paths(): string[] {
    const pathOf = (span: RecordedSpan): string => {
      const parent = this.spans.find(({ identity }) => identity.spanId === span.parentId);
      return parent === undefined ? span.name : `${pathOf(parent)} > ${span.name}`;
    };
    return this.spans.map(pathOf);
  }
}
