/** Downloads an image from a server, in a span of its own, and prints the number of bytes. */
import * as api from "@opentelemetry/api";
import { GlanceClientWrapper, GlanceImageService } from "../../mod.ts";
import { tracedOptions, tracedService } from "../../lib/tracing/mod.ts";

const [gateway = "", id = ""] = Deno.args;
const client = new GlanceClientWrapper(tracedOptions({ apiServers: [gateway] }, { api }));
const service = tracedService(new GlanceImageService(client), { api });
await api.trace.getTracer("caller").startActiveSpan("boot", async (span) => {
  const data = await new Response(await service.download({ authToken: "secret" }, id)).bytes();
  console.log(data.byteLength);
  span.end();
});
