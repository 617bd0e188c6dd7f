/** Starts a trace for calls that continue none (W3C Trace Context). */
import type { RequestContext } from "../context.ts";
import type { ResolvedOptions } from "../options.ts";

/** Where `@opentelemetry/api` 1.x registers the implementation of a program. */
const REGISTRY: unique symbol = Symbol.for("opentelemetry.js.api.1");

/**
 * The headers of a new trace. Its flag states that it is not recorded, the default for a trace whose recording is
 * not known (section 3.2.2.5.1).
 *
 * Undefined in programs with OpenTelemetry, whose instrumentation sends its own, and in browsers: a server of
 * another origin would have to allow the header (CORS).
 */
export function newTrace({ random }: ResolvedOptions): RequestContext["trace"] {
  const { navigator, [REGISTRY]: api } = globalThis as {
    navigator?: { readonly userAgent?: string };
    [REGISTRY]?: { readonly trace?: object };
  };
  if (api?.trace || navigator?.userAgent?.startsWith("Mozilla")) return undefined;
  // 32 random bits after a leading 1. They are not 0, because ids must not be.
  const digits = () => (0x1_0000_0001 + random() * 0xffff_fffe).toString(16).slice(1, 9);
  return { traceparent: "00-xxxx-xx-00".replaceAll("x", digits) };
}
