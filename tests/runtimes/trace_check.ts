/** A check of the suite: spans and trace headers, with an OpenTelemetry that has no context, as in browsers. */
import { connect } from "../../mod.ts";
import { createImageRouter } from "../../lib/router/mod.ts";
import { type OpenTelemetry, tracedOptions, tracedService } from "../../lib/tracing/mod.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACE = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };

/** Names of spans, which are removed when the spans end. */
interface Recorded {
  readonly names: string[];
  readonly open: Set<string>;
}

function recorder({ names, open }: Recorded): OpenTelemetry {
  const startSpan = (name: string) => {
    const spanId = (names.push(name)).toString(16).padStart(16, "0");
    open.add(spanId);
    return {
      spanContext: () => ({ traceId: TRACE_ID, spanId, traceFlags: 1 }),
      setAttributes: () => {},
      addEvent: () => {},
      setStatus: () => {},
      end: () => void open.delete(spanId),
    };
  };
  return { trace: { getTracer: () => ({ startSpan }) } };
}

/**
 * Traces a download that breaks at the first server, and a request to a gateway. Returns the names of their spans.
 *
 * @throws {Error} if a request belongs to another trace, or a span does not end.
 */
export async function traceDownloads(
  apiServers: [string, string],
  imageId: string,
): Promise<readonly string[]> {
  const recorded = { names: [], open: new Set<string>() };
  const api = recorder(recorded);
  const sent: (string | null)[] = [];
  const recordingFetch = (url: string, init: RequestInit = {}) => {
    sent.push(new Headers(init.headers).get("traceparent"));
    return fetch(url, init);
  };
  // `random` keeps the order of the servers.
  const options = { apiServers, fetch: recordingFetch, random: () => 0.99 };
  const { service, context } = await connect({
    ...tracedOptions(options, { api }),
    environment: {},
  });
  const traced = tracedService(service, { api });
  await new Response(await traced.download({ ...context, trace: TRACE }, imageId)).arrayBuffer();
  const router = createImageRouter({ ...options, tracing: api });
  const url = `http://localhost/v2/images/${imageId}/file`;
  await (await router.fetch(new Request(url, { headers: { ...TRACE } }))).arrayBuffer();
  const foreign = sent.filter((header) => !header?.includes(TRACE_ID));
  if (sent.length < 4 || foreign.length > 0) throw new Error(`trace headers: ${sent}`);
  if (recorded.open.size > 0) {
    throw new Error(`open spans of ${recorded.names}: ${[...recorded.open]}`);
  }
  return recorded.names;
}
